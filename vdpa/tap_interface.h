/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap_interface.h: finding, making and watching a tap interface.
 */
#ifndef VDPA_TAP_INTERFACE_H
#define VDPA_TAP_INTERFACE_H

#include "vmm/compiler.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/* Newer than Debian 12's headers (virtio 1.2, 5.1.6). */
#define TAP_GSO_UDP_L4 5

struct tap_interface {
    int fd;      /* of /dev/net/tun; frames with a struct virtio_net_hdr */
    int link_fd; /* ready when an interface changed; -1: not watched */
    int query_fd;
    const char *owner;   /* for messages: "net0" */
    char name[IFNAMSIZ]; /* "tap0" */
    bool is_ours;        /* made by us */
};

/* -errno, logged with what to do. Either way tap_interface_close() cleans
 * up. */
int tap_interface_open(struct tap_interface *interface, const char *owner,
                       const char *name, bool create) MUST_CHECK;
/* An open descriptor, taken over. */
int tap_interface_take(struct tap_interface *interface, const char *owner,
                       int fd) MUST_CHECK;
void tap_interface_close(struct tap_interface *interface);

/* One of ours gets this MTU and is set up; of another that exceeds it the log
 * tells. -errno, logged. */
int tap_interface_set_mtu(struct tap_interface *interface,
                          uint16_t mtu) MUST_CHECK;

/* FRAME_OFFLOAD_*; false with errno when the kernel does not know them all. */
bool tap_interface_set_offloads(const struct tap_interface *interface,
                                unsigned offloads);

bool tap_interface_is_up(const struct tap_interface *interface);
/* After link_fd was ready. */
void tap_interface_take_changes(struct tap_interface *interface);

#endif
