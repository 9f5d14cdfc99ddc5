/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_requests.h: what is asked of a machine while it runs.
 */
#ifndef VMM_MACHINE_REQUESTS_H
#define VMM_MACHINE_REQUESTS_H

#include "vmm/compiler.h"

#include <stdbool.h>

struct machine;

enum machine_request {
    MACHINE_REQUEST_NONE,
    MACHINE_REQUEST_RESET,
    MACHINE_REQUEST_TRIPLE_FAULT,
    MACHINE_REQUEST_POWER_OFF,
    MACHINE_REQUEST_EXIT,    /* by the exit port, with a status */
    MACHINE_REQUEST_QUIT,    /* by the user */
    MACHINE_REQUEST_SIGNAL,  /* to this process, with its number */
    MACHINE_REQUEST_TIMEOUT, /* it took too long */
    MACHINE_REQUEST_PANIC,   /* the guest's kernel gave up */
    MACHINE_REQUEST_FAILED,
};

/* The sources of requests, of which machine->request_source is to be given its
 * callback and added to the loop; signals are requests from now on. */
int machine_requests_init(struct machine *machine) MUST_CHECK;

/* Asks, from any thread; the first is served, but who wants the end comes
 * before a reset. `detail`: see above. No vCPU enters the guest any more. */
void machine_request(struct machine *machine, enum machine_request what,
                     int detail);

/* Of machine->request. */
enum machine_request machine_request_of(int packed);
int machine_request_detail(int packed);
bool machine_asks_for_reset(enum machine_request what);

#endif
