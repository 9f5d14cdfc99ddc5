/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packed_ring.h: what virtqueue.h promises, for a packed ring.
 *
 * Internal to virtqueues: virtqueue.c calls these, on a queue that is not
 * broken, and describes them.
 */
#ifndef VDPA_PACKED_RING_H
#define VDPA_PACKED_RING_H

#include "vdpa/virtqueue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the parts in the driver's and in the device's area. */
size_t packed_ring_driver_size(uint16_t size);
size_t packed_ring_device_size(uint16_t size);

bool packed_ring_start(struct virtqueue *queue, uint32_t position);
bool packed_ring_take(struct virtqueue *queue, struct virtqueue_chain *chain);
void packed_ring_put_back(struct virtqueue *queue,
                          const struct virtqueue_buffer *buffers,
                          unsigned count);
void packed_ring_return(struct virtqueue *queue,
                        const struct virtqueue_buffer *buffers, unsigned count);
bool packed_ring_should_signal(struct virtqueue *queue);
bool packed_ring_want_kicks(struct virtqueue *queue, bool wanted);
uint32_t packed_ring_position(const struct virtqueue *queue);

#endif
