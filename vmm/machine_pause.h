/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_pause.h: a machine that stands still and goes on, as its control
 * socket asks for.
 */
#ifndef VMM_MACHINE_PAUSE_H
#define VMM_MACHINE_PAUSE_H

#include "vmm/control.h"

#include <stdbool.h>

struct machine;

/* For the table of commands; on the control thread. */
void machine_pause_run(void *owner, struct control_call *call);
void machine_pause_run_resume(void *owner, struct control_call *call);

bool machine_pause_is_on(struct machine *machine);

/*
 * Keeps pauses from beginning while the I/O thread stops and starts vCPUs
 * itself. Does not wait: false when the machine is paused, or about to be, or
 * just goes on. Requests of the machine are then served, if need be once more,
 * when it goes on.
 */
bool machine_pause_block(struct machine *machine);
void machine_pause_unblock(struct machine *machine);

#endif
