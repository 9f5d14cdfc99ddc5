/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap_port.h: a tap interface of the host as a frame_port.
 */
#ifndef VDPA_TAP_PORT_H
#define VDPA_TAP_PORT_H

#include "vdpa/frame_port.h"
#include "vmm/compiler.h"

#include <stdbool.h>

struct tap_port_options {
    const char *name; /* for messages; must outlive the port */
    /* The interface, as "tap0". */
    const char *interface;
    /* Makes it when there is none, sets its MTU and sets it up; it is gone
     * when the port is closed. Needs CAP_NET_ADMIN. */
    bool create;
    /* Instead of the two above an open one, taken over even on failure: with
     * IFF_TAP, IFF_NO_PI and IFF_VNET_HDR. -1 for none. Its link counts as up,
     * for it may be in another network namespace. */
    int fd;
};

/* -errno, logged with what to do. The guest's link is up while the interface
 * is, "ip link set dev NAME up". */
int tap_port_open(const struct tap_port_options *options,
                  struct frame_port **frame_port) MUST_CHECK;

#endif
