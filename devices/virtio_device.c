/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_device.c: the virtio device state machine over a vDPA backend.
 *
 * A backend that fails never ends the machine: the guest sees
 * DEVICE_NEEDS_RESET and the log says why (virtio 1.2, 2.1.1).
 */
#include "devices/virtio_device.h"

#include "devices/virtio_device_private.h"
#include "devices/virtio_rings.h"
#include "vmm/bit_names.h"
#include "vmm/bytes.h"
#include "vmm/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <string.h>
#include <unistd.h>

void virtio_device_signal(int eventfd)
{
    const uint64_t one = 1;

    /* Only a counter that is full can refuse, and then the event is there. */
    if (write(eventfd, &one, sizeof(one)) < 0 && errno != EAGAIN)
        log_error("eventfd: write: %s", strerror(errno));
}

/* The functions from here on are called with the lock held. */

static void trace_status(const struct virtio_device *device, uint8_t status)
{
    char names[BIT_NAMES_SIZE];

    if (!trace_is_on())
        return;
    bit_names_print(bit_names_status, 0, status, names);
    trace_event(device->name, "guest: status %s", names);
}

/* A device that reads the eventfd may have taken our own kicks, too. */
static void count_kicks(struct virtio_queue *queue)
{
    uint64_t count;

    if (read(queue->kick_fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
        queue->kicks +=
            count - (count < queue->own_kicks ? count : queue->own_kicks);
    queue->own_kicks = 0;
}

void virtio_device_need_reset(struct virtio_device *device)
{
    device->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
    if (device->status & VIRTIO_CONFIG_S_DRIVER_OK)
        virtio_device_signal(device->config_interrupt_fd);
}

static void tell_running(struct virtio_device *device, bool running)
{
    if (device->is_running == running)
        return;
    device->is_running = running;
    if (device->running_changed)
        device->running_changed(device->owner, running);
}

uint16_t virtio_device_backend_index(const struct virtio_device *device,
                                     unsigned index)
{
    return (uint16_t)virtio_net_queues_device_index(
        &device->net_queues, device->driver_features, index);
}

const char *virtio_device_queue_role(const struct virtio_device *device,
                                     unsigned index)
{
    /* virtio 1.2, 5.2.2 */
    if (device->identity.device_id == VIRTIO_ID_BLOCK)
        return "request";
    return virtio_net_queues_role(&device->net_queues, device->driver_features,
                                  index);
}

/* Once features are accepted: they decide which queue of the backend a queue
 * is, and how large that may be. */
static int update_queue_sizes(struct virtio_device *device)
{
    int error = 0;

    for (unsigned i = 0; i < device->num_queues && !error; i++) {
        struct virtio_queue *queue = &device->queues[i];
        const bool is_untouched = queue->size == queue->max_size;

        error = device->backend->ops->get_queue_max_size(
            device->backend, virtio_device_backend_index(device, i),
            &queue->max_size);
        if (is_untouched || queue->size > queue->max_size)
            queue->size = queue->max_size;
    }
    return error;
}

void virtio_device_stop(struct virtio_device *device)
{
    for (unsigned i = 0; i < device->num_queues; i++)
        count_kicks(&device->queues[i]);
    tell_running(device, false);
}

static void reset(struct virtio_device *device)
{
    /* While the queues are still as they ran. */
    virtio_device_stop(device);
    device->status = 0;
    device->is_suspended = false;
    device->driver_features = 0;
    for (unsigned i = 0; i < device->num_queues; i++) {
        struct virtio_queue *queue = &device->queues[i];

        queue->size = queue->max_size;
        queue->is_enabled = false;
        queue->desc_gpa = queue->driver_gpa = queue->device_gpa = 0;
    }
    if (device->backend->ops->set_status(device->backend, 0) != 0)
        log_error("%s: the device does not reset: its guest cannot use it "
                  "until it does",
                  device->name);
    atomic_store(&device->config_is_stale, true);
}

int virtio_device_announce_status(struct virtio_device *device, uint8_t status)
{
    int error = device->backend->ops->set_status(device->backend, status);

    if (!error)
        device->status = status;
    return error;
}

int virtio_device_relay_status(struct virtio_device *device, uint8_t status)
{
    int error = device->backend->ops->set_status(device->backend, status);

    if (!error)
        error =
            device->backend->ops->get_status(device->backend, &device->status);
    return error;
}

/* An IOVA is a guest-physical address whether the guest knows of such
 * addresses or not, so the guest is not asked. */
uint64_t virtio_device_backend_features(const struct virtio_device *device)
{
    return device->driver_features |
           (device->device_features & 1ULL << VIRTIO_F_ACCESS_PLATFORM);
}

/* virtio 1.2, 3.1.1, steps 5 and 6. Refusal is FEATURES_OK that does not
 * stay. */
static int finish_features(struct virtio_device *device, uint8_t status)
{
    const uint64_t version_1 = 1ULL << VIRTIO_F_VERSION_1;
    int error;

    if (device->driver_features & ~device->offered_features) {
        log_guest(&device->complaints,
                  "%s: the guest accepted features 0x%" PRIx64
                  " that were not offered",
                  device->name,
                  device->driver_features & ~device->offered_features);
        return 0;
    }
    if (!(device->driver_features & version_1)) {
        log_guest(&device->complaints,
                  "%s: the guest's driver is older than virtio 1.0",
                  device->name);
        return 0;
    }
    error = device->backend->ops->set_features(
        device->backend, virtio_device_backend_features(device));
    if (error)
        return error;
    error = virtio_device_relay_status(device, status);
    if (!error && device->status & VIRTIO_CONFIG_S_FEATURES_OK)
        return update_queue_sizes(device);
    if (!error)
        log_warning("%s: the device refused features 0x%" PRIx64, device->name,
                    virtio_device_backend_features(device));
    return error;
}

int virtio_device_start_queue(struct virtio_device *device, unsigned index)
{
    const struct virtio_queue *queue = &device->queues[index];
    const struct vdpa_queue setup = {
        .size = queue->size,
        .desc_iova = queue->desc_gpa,
        .driver_iova = queue->driver_gpa,
        .device_iova = queue->device_gpa,
        .kick_fd = queue->kick_fd,
        .call_fd = queue->call_fd,
        .position = queue->position,
    };
    const uint16_t number = virtio_device_backend_index(device, index);
    const struct vdpa_backend_ops *ops = device->backend->ops;
    int error = ops->set_queue(device->backend, number, &setup);

    if (!error)
        error = ops->enable_queue(device->backend, number, true);
    return error;
}

/* A kick may have come while the device did not listen. */
void virtio_device_kick_queues(struct virtio_device *device)
{
    for (unsigned i = 0; i < device->num_queues; i++) {
        struct virtio_queue *queue = &device->queues[i];

        if (!queue->is_enabled)
            continue;
        virtio_device_signal(queue->kick_fd);
        queue->own_kicks++;
    }
}

int virtio_device_start(struct virtio_device *device, uint8_t status)
{
    /* First: it is also where a queue tells of an error. */
    int error = device->backend->ops->set_config_call(device->backend,
                                                      device->config_call_fd);

    for (unsigned i = 0; i < device->num_queues && !error; i++)
        if (device->queues[i].is_enabled)
            error = virtio_device_start_queue(device, i);
    if (error)
        return error;
    /* Before the device can move its first frame. */
    tell_running(device, true);
    error = virtio_device_relay_status(device, status);
    if (!error && !(device->status & VIRTIO_CONFIG_S_DRIVER_OK)) {
        log_error("%s: the device refused to start", device->name);
        error = -EIO;
    }
    if (error) {
        tell_running(device, false);
        return error;
    }
    virtio_device_kick_queues(device);
    return 0;
}

static void advance(struct virtio_device *device, uint8_t status)
{
    uint8_t fresh = status & (uint8_t)~device->status;
    int error = 0;

    if (device->status & (uint8_t)~status & ~VIRTIO_CONFIG_S_NEEDS_RESET) {
        log_guest(&device->complaints,
                  "%s: the guest cleared status bits 0x%x without a reset",
                  device->name, device->status & (uint8_t)~status);
        return;
    }
    if (device->status & VIRTIO_CONFIG_S_NEEDS_RESET || fresh == 0)
        return;
    if (fresh & VIRTIO_CONFIG_S_FEATURES_OK)
        error = finish_features(device,
                                status & (uint8_t)~VIRTIO_CONFIG_S_DRIVER_OK);
    else if (!(fresh & VIRTIO_CONFIG_S_DRIVER_OK))
        error = virtio_device_announce_status(device, status);
    if (!error && fresh & VIRTIO_CONFIG_S_DRIVER_OK) {
        if (device->status & VIRTIO_CONFIG_S_FEATURES_OK)
            error = virtio_device_start(device, status);
        else
            log_guest(&device->complaints,
                      "%s: the guest started the device before its features "
                      "were accepted",
                      device->name);
    }
    if (error) {
        log_error("%s: the guest must reset it now", device->name);
        /* What the guest wrote stands, so that it hears of the failure. */
        device->status |= fresh;
        virtio_device_need_reset(device);
    }
}

static void enable_queue(struct virtio_device *device, unsigned index)
{
    struct virtio_queue *queue = &device->queues[index];
    bool is_packed = device->driver_features & 1ULL << VIRTIO_F_RING_PACKED;
    const char *fault;

    if (!(device->status & VIRTIO_CONFIG_S_FEATURES_OK) ||
        device->status & VIRTIO_CONFIG_S_DRIVER_OK) {
        log_guest(&device->complaints,
                  "%s: the guest enabled queue %u at status 0x%x, not between "
                  "FEATURES_OK and DRIVER_OK",
                  device->name, index, device->status);
        return;
    }
    fault = virtio_rings_fault(device->memory, is_packed, queue->size,
                               queue->desc_gpa, queue->driver_gpa,
                               queue->device_gpa);
    if (fault) {
        log_guest(&device->complaints,
                  "%s: the guest enabled queue %u with %s (size %u, addresses "
                  "0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 ")",
                  device->name, index, fault, queue->size, queue->desc_gpa,
                  queue->driver_gpa, queue->device_gpa);
        virtio_device_need_reset(device);
        return;
    }
    queue->position = vdpa_queue_start(is_packed);
    queue->is_enabled = true;
}

static void set_queue_size(struct virtio_device *device, unsigned index,
                           uint64_t size)
{
    struct virtio_queue *queue = &device->queues[index];

    if (size == 0 || size > queue->max_size || !is_power_of_two(size)) {
        log_guest(&device->complaints,
                  "%s: the guest set queue %u to %" PRIu64 " descriptors; a "
                  "power of two up to %u is due",
                  device->name, index, size, queue->max_size);
        return;
    }
    queue->size = (uint16_t)size;
}

/* The functions from here on take the lock. */

uint8_t virtio_device_get_status(struct virtio_device *device)
{
    uint8_t status;

    pthread_mutex_lock(&device->lock);
    /* Before DRIVER_OK, and after a reset, the last word stands. */
    (void)virtio_device_look(device, "guest: reads status");
    status = device->status;
    pthread_mutex_unlock(&device->lock);
    return status;
}

void virtio_device_reset(struct virtio_device *device)
{
    pthread_mutex_lock(&device->lock);
    trace_event(device->name, "vmm: reset");
    reset(device);
    pthread_mutex_unlock(&device->lock);
}

void virtio_device_set_status(struct virtio_device *device, uint8_t status)
{
    pthread_mutex_lock(&device->lock);
    trace_status(device, status);
    if (status == 0)
        reset(device);
    else
        advance(device, status);
    pthread_mutex_unlock(&device->lock);
}

uint32_t virtio_device_get_offered(struct virtio_device *device, uint32_t word)
{
    return word > 1 ? 0 : (uint32_t)(device->offered_features >> (32 * word));
}

uint32_t virtio_device_get_accepted(struct virtio_device *device, uint32_t word)
{
    uint64_t features;

    pthread_mutex_lock(&device->lock);
    features = device->driver_features;
    pthread_mutex_unlock(&device->lock);
    return word > 1 ? 0 : (uint32_t)(features >> (32 * word));
}

void virtio_device_accept(struct virtio_device *device, uint32_t word,
                          uint32_t bits)
{
    const uint64_t mask = 0xffffffffULL << (32 * (word & 1));

    /* Drivers write zeroes to words that they know nothing of. */
    if (word > 1)
        return;
    pthread_mutex_lock(&device->lock);
    if (device->status & VIRTIO_CONFIG_S_FEATURES_OK)
        log_guest(&device->complaints,
                  "%s: the guest changed its features after FEATURES_OK",
                  device->name);
    else
        device->driver_features =
            (device->driver_features & ~mask) | (uint64_t)bits << (32 * word);
    pthread_mutex_unlock(&device->lock);
}

static uint64_t *address_field(struct virtio_queue *queue,
                               enum virtio_queue_field field)
{
    if (field == VIRTIO_QUEUE_DESC)
        return &queue->desc_gpa;
    return field == VIRTIO_QUEUE_DRIVER ? &queue->driver_gpa
                                        : &queue->device_gpa;
}

uint64_t virtio_device_get_queue(struct virtio_device *device, unsigned index,
                                 enum virtio_queue_field field)
{
    struct virtio_queue *queue;
    uint64_t value;

    if (index >= device->num_queues)
        return 0;
    queue = &device->queues[index];
    pthread_mutex_lock(&device->lock);
    if (field == VIRTIO_QUEUE_SIZE)
        value = queue->size;
    else if (field == VIRTIO_QUEUE_ENABLE)
        value = queue->is_enabled;
    else
        value = *address_field(queue, field);
    pthread_mutex_unlock(&device->lock);
    return value;
}

void virtio_device_set_queue(struct virtio_device *device, unsigned index,
                             enum virtio_queue_field field, uint64_t value)
{
    struct virtio_queue *queue;

    if (index >= device->num_queues)
        return;
    queue = &device->queues[index];
    pthread_mutex_lock(&device->lock);
    if (queue->is_enabled)
        log_guest(&device->complaints,
                  "%s: the guest changed queue %u while it was enabled",
                  device->name, index);
    else if (field == VIRTIO_QUEUE_SIZE)
        set_queue_size(device, index, value);
    else if (field != VIRTIO_QUEUE_ENABLE)
        *address_field(queue, field) = value;
    else if (value == 1)
        enable_queue(device, index);
    pthread_mutex_unlock(&device->lock);
}

void virtio_device_kick(struct virtio_device *device, unsigned index)
{
    if (index >= device->num_queues)
        return;
    atomic_fetch_add(&device->queues[index].kicks_by_vmm, 1);
    virtio_device_signal(device->queues[index].kick_fd);
}
