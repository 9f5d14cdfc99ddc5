/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slirp_port.h: user-mode network: a frame_port behind which libslirp turns
 * the guest's connections into sockets of this process, without root.
 *
 * The addresses are those of QEMU: slirp_stack.h has them.
 */
#ifndef VDPA_SLIRP_PORT_H
#define VDPA_SLIRP_PORT_H

#include "vdpa/frame_port.h"
#include "vdpa/slirp_forward.h"
#include "vmm/compiler.h"

#include <stdbool.h>

#define SLIRP_PORT_MAX_FORWARDS 64
#define SLIRP_PORT_MAX_MTU      65520

struct slirp_port_options {
    const char *name; /* for messages; must outlive the port */
    bool restricted;  /* the guest reaches nothing but what is forwarded */
    const struct slirp_forward *forwards; /* copied */
    unsigned num_forwards;
};

/* -ENOSYS without libslirp, -EINVAL with too many forwards, logged. A port of
 * the host that is taken is an error of start(). */
int slirp_port_open(const struct slirp_port_options *options,
                    struct frame_port **frame_port) MUST_CHECK;

/* After start(): the forwards as opened, with the host ports that were free.
 * They belong to the port. */
const struct slirp_forward *slirp_port_forwards(const struct frame_port *port,
                                                unsigned *count);

#endif
