/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_net_features.c: which features the software network device offers, by
 * what its port can do and what it is to hide.
 */
#include "vdpa/soft_net_private.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <stddef.h>

#define FEATURE(bit) (1ULL << (bit))

/* Newer than Debian 12's headers (virtio 1.3, 5.1.3). */
#define NET_F_GUEST_USO4 54
#define NET_F_GUEST_USO6 55
#define NET_F_HOST_USO   56

/* Which feature bits stand for which offloads of the port. */
static const struct {
    unsigned offload;
    uint64_t send, receive;
} offload_features[] = {
    {FRAME_OFFLOAD_CHECKSUM, FEATURE(VIRTIO_NET_F_CSUM),
     FEATURE(VIRTIO_NET_F_GUEST_CSUM)},
    {FRAME_OFFLOAD_TSO4, FEATURE(VIRTIO_NET_F_HOST_TSO4),
     FEATURE(VIRTIO_NET_F_GUEST_TSO4)},
    {FRAME_OFFLOAD_TSO6, FEATURE(VIRTIO_NET_F_HOST_TSO6),
     FEATURE(VIRTIO_NET_F_GUEST_TSO6)},
    {FRAME_OFFLOAD_ECN, FEATURE(VIRTIO_NET_F_HOST_ECN),
     FEATURE(VIRTIO_NET_F_GUEST_ECN)},
    {FRAME_OFFLOAD_USO, FEATURE(NET_F_HOST_USO),
     FEATURE(NET_F_GUEST_USO4) | FEATURE(NET_F_GUEST_USO6)},
};

static uint64_t features_for_port(const struct frame_port *port)
{
    uint64_t features =
        FEATURE(VIRTIO_NET_F_MTU) | FEATURE(VIRTIO_NET_F_MAC) |
        FEATURE(VIRTIO_NET_F_STATUS) | FEATURE(VIRTIO_NET_F_MRG_RXBUF) |
        FEATURE(VIRTIO_RING_F_INDIRECT_DESC) |
        FEATURE(VIRTIO_RING_F_EVENT_IDX) | FEATURE(VIRTIO_F_VERSION_1) |
        FEATURE(VIRTIO_F_ACCESS_PLATFORM) | FEATURE(VIRTIO_F_RING_PACKED) |
        FEATURE(VIRTIO_F_IN_ORDER);

    for (size_t i = 0; i < ARRAY_SIZE(offload_features); i++) {
        if (port->send_offloads & offload_features[i].offload)
            features |= offload_features[i].send;
        if (port->receive_offloads & offload_features[i].offload)
            features |= offload_features[i].receive;
    }
    return features;
}

/* virtio 1.3, 5.1.3.1: segmentation needs checksums in the same direction,
 * and ECN needs segmentation. */
static uint64_t drop_unmet(uint64_t features)
{
    for (size_t i = 0; i < ARRAY_SIZE(offload_features); i++) {
        if (!(features & FEATURE(VIRTIO_NET_F_CSUM)))
            features &= ~offload_features[i].send;
        if (!(features & FEATURE(VIRTIO_NET_F_GUEST_CSUM)))
            features &= ~offload_features[i].receive;
    }
    if (!(features &
          (FEATURE(VIRTIO_NET_F_HOST_TSO4) | FEATURE(VIRTIO_NET_F_HOST_TSO6))))
        features &= ~FEATURE(VIRTIO_NET_F_HOST_ECN);
    if (!(features & (FEATURE(VIRTIO_NET_F_GUEST_TSO4) |
                      FEATURE(VIRTIO_NET_F_GUEST_TSO6))))
        features &= ~FEATURE(VIRTIO_NET_F_GUEST_ECN);
    return features;
}

int soft_net_init_features(struct soft_net *net)
{
    const uint64_t features = features_for_port(net->port);
    const struct feature_wishes *wishes = &net->options.features;
    const uint64_t shown = drop_unmet(features & ~wishes->hidden);

    net->device.device_features = shown;
    return feature_wishes_check(wishes, net->options.name, VIRTIO_ID_NET,
                                features, shown);
}

unsigned soft_net_receive_offloads(uint64_t features)
{
    unsigned offloads = 0;

    for (size_t i = 0; i < ARRAY_SIZE(offload_features); i++)
        if ((features & offload_features[i].receive) ==
            offload_features[i].receive)
            offloads |= offload_features[i].offload;
    return offloads;
}
