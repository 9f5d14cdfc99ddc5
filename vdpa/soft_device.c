/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_device.c: a device of this process as a vdpa_backend: status,
 * features, configuration, memory, queues. What moves the data is its type's.
 */
#include "vdpa/soft_device.h"

#include "vdpa/soft_device_private.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#define FEATURE(bit) (1ULL << (bit))

static struct soft_device *to_device(struct vdpa_backend *backend)
{
    return container_of(backend, struct soft_device, backend);
}

/* ---- With the lock held ---- */

void soft_device_stop_queue(struct soft_queue *queue)
{
    if (queue->is_started)
        event_loop_remove(&queue->device->loop, &queue->kick);
    queue->is_started = false;
}

static void stop(struct soft_device *device)
{
    if (!device->is_running && !device->is_suspended)
        return;
    device->is_running = device->is_suspended = false;
    for (unsigned i = 0; i < device->identity.num_queues; i++) {
        soft_device_stop_queue(&device->queues[i]);
        device->queues[i].is_suspended = false;
    }
    device->ops->stop(device);
}

void soft_device_signal_config(struct soft_device *device)
{
    if (device->config_call_fd >= 0 &&
        device->status & VIRTIO_CONFIG_S_DRIVER_OK &&
        eventfd_write(device->config_call_fd, 1) != 0)
        log_error("%s: eventfd: %s", device->backend.name, strerror(errno));
}

void soft_device_need_reset(struct soft_device *device)
{
    stop(device);
    device->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
    soft_device_signal_config(device);
}

void soft_device_check_rings(struct soft_device *device)
{
    for (unsigned i = 0; i < device->identity.num_queues && device->is_running;
         i++) {
        const struct virtqueue *ring = &device->queues[i].ring;

        if (!device->queues[i].is_started || !ring->is_broken)
            continue;
        log_guest(&device->complaints,
                  "%s: the guest broke queue %u with %s: it must reset the "
                  "device",
                  device->backend.name, i, ring->fault);
        soft_device_need_reset(device);
    }
}

bool soft_device_wants_signal(struct soft_device *device, unsigned index)
{
    struct soft_queue *queue = &device->queues[index];

    if (!queue->must_signal)
        return false;
    queue->must_signal = false;
    return virtqueue_should_signal(&queue->ring);
}

void soft_device_signal(struct soft_device *device, unsigned index)
{
    if (soft_device_wants_signal(device, index) &&
        eventfd_write(device->queues[index].setup.call_fd, 1) != 0)
        log_error("%s: eventfd: %s", device->backend.name, strerror(errno));
}

static void kick_ready(void *owner, uint32_t events)
{
    struct soft_queue *queue = owner;
    struct soft_device *device = queue->device;
    eventfd_t count;

    (void)events;
    if (!device->is_running)
        return;
    /* Nothing to read is fine: the signal has been served already. */
    (void)eventfd_read(queue->setup.kick_fd, &count);
    device->ops->kicked(device, (unsigned)(queue - device->queues));
}

int soft_device_start_queue(struct soft_device *device, unsigned index)
{
    struct soft_queue *queue = &device->queues[index];
    int error = virtqueue_init(&queue->ring, &queue->setup, device->features,
                               queue->setup.position, &device->map);

    if (error) {
        log_guest(&device->complaints, "%s: queue %u cannot run: it has %s",
                  device->backend.name, index, queue->ring.fault);
        return error;
    }
    queue->must_signal = virtqueue_position(&queue->ring) !=
                         vdpa_queue_start(queue->ring.is_packed);
    queue->kick = (struct event_source){.fd = queue->setup.kick_fd,
                                        .events = EPOLLIN,
                                        .ready = kick_ready,
                                        .owner = queue};
    error = event_loop_add(&device->loop, &queue->kick);
    queue->is_started = error == 0;
    return error;
}

/* ---- vdpa_backend_ops; each takes the lock where there is state ---- */

static int identify(struct vdpa_backend *backend,
                    struct vdpa_identity *identity)
{
    *identity = to_device(backend)->identity;
    return 0;
}

static int get_queue_max_size(struct vdpa_backend *backend, uint16_t index,
                              uint16_t *size)
{
    const struct soft_device *device = to_device(backend);

    if (index >= device->identity.num_queues)
        return -EINVAL;
    *size = device->identity.max_queue_size;
    return 0;
}

static void remap_queues(struct soft_device *device)
{
    for (unsigned i = 0; i < device->identity.num_queues && device->is_running;
         i++)
        if (device->queues[i].is_started &&
            virtqueue_remap(&device->queues[i].ring) != 0)
            soft_device_need_reset(device);
}

