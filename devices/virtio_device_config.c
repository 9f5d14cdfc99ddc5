/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_device_config.c: the configuration of a virtio device: a copy that is
 * fetched again when the backend says that it changed (virtio 1.2, 2.5).
 */
#include "devices/virtio_device.h"

#include "devices/virtio_device_private.h"
#include "vmm/bytes.h"
#include "vmm/trace.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_net.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MAX_PAIRS_OFFSET offsetof(struct virtio_net_config, max_virtqueue_pairs)

/* Fetches the configuration when the device may have changed it. With the
 * lock held. */
static void refresh_config(struct virtio_device *device)
{
    uint8_t fresh[VIRTIO_DEVICE_CONFIG_SIZE] = {0};
    uint32_t size = device->identity.config_size;

    if (!atomic_exchange(&device->config_is_stale, false))
        return;
    if (size > sizeof(fresh))
        size = sizeof(fresh);
    trace_event(device->name, "guest: reads configuration");
    if (size == 0 ||
        device->backend->ops->get_config(device->backend, 0, fresh, size) != 0)
        return;
    if (device->net_queues.pairs > 0 &&
        device->device_features & VIRTIO_NET_QUEUES_MULTIPLE)
        store_le16(fresh + MAX_PAIRS_OFFSET,
                   (uint16_t)device->net_queues.pairs);
    if (memcmp(fresh, device->config, sizeof(fresh)) == 0)
        return;
    memcpy(device->config, fresh, sizeof(fresh));
    device->config_generation++;
}

uint64_t virtio_device_read_config(struct virtio_device *device,
                                   uint64_t offset, unsigned size)
{
    uint64_t value = 0;

    if (!range_is_inside(offset, size, 0, sizeof(device->config)))
        return 0;
    pthread_mutex_lock(&device->lock);
    refresh_config(device);
    value = load_le(device->config + offset, size);
    pthread_mutex_unlock(&device->lock);
    return value;
}

void virtio_device_write_config(struct virtio_device *device, uint64_t offset,
                                unsigned size, uint64_t value)
{
    uint8_t bytes[8];

    assert(size <= sizeof(bytes));
    if (!range_is_inside(offset, size, 0, device->identity.config_size)) {
        log_guest(&device->complaints,
                  "%s: the guest wrote %u bytes at %" PRIu64
                  " of a configuration of %u",
                  device->name, size, offset, device->identity.config_size);
        return;
    }
    store_le(bytes, size, value);
    pthread_mutex_lock(&device->lock);
    trace_event(device->name, "guest: writes configuration %" PRIu64 "+%u",
                offset, size);
    device->backend->ops->set_config(device->backend, (uint32_t)offset, bytes,
                                     size);
    atomic_store(&device->config_is_stale, true);
    pthread_mutex_unlock(&device->lock);
}

uint8_t virtio_device_get_generation(struct virtio_device *device)
{
    uint8_t generation;

    pthread_mutex_lock(&device->lock);
    refresh_config(device);
    generation = device->config_generation;
    pthread_mutex_unlock(&device->lock);
    return generation;
}

/* On the thread of the loop. */
static void config_called(void *owner, uint32_t events)
{
    struct virtio_device *device = owner;
    uint64_t count;

    (void)events;
    if (read(device->config_call_fd, &count, sizeof(count)) < 0)
        return;
    atomic_store(&device->config_is_stale, true);
    if (eventfd_write(device->config_interrupt_fd, 1) != 0)
        log_error("%s: eventfd: %s", device->name, strerror(errno));
    if (!device->is_watched)
        return;
    /* It is the device's way to ask for a reset, too (virtio 1.2, 2.1.2). */
    pthread_mutex_lock(&device->lock);
    (void)virtio_device_look(device, "device: configuration event");
    pthread_mutex_unlock(&device->lock);
}

int virtio_device_connect_config(struct virtio_device *device, int interrupt_fd)
{
    device->config_interrupt_fd = interrupt_fd;
    device->config_call = (struct event_source){.fd = device->config_call_fd,
                                                .events = EPOLLIN,
                                                .ready = config_called,
                                                .owner = device};
    return event_loop_add(device->loop, &device->config_call);
}

int virtio_device_move_events(struct virtio_device *device,
                              struct event_loop *loop)
{
    event_loop_remove(device->loop, &device->config_call);
    device->loop = loop;
    device->is_watched = true;
    return event_loop_add(loop, &device->config_call);
}
