/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_net_queues.h: which queue of a network device is which.
 *
 * Receive and transmit queues come in pairs, and the control queue follows
 * the last one (virtio 1.2, 5.1.2). How many pairs come before it depends on
 * what was negotiated; and where a guest is shown fewer pairs than the device
 * has, its control queue and the device's have different numbers.
 *
 * Every number that a device says of itself is bounded here, once.
 */
#ifndef DEVICES_VIRTIO_NET_QUEUES_H
#define DEVICES_VIRTIO_NET_QUEUES_H

#include "vmm/compiler.h"

#include <linux/virtio_net.h>
#include <stdint.h>

/* Any of these makes more than one pair usable (virtio 1.2, 5.1.2). */
#define VIRTIO_NET_QUEUES_MULTIPLE                                             \
    (1ULL << VIRTIO_NET_F_MQ | 1ULL << VIRTIO_NET_F_RSS)

/* What a network device says, and what its user wants. */
struct virtio_net_queues_facts {
    const char *name;  /* of the device, for messages */
    uint64_t features; /* those that a guest may be offered, as far as known */
    unsigned num_queues;
    unsigned max_pairs; /* max_virtqueue_pairs; only with such a feature */
    unsigned limit;     /* pairs for the guest; 0: all */
};

/* Zeroed: a device whose queues have no roles, and the same numbers here and
 * there. */
struct virtio_net_queues {
    unsigned pairs;        /* that a guest can come to use */
    unsigned device_pairs; /* before the device's control queue, then */
    unsigned count;        /* queues that the guest is shown */
    /* Features that these queues cannot serve: not to be offered. */
    uint64_t unusable;
};

/* -ERANGE, logged, when the device has fewer pairs than `limit`. */
int virtio_net_queues_plan(struct virtio_net_queues *queues,
                           const struct virtio_net_queues_facts *facts)
    MUST_CHECK;

/* The device's number of the guest's queue `index`, by the `features` that
 * the guest accepted. An `index` below `count` gives one that the device has.
 */
unsigned virtio_net_queues_device_index(const struct virtio_net_queues *queues,
                                        uint64_t features, unsigned index);

/* "receive", "transmit" or "control"; "" for a queue without a use. */
const char *virtio_net_queues_role(const struct virtio_net_queues *queues,
                                   uint64_t features, unsigned index);

#endif
