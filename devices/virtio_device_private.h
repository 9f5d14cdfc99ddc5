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
 * sees DEVICE_NEEDS_RESET from now on, and is due an interrupt. `event` is what
 * made it be asked, for the trace. */
bool virtio_device_look(struct virtio_device *device, const char *event);

/* Counts the kicks and says that no more data moves; the queues stay. */
void virtio_device_stop(struct virtio_device *device);

/* Kicks every enabled queue of a device that has just started or gone on. */
void virtio_device_kick_queues(struct virtio_device *device);

/* Hands `status` to the backend, without bits that it may refuse. */
int virtio_device_announce_status(struct virtio_device *device,
                                  uint8_t status) MUST_CHECK;
/* Hands `status` to the backend and takes what the device made of it. */
int virtio_device_relay_status(struct virtio_device *device,
                               uint8_t status) MUST_CHECK;

/* What the backend is to be told of features, for those that the driver
 * accepted. */
uint64_t virtio_device_backend_features(const struct virtio_device *device);

/* From FEATURES_OK to DRIVER_OK, which `status` has, with the queues as they
 * are set up. */
int virtio_device_start(struct virtio_device *device,
                        uint8_t status) MUST_CHECK;

/* Maps all guest memory into the backend; hands it an enabled queue, from
 * where it stands. */
int virtio_device_map_memory(struct virtio_device *device) MUST_CHECK;
int virtio_device_start_queue(struct virtio_device *device,
                              unsigned index) MUST_CHECK;

#endif
