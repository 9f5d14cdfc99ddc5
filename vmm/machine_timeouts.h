/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_timeouts.h: ends a run that takes too long.
 */
#ifndef VMM_MACHINE_TIMEOUTS_H
#define VMM_MACHINE_TIMEOUTS_H

#include "vmm/compiler.h"
#include "vmm/event_loop.h"

#include <stdbool.h>
#include <stdint.h>

struct machine;

struct machine_timeouts {
    struct event_source timer; /* timerfd; -1 without a timeout */
    uint64_t start_ms;         /* monotonic */
    bool boot_is_over;
    unsigned farewells; /* asked of the guest since time was up */
};

/* Time runs from here. -errno, logged. The timer is closed by destroy(), also
 * of timeouts that were never begun, whose descriptor must be -1. */
int machine_timeouts_begin(struct machine *machine) MUST_CHECK;
void machine_timeouts_destroy(struct machine_timeouts *timeouts);

#endif
