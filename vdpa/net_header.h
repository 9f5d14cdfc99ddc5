/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_header.h: the header in front of every frame in a virtio-net queue
 * (virtio 1.2, 5.1.6), checked and in host byte order.
 */
#ifndef VDPA_NET_HEADER_H
#define VDPA_NET_HEADER_H

#include "vmm/compiler.h"

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>

/* With VIRTIO_F_VERSION_1 always with num_buffers. Bytes. */
#define NET_HEADER_SIZE 12

/*
 * Takes a driver's header apart. False when it asks for what `features` do not
 * allow or what cannot be in a frame of `frame_size` bytes: such a frame is to
 * be dropped.
 */
bool net_header_load(struct virtio_net_hdr *header,
                     const uint8_t bytes[NET_HEADER_SIZE], uint64_t features,
                     uint64_t frame_size);

/* `num_buffers`: receive buffers that the frame lies in. */
void net_header_store(uint8_t bytes[NET_HEADER_SIZE],
                      const struct virtio_net_hdr *header,
                      uint16_t num_buffers);

#endif
