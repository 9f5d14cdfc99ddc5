/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_features.c: which of a device's feature bits a guest may see.
 */
#include "devices/virtio_features.h"

#include "vmm/compiler.h"

#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stddef.h>

#define BIT(number) (1ULL << (number))

/* Bits of virtio 1.3, chapter 6, that older kernel headers do not name. */
#define NOTIFICATION_DATA_BIT 38
#define NOTIF_CONFIG_DATA_BIT 39
#define ADMIN_VQ_BIT          41
#define RESERVED_BITS         (0xffULL << 42) /* 42 to 49 */
#define NET_DEVICE_STATS_BIT  50
#define NET_HASH_TUNNEL_BIT   51
#define NET_VQ_NOTF_COAL_BIT  52
#define NET_GUEST_USO4_BIT    54
#define NET_GUEST_USO6_BIT    55
#define NET_HOST_USO_BIT      56

/* What a vhost-vdpa device may offer and this transport cannot carry. */
static const uint64_t never_offered =
    /* vhost's own dirty log, which vhost-vdpa does not have. */
    BIT(VHOST_F_LOG_ALL) |
    /* Of the legacy interface only. */
    BIT(VIRTIO_F_ANY_LAYOUT) |
    /* No PCI capability of the device's own is relayed. */
    BIT(VIRTIO_F_SR_IOV) |
    /* A kick is an eventfd: the data of the notification would be lost. */
    BIT(NOTIFICATION_DATA_BIT) | BIT(NOTIF_CONFIG_DATA_BIT) |
    /* vhost has no call to reset one queue, and none for an admin queue. */
    BIT(VIRTIO_F_RING_RESET) | BIT(ADMIN_VQ_BIT) |
    /* Reserved (virtio 1.3, chapter 6): what a transport has to do for them is
     * not known yet. */
    RESERVED_BITS |
    /* Set towards the device by us: see virtio_device.c. */
    BIT(VIRTIO_F_ACCESS_PLATFORM);

struct dependency {
    uint64_t bits, needs_one_of;
};

/* virtio 1.3, 5.1.3.1: feature bit requirements, in an order in which one
 * pass is enough. */
static const struct dependency net_dependencies[] = {
    {BIT(VIRTIO_NET_F_CTRL_RX) | BIT(VIRTIO_NET_F_CTRL_VLAN) |
         BIT(VIRTIO_NET_F_GUEST_ANNOUNCE) | BIT(VIRTIO_NET_F_MQ) |
         BIT(VIRTIO_NET_F_CTRL_MAC_ADDR) | BIT(VIRTIO_NET_F_RSS) |
         BIT(VIRTIO_NET_F_HASH_REPORT) | BIT(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) |
         BIT(VIRTIO_NET_F_NOTF_COAL) | BIT(NET_VQ_NOTF_COAL_BIT) |
         BIT(NET_DEVICE_STATS_BIT) | BIT(NET_HASH_TUNNEL_BIT),
     BIT(VIRTIO_NET_F_CTRL_VQ)},
    {BIT(NET_HASH_TUNNEL_BIT),
     BIT(VIRTIO_NET_F_RSS) | BIT(VIRTIO_NET_F_HASH_REPORT)},
    {BIT(VIRTIO_NET_F_CTRL_RX_EXTRA), BIT(VIRTIO_NET_F_CTRL_RX)},
    {BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6) |
         BIT(VIRTIO_NET_F_GUEST_UFO) | BIT(NET_GUEST_USO4_BIT) |
         BIT(NET_GUEST_USO6_BIT),
     BIT(VIRTIO_NET_F_GUEST_CSUM)},
    {BIT(VIRTIO_NET_F_GUEST_ECN),
     BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6)},
    {BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6) |
         BIT(VIRTIO_NET_F_HOST_UFO) | BIT(NET_HOST_USO_BIT),
     BIT(VIRTIO_NET_F_CSUM)},
    {BIT(VIRTIO_NET_F_HOST_ECN) | BIT(VIRTIO_NET_F_RSC_EXT),
     BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6)},
    {BIT(VIRTIO_NET_F_GUEST_ANNOUNCE), BIT(VIRTIO_NET_F_STATUS)},
};

static uint64_t drop_unmet(uint64_t features,
                           const struct dependency *dependencies, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((features & dependencies[i].needs_one_of) == 0)
            features &= ~dependencies[i].bits;
    return features;
}

uint64_t virtio_features_for_guest(uint32_t device_id, uint64_t device_features)
{
    uint64_t features = device_features & ~never_offered;

    if (device_id == VIRTIO_ID_NET)
        features = drop_unmet(features, net_dependencies,
                              ARRAY_SIZE(net_dependencies));
    return features;
}
