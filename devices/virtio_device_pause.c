/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_device_pause.c: a virtio device that stands still with its guest.
 *
 * Where the backend cannot resume what it suspended, the device is reset and
 * started again where its queues stood. The guest's driver knows nothing of
 * that, so it is done only where a reset forgets nothing else.
 */
#include "devices/virtio_device_private.h"
#include "vmm/trace.h"

#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>

/* Whether a driver told the device more than its features and queues. */
static bool reset_forgets(const struct virtio_device *device)
{
    if (device->identity.device_id == VIRTIO_ID_NET)
        return device->driver_features & 1ULL << VIRTIO_NET_F_CTRL_VQ;
    return device->identity.device_id != VIRTIO_ID_BLOCK;
}

/* One that waits for its reset has nothing to lose by one. */
static bool moves_data(const struct virtio_device *device)
{
    return device->is_running &&
           !(device->status & VIRTIO_CONFIG_S_NEEDS_RESET);
}

/* With the lock held, as the rest up to the next such line. */
static const char *find_obstacle(const struct virtio_device *device)
{
    uint32_t position;

    if (!device->identity.can_suspend)
        return "its driver in the host lacks SUSPEND";
    if (device->identity.can_resume || !moves_data(device))
        return NULL;
    if (reset_forgets(device))
        return "its driver in the host lacks RESUME, and a reset instead would "
               "lose what the guest set by the control queue";
    if (device->backend->ops->get_queue_position(
            device->backend, virtio_device_backend_index(device, 0),
            &position) != 0)
        return "its driver in the host lacks RESUME, and does not tell where "
               "a queue stands";
    return NULL;
}

static int read_positions(struct virtio_device *device)
{
    int error = 0;

    for (unsigned i = 0; i < device->num_queues && !error; i++)
        if (device->queues[i].is_enabled)
            error = device->backend->ops->get_queue_position(
                device->backend, virtio_device_backend_index(device, i),
                &device->queues[i].position);
    return error;
}

static int suspend(struct virtio_device *device)
{
    int error;

    if (!moves_data(device))
        return 0;
    trace_event(device->name, "vmm: suspend");
    error = device->backend->ops->suspend(device->backend);
    if (error || device->identity.can_resume)
        return error;
    error = read_positions(device);
    /* There is no way back, and none on. */
    if (error) {
        log_error("%s: suspended, but it does not tell where its queues "
                  "stand: the guest must reset it now",
                  device->name);
        virtio_device_need_reset(device);
    }
    return error;
}

/* From reset to where it was: virtio 1.2, 3.1.1, in the driver's stead. */
static int restart(struct virtio_device *device, uint8_t status)
{
    const uint8_t acknowledged =
        status & (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
    const struct vdpa_backend_ops *ops = device->backend->ops;
    int error = ops->set_status(device->backend, 0);

    if (!error)
        error = virtio_device_announce_status(device, acknowledged);
    if (!error)
        error = ops->set_features(device->backend,
                                  virtio_device_backend_features(device));
    if (!error)
        error = virtio_device_relay_status(
            device, acknowledged | VIRTIO_CONFIG_S_FEATURES_OK);
    if (!error && !(device->status & VIRTIO_CONFIG_S_FEATURES_OK)) {
        log_error("%s: the device refuses the features that it had taken",
                  device->name);
        error = -EIO;
    }
    return error ? error : virtio_device_start(device, status);
}

static int resume(struct virtio_device *device)
{
    const uint8_t status = device->status;
    int error;

    if (!moves_data(device))
        return 0;
    trace_event(device->name, "vmm: resume");
    if (device->identity.can_resume) {
        error = device->backend->ops->resume(device->backend);
        /* What came meanwhile may have been forgotten. */
        if (!error)
            virtio_device_kick_queues(device);
    } else {
        error = restart(device, status);
    }
    if (error) {
        log_error("%s: the device does not go on: the guest must reset it now",
                  device->name);
        device->status = status;
        virtio_device_need_reset(device);
    }
    return error;
}

/* The functions from here on take the lock. */

const char *virtio_device_suspend_obstacle(struct virtio_device *device)
{
    const char *obstacle;

    pthread_mutex_lock(&device->lock);
    obstacle = find_obstacle(device);
    pthread_mutex_unlock(&device->lock);
    return obstacle;
}

int virtio_device_suspend(struct virtio_device *device)
{
    int error;

    pthread_mutex_lock(&device->lock);
    error = find_obstacle(device) ? -EOPNOTSUPP : suspend(device);
    device->is_suspended = !error;
    pthread_mutex_unlock(&device->lock);
    return error;
}

int virtio_device_resume(struct virtio_device *device)
{
    int error = 0;

    pthread_mutex_lock(&device->lock);
    if (device->is_suspended)
        error = resume(device);
    device->is_suspended = false;
    pthread_mutex_unlock(&device->lock);
    return error;
}
