/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slirp_stack.h: one network of libslirp: its clock, sockets and forwards.
 *
 * As in QEMU the guest is 10.0.2.15/24 by DHCP and in fec0::/64 by router
 * advertisement, the host 10.0.2.2 and fec0::2, its resolver 10.0.2.3 and
 * fec0::3. Calls are on one thread.
 */
#ifndef VDPA_SLIRP_STACK_H
#define VDPA_SLIRP_STACK_H

#include "vdpa/slirp_library.h"

#ifdef HAVE_LIBSLIRP

#include "vdpa/slirp_forward.h"
#include "vdpa/slirp_poll.h"
#include "vmm/compiler.h"
#include "vmm/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slirp_timer;

struct slirp_stack {
    /* Set by the caller, before start; poll's descriptors to -1. */
    const char *name; /* for messages */
    const struct slirp_library *library;
    /* A frame for the guest, during any of the calls below; must not call
     * back. */
    void (*receive)(void *owner, const void *frame, size_t size);
    void *owner;

    struct slirp_poll poll;
    Slirp *slirp;
    struct slirp_timer *timers;
    int newest_fd; /* of a forward that is being opened */
    struct log_limit complaints;
};

/* -errno, logged. Either way slirp_stack_destroy() cleans up. */
int slirp_stack_start(struct slirp_stack *stack, bool restricted,
                      uint16_t mtu) MUST_CHECK;
void slirp_stack_destroy(struct slirp_stack *stack);

/* Listens on the host, and fills in the port when it was 0. -errno, logged. */
int slirp_stack_forward(struct slirp_stack *stack,
                        struct slirp_forward *forward) MUST_CHECK;

/* A frame from the guest. */
void slirp_stack_input(struct slirp_stack *stack, const uint8_t *frame,
                       size_t size);
/* Whatever is due by now, without a look at the sockets. */
void slirp_stack_tick(struct slirp_stack *stack);
/* The same and the sockets, when poll.epoll_fd is ready. */
void slirp_stack_serve(struct slirp_stack *stack);
/* What to wait for from now on: after all of the above. With `hold_input`
 * nothing that would bring frames for the guest. */
void slirp_stack_update(struct slirp_stack *stack, bool hold_input);

#endif
#endif
