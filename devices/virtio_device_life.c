/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_device_life.c: making a virtio device of a backend, and its end.
 */
#include "devices/virtio_device.h"

#include "devices/virtio_device_private.h"
#include "devices/virtio_features.h"
#include "vmm/bytes.h"
#include "vmm/fd.h"
#include "vmm/trace.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

static int open_eventfd(const struct virtio_device *device, int *fd)
{
    *fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (*fd < 0) {
        int error = -errno;

        log_error("%s: eventfd: %s", device->name, strerror(-error));
        return error;
    }
    return 0;
}

static int init_queues(struct virtio_device *device)
{
    unsigned count = device->identity.num_queues;
    int error;

    if (device->net_queues.count > 0)
        count = device->net_queues.count;
    if (count == 0 || count > VIRTIO_DEVICE_MAX_QUEUES) {
        log_error("%s: the device has %u queues; 1 to %d can be served%s",
                  device->name, count, VIRTIO_DEVICE_MAX_QUEUES,
                  device->net_queues.pairs > 1 ? ": give queues=127" : "");
        return -ENOTSUP;
    }
    device->queues = calloc(count, sizeof(*device->queues));
    if (!device->queues)
        return -ENOMEM;
    while (device->num_queues < count) {
        unsigned index = device->num_queues++;
        struct virtio_queue *queue = &device->queues[index];

        queue->call_fd = -1;
        error = open_eventfd(device, &queue->kick_fd);
        if (!error)
            error = device->backend->ops->get_queue_max_size(
                device->backend, (uint16_t)index, &queue->max_size);
        if (error)
            return error;
        queue->size = queue->max_size;
    }
    return 0;
}

int virtio_device_map_memory(struct virtio_device *device)
{
    struct vdpa_mapping mappings[GUEST_MEMORY_MAX_REGIONS];
    const struct guest_memory *memory = device->memory;

    for (unsigned i = 0; i < memory->count; i++)
        mappings[i] = (struct vdpa_mapping){.iova = memory->regions[i].gpa,
                                            .size = memory->regions[i].size,
                                            .host = memory->regions[i].host};
    trace_event(device->name, "vmm: map guest memory");
    return device->backend->ops->map(device->backend, mappings, memory->count);
}

static int plan_net_queues(struct virtio_device *device, unsigned limit)
{
    const uint32_t offset =
        offsetof(struct virtio_net_config, max_virtqueue_pairs);
    struct virtio_net_queues_facts facts = {
        .name = device->name,
        .features = device->offered_features,
        .num_queues = device->identity.num_queues,
        .limit = limit,
    };
    uint8_t pairs[2] = {0};
    int error = 0;

    if (facts.features & VIRTIO_NET_QUEUES_MULTIPLE &&
        device->identity.config_size >= offset + sizeof(pairs))
        error = device->backend->ops->get_config(device->backend, offset, pairs,
                                                 sizeof(pairs));
    if (error)
        return error;
    facts.max_pairs = load_le16(pairs);
    return virtio_net_queues_plan(&device->net_queues, &facts);
}

/* What the guest is offered. Taken out of the device's features, so that what
 * depends on a bit that is not to be seen goes with it. */
static int offer(struct virtio_device *device,
                 const struct virtio_device_options *options)
{
    const uint32_t id = device->identity.device_id;
    const uint64_t features =
        device->device_features & ~options->features.hidden;
    int error = 0;

    device->offered_features = virtio_features_for_guest(id, features);
    if (id == VIRTIO_ID_NET) {
        error = plan_net_queues(device, options->queue_pairs);
        device->offered_features = virtio_features_for_guest(
            id, features & ~device->net_queues.unusable);
    }
    if (error)
        return error;
    return feature_wishes_check(&options->features, device->name, id,
                                device->device_features,
                                device->offered_features);
}

static int negotiate(struct virtio_device *device,
                     const struct virtio_device_options *options)
{
    const struct vdpa_backend_ops *ops = device->backend->ops;
    int error = ops->identify(device->backend, &device->identity);

    if (!error)
        error = ops->get_features(device->backend, &device->device_features);
    if (error)
        return error;
    if (!(device->device_features & 1ULL << VIRTIO_F_VERSION_1)) {
        log_error("%s: the device does not offer VIRTIO_F_VERSION_1: only "
                  "virtio 1.0 and later can be relayed",
                  device->name);
        return -ENOTSUP;
    }
    return offer(device, options);
}

int virtio_device_init(struct virtio_device *device,
                       struct vdpa_backend *backend,
                       const struct virtio_device_options *options,
                       const struct guest_memory *memory,
                       struct event_loop *loop)
{
    int error;

    *device = (struct virtio_device){.name = strdup(backend->name),
                                     .backend = backend,
                                     .memory = memory,
                                     .loop = loop,
                                     .config_call_fd = -1,
                                     .config_interrupt_fd = -1,
                                     .config_is_stale = true};
    pthread_mutex_init(&device->lock, NULL);
    error = device->name ? negotiate(device, options) : -ENOMEM;
    if (!error)
        error = open_eventfd(device, &device->config_call_fd);
    if (!error)
        error = init_queues(device);
    if (!error)
        error = virtio_device_map_memory(device);
    if (error)
        virtio_device_destroy(device);
    return error;
}

void virtio_device_destroy(struct virtio_device *device)
{
    if (device->config_call.fd == device->config_call_fd)
        event_loop_remove(device->loop, &device->config_call);
    event_loop_wait_idle(device->loop);
    /* The backend borrows the eventfds: it goes first. */
    if (device->backend) {
        trace_event(device->name, "vmm: close");
        device->backend->ops->close(device->backend);
    }
    device->backend = NULL;
    for (unsigned i = 0; i < device->num_queues; i++)
        close_fd(&device->queues[i].kick_fd);
    close_fd(&device->config_call_fd);
    free(device->queues);
    device->queues = NULL;
    device->num_queues = 0;
    free(device->name);
    device->name = NULL;
}

void virtio_device_connect_queue(struct virtio_device *device, unsigned index,
                                 int call_fd)
{
    device->queues[index].call_fd = call_fd;
}
