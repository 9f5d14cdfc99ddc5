/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_port.h: two VMs on one cable: a UNIX socket as a frame_port.
 *
 * Whoever comes first listens at the path, the second connects; there is no
 * third. Each message of the SOCK_SEQPACKET socket is a virtio-net header as
 * in a queue (net_header.h) and one frame.
 */
#ifndef VDPA_PEER_PORT_H
#define VDPA_PEER_PORT_H

#include "vdpa/frame_port.h"
#include "vmm/compiler.h"

struct peer_port_options {
    const char *name; /* for messages; must outlive the port */
    /* Of the socket: made with mode 0600 and removed on closing. */
    const char *path;
};

/* Absent or vanished, the peer is waited for, with the guest's link down.
 * -EBUSY when the link has two ends already, else -errno; logged. */
int peer_port_open(const struct peer_port_options *options,
                   struct frame_port **frame_port) MUST_CHECK;

#endif
