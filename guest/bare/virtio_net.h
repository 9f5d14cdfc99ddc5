/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_net.h: a driver for one virtio network card, as small as can be:
 * polled split queues, one frame at a time.
 *
 * virtio 1.2, 4.1 (PCI transport), 2.7 (split queues), 5.1 (network device).
 */
#ifndef GUEST_BARE_VIRTIO_NET_H
#define GUEST_BARE_VIRTIO_NET_H

#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_NET_RECEIVE  0
#define VIRTIO_NET_TRANSMIT 1
#define VIRTIO_NET_QUEUES   2

/* Where the device's structures are; addresses are guest-physical. */
struct virtio_net {
    unsigned function; /* on bus 0 */
    uint64_t bar_gpa;
    uint64_t common, notify, isr, config;
    uint32_t notify_multiplier;
    uint8_t access_capability; /* offset in configuration space */
    uint8_t msix_capability;
    uint8_t common_offset; /* in the BAR */
};

/* Finds the first card and switches memory decoding and DMA on. */
bool virtio_net_find(struct virtio_net *net);

/* Status 0, and waits until it reads as 0. */
bool virtio_net_reset(const struct virtio_net *net);

/* Reset and everything up to FEATURES_OK. */
bool virtio_net_negotiate(const struct virtio_net *net);

/* Size and addresses of queue `index`; enables it. */
bool virtio_net_set_up_queue(const struct virtio_net *net, unsigned index);

/* From reset to DRIVER_OK. */
bool virtio_net_start(const struct virtio_net *net);

/* Queues a receive buffer and an ARP request, and notifies. */
void virtio_net_send(const struct virtio_net *net);

/* Whether the request or its answer came back, waiting for some seconds at
 * most. */
bool virtio_net_receive(const struct virtio_net *net);

/* Whether the device is done with what was sent. */
bool virtio_net_has_sent(void);

/* Whether there is a frame to take; does not wait. */
bool virtio_net_has_frame(void);

/* Offers the device a frame to send in a descriptor that there is not. */
void virtio_net_break(const struct virtio_net *net);

void virtio_net_notify(const struct virtio_net *net, unsigned index);

uint64_t virtio_net_features(const struct virtio_net *net);
void virtio_net_accept(const struct virtio_net *net, uint64_t features);
uint8_t virtio_net_status(const struct virtio_net *net);
void virtio_net_add_status(const struct virtio_net *net, uint8_t bits);

/* 64-bit register at `offset` of the common configuration. */
void virtio_net_set_address(const struct virtio_net *net, unsigned offset,
                            uint64_t gpa);

#endif
