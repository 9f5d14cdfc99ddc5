/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_device_private.h: what the files of virtio_device share. All but
 * virtio_device_signal() with the lock held.
 */
#ifndef DEVICES_VIRTIO_DEVICE_PRIVATE_H
#define DEVICES_VIRTIO_DEVICE_PRIVATE_H

#include "devices/virtio_device.h"

void virtio_device_signal(int eventfd);

/* DEVICE_NEEDS_RESET, and the interrupt that is due (virtio 1.2, 2.1.2). */
void virtio_device_need_reset(struct virtio_device *device);

/* Asks a backend that runs how it is. True when that is news to the guest: it
 * sees DEVICE_NEEDS_RESET from now on, and is due an interrupt. */
bool virtio_device_look(struct virtio_device *device);

/* Counts the kicks and says that no more data moves; the queues stay. */
void virtio_device_stop(struct virtio_device *device);

/* Kicks every enabled queue of a device that has just started. */
void virtio_device_kick_queues(struct virtio_device *device);

/* Maps all guest memory into the backend; hands it an enabled queue, from its
 * start. */
int virtio_device_map_memory(struct virtio_device *device) MUST_CHECK;
int virtio_device_start_queue(struct virtio_device *device,
                              unsigned index) MUST_CHECK;

#endif