static int map(struct vdpa_backend *backend,
               const struct vdpa_mapping *mappings, size_t count)
{
    struct soft_device *device = to_device(backend);
    int error = iova_map_check(&device->identity, mappings, count);

    pthread_mutex_lock(&device->lock);
    if (!error)
        error = iova_map_add(&device->map, mappings, count);
    if (!error)
        remap_queues(device);
    pthread_mutex_unlock(&device->lock);
    if (error)
        log_error("%s: mapping memory: %s", device->backend.name,
                  strerror(-error));
    return error;
}

static int unmap(struct vdpa_backend *backend,
                 const struct vdpa_mapping *mappings, size_t count)
{
    struct soft_device *device = to_device(backend);
    int error;

    pthread_mutex_lock(&device->lock);
    error = iova_map_remove(&device->map, mappings, count);
    if (!error)
        remap_queues(device);
    pthread_mutex_unlock(&device->lock);
    if (error)
        log_error("%s: unmapping memory: %s", device->backend.name,
                  strerror(-error));
    return error;
}

static int get_features(struct vdpa_backend *backend, uint64_t *features)
{
    *features = to_device(backend)->device_features;
    return 0;
}

static int set_features(struct vdpa_backend *backend, uint64_t features)
{
    const uint64_t needed =
        FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_F_ACCESS_PLATFORM);
    struct soft_device *device = to_device(backend);
    int error = 0;

    pthread_mutex_lock(&device->lock);
    if (device->status & VIRTIO_CONFIG_S_FEATURES_OK)
        error = -EBUSY;
    else if (features & ~device->device_features ||
             (features & needed) != needed)
        error = -EINVAL;
    else
        device->features = features;
    pthread_mutex_unlock(&device->lock);
    if (error)
        log_error("%s: features 0x%" PRIx64 ": %s", device->backend.name,
                  features, strerror(-error));
    return error;
}

static int get_status(struct vdpa_backend *backend, uint8_t *status)
{
    struct soft_device *device = to_device(backend);

    pthread_mutex_lock(&device->lock);
    *status = device->status;
    pthread_mutex_unlock(&device->lock);
    return 0;
}

static void reset(struct soft_device *device)
{
    stop(device);
    device->status = 0;
    device->features = 0;
    device->config_call_fd = -1;
    for (unsigned i = 0; i < device->identity.num_queues; i++)
        device->queues[i].is_set = device->queues[i].is_enabled = false;
}

/* DRIVER_OK; a queue that cannot run leaves it unset, as a refusal. */
static void start(struct soft_device *device, uint8_t status)
{
    device->status = status;
    /* So that stop() undoes a start that failed half-way. */
    device->is_running = true;
    if (device->ops->start(device) != 0) {
        stop(device);
        device->status &= (uint8_t)~VIRTIO_CONFIG_S_DRIVER_OK;
    }
}

static int set_status(struct vdpa_backend *backend, uint8_t status)
{
    struct soft_device *device = to_device(backend);
    int error = 0;

    pthread_mutex_lock(&device->lock);
    if (status == 0)
        reset(device);
    else if (device->status & (uint8_t)~status)
        error = -EINVAL;
    else if (status & (uint8_t)~device->status & VIRTIO_CONFIG_S_DRIVER_OK)
        start(device, status);
    else
        device->status = status;
    pthread_mutex_unlock(&device->lock);
    if (error)
        log_error("%s: status 0x%x: clears bits without a reset",
                  device->backend.name, status);
    return error;
}

static bool config_range_is_valid(const struct soft_device *device,
                                  uint32_t offset, uint32_t length)
{
    return length > 0 &&
           range_is_inside(offset, length, 0, device->identity.config_size);
}

static int get_config(struct vdpa_backend *backend, uint32_t offset,
                      void *buffer, uint32_t length)
{
    struct soft_device *device = to_device(backend);

    if (!config_range_is_valid(device, offset, length))
        return -EINVAL;
    pthread_mutex_lock(&device->lock);
    memcpy(buffer, device->config + offset, length);
    pthread_mutex_unlock(&device->lock);
    return 0;
}

/* Nothing in it is the driver's to write. */
static int set_config(struct vdpa_backend *backend, uint32_t offset,
                      const void *buffer, uint32_t length)
{
    (void)buffer;
    return config_range_is_valid(to_device(backend), offset, length) ? 0
                                                                     : -EINVAL;
}

static int set_config_call(struct vdpa_backend *backend, int call_fd)
{
    struct soft_device *device = to_device(backend);

    pthread_mutex_lock(&device->lock);
    device->config_call_fd = call_fd;
    pthread_mutex_unlock(&device->lock);
    return 0;
}

static int check_queue(const struct soft_device *device, uint16_t index,
                       const struct vdpa_queue *queue)
{
    const bool packed = device->features & FEATURE(VIRTIO_F_RING_PACKED);

    if (index >= device->identity.num_queues || !is_power_of_two(queue->size) ||
        queue->size > device->identity.max_queue_size)
        return -EINVAL;
    if (!virtqueue_is_aligned(queue, packed))
        return -EINVAL;
    return device->is_running || device->is_suspended ? -EBUSY : 0;
}

