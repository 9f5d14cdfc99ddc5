/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_header.c: virtio-net headers in and out.
 */
#include "vdpa/net_header.h"

#include "vmm/bytes.h"

#include <linux/virtio_net.h>

#define FEATURE(bit) (1ULL << (bit))

/* Newer than Debian 12's headers (virtio 1.2, 5.1.3 and 5.1.6). */
#define NET_F_HOST_USO 56
#define NET_GSO_UDP_L4 5

/* Ethernet, IPv4 and UDP headers: no frame to be segmented is shorter. */
#define MIN_GSO_FRAME 42

/* The feature that allows segmentation of this kind, 0 for none. */
static uint64_t feature_of_gso(uint8_t gso_type)
{
    switch (gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
    case VIRTIO_NET_HDR_GSO_TCPV4:
        return FEATURE(VIRTIO_NET_F_HOST_TSO4);
    case VIRTIO_NET_HDR_GSO_TCPV6:
        return FEATURE(VIRTIO_NET_F_HOST_TSO6);
    case NET_GSO_UDP_L4:
        return FEATURE(NET_F_HOST_USO);
    default:
        return 0;
    }
}

static bool gso_is_valid(const struct virtio_net_hdr *header, uint64_t features,
                         uint64_t frame_size)
{
    if (header->gso_type == VIRTIO_NET_HDR_GSO_NONE)
        return true;
    if (!(features & feature_of_gso(header->gso_type)))
        return false;
    if (header->gso_type & VIRTIO_NET_HDR_GSO_ECN &&
        !(features & FEATURE(VIRTIO_NET_F_HOST_ECN)))
        return false;
    return header->gso_size > 0 && frame_size >= MIN_GSO_FRAME &&
           header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
}

bool net_header_load(struct virtio_net_hdr *header,
                     const uint8_t bytes[NET_HEADER_SIZE], uint64_t features,
                     uint64_t frame_size)
{
    *header = (struct virtio_net_hdr){
        /* 5.1.6.2: a device ignores the bits that it does not know. */
        .flags = bytes[0] & VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = bytes[1],
        .hdr_len = load_le16(bytes + 2),
        .gso_size = load_le16(bytes + 4),
        .csum_start = load_le16(bytes + 6),
        .csum_offset = load_le16(bytes + 8),
    };
    if (header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM &&
        (!(features & FEATURE(VIRTIO_NET_F_CSUM)) ||
         (uint64_t)header->csum_start + header->csum_offset + 2 > frame_size))
        return false;
    return gso_is_valid(header, features, frame_size);
}

void net_header_store(uint8_t bytes[NET_HEADER_SIZE],
                      const struct virtio_net_hdr *header, uint16_t num_buffers)
{
    bytes[0] = header->flags;
    bytes[1] = header->gso_type;
    store_le16(bytes + 2, header->hdr_len);
    store_le16(bytes + 4, header->gso_size);
    store_le16(bytes + 6, header->csum_start);
    store_le16(bytes + 8, header->csum_offset);
    store_le16(bytes + 10, num_buffers);
}
