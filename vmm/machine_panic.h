/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_panic.h: what the guest's kernel says of its panic by the pvpanic
 * device, whether or not it has a console to say so.
 */
#ifndef VMM_MACHINE_PANIC_H
#define VMM_MACHINE_PANIC_H

#include "vmm/compiler.h"
#include "vmm/event_loop.h"

#include <stdatomic.h>

struct machine;

/* Zero-initialised but for timer.fd, which is -1. */
struct machine_panic {
    atomic_bool is_known;
    struct event_source timer; /* ends the run a little later */
};

int machine_panic_init(struct machine *machine) MUST_CHECK;
void machine_panic_destroy(struct machine_panic *panic);

/* For pvpanic_init(): `owner` is the machine. On a vCPU's thread. */
void machine_panic_event(void *owner, unsigned events);

#endif