static int set_queue(struct vdpa_backend *backend, uint16_t index,
                     const struct vdpa_queue *queue)
{
    struct soft_device *device = to_device(backend);
    int error;

    pthread_mutex_lock(&device->lock);
    error = check_queue(device, index, queue);
    if (!error) {
        device->queues[index].setup = *queue;
        device->queues[index].is_set = true;
    }
    pthread_mutex_unlock(&device->lock);
    if (error)
        log_error("%s: setting queue %u up: %s", device->backend.name, index,
                  strerror(-error));
    return error;
}

static int enable_queue(struct vdpa_backend *backend, uint16_t index,
                        bool enable)
{
    struct soft_device *device = to_device(backend);

    if (index >= device->identity.num_queues)
        return -EINVAL;
    pthread_mutex_lock(&device->lock);
    device->queues[index].is_enabled = enable;
    pthread_mutex_unlock(&device->lock);
    return 0;
}

/* Its kicks are eventfds alone. */
static int map_doorbell(struct vdpa_backend *backend, uint16_t index,
                        void **page)
{
    (void)page;
    return index < to_device(backend)->identity.num_queues ? -ENOTSUP : -EINVAL;
}

static int get_queue_position(struct vdpa_backend *backend, uint16_t index,
                              uint32_t *position)
{
    struct soft_device *device = to_device(backend);

    if (index >= device->identity.num_queues)
        return -EINVAL;
    pthread_mutex_lock(&device->lock);
    *position =
        device->queues[index].is_started || device->queues[index].is_suspended
            ? virtqueue_position(&device->queues[index].ring)
            : device->queues[index].setup.position;
    pthread_mutex_unlock(&device->lock);
    return 0;
}

static int get_node_fd(struct vdpa_backend *backend)
{
    (void)backend;
    return -1;
}

static bool is_removed(struct vdpa_backend *backend)
{
    (void)backend;
    return false;
}

static void close_device(struct vdpa_backend *backend)
{
    struct soft_device *device = to_device(backend);

    if (device->has_thread) {
        event_loop_stop(&device->loop);
        pthread_join(device->thread, NULL);
    }
    stop(device);
    free(device->queues);
    device->ops->destroy(device);
}

static const struct vdpa_backend_ops soft_device_backend_ops = {
    .identify = identify,
    .get_queue_max_size = get_queue_max_size,
    .map = map,
    .unmap = unmap,
    .get_features = get_features,
    .set_features = set_features,
    .get_status = get_status,
    .set_status = set_status,
    .get_config = get_config,
    .set_config = set_config,
    .set_config_call = set_config_call,
    .set_queue = set_queue,
    .enable_queue = enable_queue,
    .get_queue_position = get_queue_position,
    .map_doorbell = map_doorbell,
    .get_node_fd = get_node_fd,
    .is_removed = is_removed,
    .suspend = soft_device_suspend,
    .resume = soft_device_resume,
    .close = close_device,
};

/* ---- Opening ---- */

int soft_device_init(struct soft_device *device,
                     const struct soft_device_ops *ops, const char *name,
                     const struct vdpa_identity *identity,
                     const uint8_t *config)
{
    int error;

    device->backend = (struct vdpa_backend){&soft_device_backend_ops, name};
    device->ops = ops;
    device->identity = *identity;
    device->identity.can_suspend = device->identity.can_resume = true;
    device->config = config;
    device->config_call_fd = -1;
    pthread_mutex_init(&device->lock, NULL);
    error = event_loop_init(&device->loop);
    device->loop.lock = &device->lock;
    if (error)
        return error;
    device->queues = calloc(identity->num_queues, sizeof(*device->queues));
    if (!device->queues)
        return -ENOMEM;
    for (unsigned i = 0; i < identity->num_queues; i++)
        device->queues[i].device = device;
    return 0;
}

void soft_device_destroy(struct soft_device *device)
{
    event_loop_destroy(&device->loop);
    pthread_mutex_destroy(&device->lock);
}

static void *device_thread(void *argument)
{
    struct soft_device *device = argument;

    if (event_loop_run(&device->loop) != 0)
        log_error("%s: the guest's device stands still", device->backend.name);
    return NULL;
}

int soft_device_start_thread(struct soft_device *device, const char *name)
{
    int error = pthread_create(&device->thread, NULL, device_thread, device);

    if (error) {
        log_error("%s: starting its thread: %s", device->backend.name,
                  strerror(error));
        return -error;
    }
    device->has_thread = true;
    pthread_setname_np(device->thread, name);
    return 0;
}
