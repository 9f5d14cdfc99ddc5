/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_device_faults.c: what befalls a virtio device behind its guest's
 * back: it asks for a reset, it stops, or its backend goes away.
 */
#include "devices/virtio_device.h"

#include "devices/virtio_device_private.h"
#include "vmm/trace.h"

#include <linux/virtio_config.h>

/* ---- Status ---- */

bool virtio_device_look(struct virtio_device *device, const char *event)
{
    uint8_t now;

    if (!(device->status & VIRTIO_CONFIG_S_DRIVER_OK) ||
        device->status & VIRTIO_CONFIG_S_NEEDS_RESET)
        return false;
    trace_event(device->name, "%s", event);
    if (device->backend->ops->get_status(device->backend, &now) != 0)
        return false;
    if (now & VIRTIO_CONFIG_S_NEEDS_RESET)
        log_warning("%s: the device asks for a reset; its guest is told",
                    device->name);
    else if (!(now & VIRTIO_CONFIG_S_DRIVER_OK))
        log_warning("%s: the device stopped by itself (status 0x%x); its "
                    "guest is told to reset it",
                    device->name, now);
    else
        return false;
    device->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
    return true;
}

void virtio_device_check(struct virtio_device *device)
{
    pthread_mutex_lock(&device->lock);
    if (virtio_device_look(device, "vmm: looks at the status"))
        virtio_device_signal(device->config_interrupt_fd);
    pthread_mutex_unlock(&device->lock);
}

/* ---- Removal ---- */

bool virtio_device_is_removed(struct virtio_device *device)
{
    bool is_removed;

    pthread_mutex_lock(&device->lock);
    is_removed = device->backend->ops->is_removed(device->backend);
    pthread_mutex_unlock(&device->lock);
    return is_removed;
}

static int set_queues(struct virtio_device *device)
{
    int error = 0;

    if (device->driver_features & 1ULL << VIRTIO_F_RING_PACKED)
        return 0;
    for (unsigned i = 0; i < device->num_queues && !error; i++)
        if (device->queues[i].is_enabled)
            error = virtio_device_start_queue(device, i);
    return error;
}

/* Brings a backend that was just opened to where the driver believes it. */
static int catch_up(struct virtio_device *device)
{
    const uint8_t begun = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
    const struct vdpa_backend_ops *ops = device->backend->ops;
    struct vdpa_backend *backend = device->backend;
    uint8_t status = device->status & begun;
    int error = virtio_device_map_memory(device);

    if (!error && status)
        error = ops->set_status(backend, status);
    if (error || !(device->status & VIRTIO_CONFIG_S_FEATURES_OK))
        return error;
    error = ops->set_features(backend, virtio_device_backend_features(device));
    status |= VIRTIO_CONFIG_S_FEATURES_OK;
    if (!error)
        error = ops->set_status(backend, status);
    if (error || !(device->status & VIRTIO_CONFIG_S_DRIVER_OK))
        return error;
    error = set_queues(device);
    if (!error)
        error = ops->set_config_call(backend, device->config_call_fd);
    if (!error)
        error = ops->set_status(backend, status | VIRTIO_CONFIG_S_DRIVER_OK);
    if (!error)
        virtio_device_kick_queues(device);
    return error;
}

int virtio_device_replace(struct virtio_device *device,
                          virtio_device_open *open, void *owner)
{
    struct vdpa_identity identity;
    struct vdpa_backend *fresh;
    int error;

    pthread_mutex_lock(&device->lock);
    virtio_device_stop(device);
    error = open(owner, device->backend, &fresh);
    if (!error) {
        trace_event(device->name, "vmm: replaced");
        device->backend->ops->close(device->backend);
        device->backend = fresh;
        /* The one thing in which it may be another device. */
        if (fresh->ops->identify(fresh, &identity) == 0) {
            device->identity.can_suspend = identity.can_suspend;
            device->identity.can_resume = identity.can_resume;
        }
        atomic_store(&device->config_is_stale, true);
        if (catch_up(device) != 0)
            virtio_device_need_reset(device);
        /* It may ask for a reset at once. */
        (void)virtio_device_look(device, "vmm: looks at the status");
        if (device->status & VIRTIO_CONFIG_S_DRIVER_OK)
            virtio_device_signal(device->config_interrupt_fd);
    }
    pthread_mutex_unlock(&device->lock);
    return error;
}
