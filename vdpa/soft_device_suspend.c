/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_device_suspend.c: a device of this process that stands still for a
 * while: its rings stay as they are, and notifications wait in their eventfds.
 */
#include "vdpa/soft_device_private.h"

/* Comes between two callbacks: nothing is half moved, and what was returned
 * was told. */
int soft_device_suspend(struct vdpa_backend *backend)
{
    struct soft_device *device =
        container_of(backend, struct soft_device, backend);

    pthread_mutex_lock(&device->lock);
    if (device->is_running) {
        device->is_running = false;
        device->is_suspended = true;
        for (unsigned i = 0; i < device->identity.num_queues; i++) {
            struct soft_queue *queue = &device->queues[i];

            queue->is_suspended = queue->is_started;
            soft_device_stop_queue(queue);
        }
    }
    pthread_mutex_unlock(&device->lock);
    return 0;
}

static int restart_queue(struct soft_queue *queue)
{
    int error = virtqueue_remap(&queue->ring);

    if (!error)
        error = event_loop_add(&queue->device->loop, &queue->kick);
    queue->is_started = error == 0;
    return error;
}

/* With the lock held. */
static int go_on(struct soft_device *device)
{
    int error = 0;

    device->is_suspended = false;
    device->is_running = true;
    for (unsigned i = 0; i < device->identity.num_queues && !error; i++)
        if (device->queues[i].is_suspended)
            error = restart_queue(&device->queues[i]);
    if (error)
        soft_device_need_reset(device);
    else
        device->ops->resumed(device);
    return error;
}

int soft_device_resume(struct vdpa_backend *backend)
{
    struct soft_device *device =
        container_of(backend, struct soft_device, backend);
    int error = 0;

    pthread_mutex_lock(&device->lock);
    if (device->is_suspended)
        error = go_on(device);
    pthread_mutex_unlock(&device->lock);
    return error;
}
