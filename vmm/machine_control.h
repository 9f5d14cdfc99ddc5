/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_control.h: what can be asked of a machine by its control socket.
 */
#ifndef VMM_MACHINE_CONTROL_H
#define VMM_MACHINE_CONTROL_H

#include "vmm/compiler.h"

struct machine;

/* Opens the socket of the options; nothing when there is none. -errno,
 * logged. */
int machine_control_init(struct machine *machine) MUST_CHECK;

#endif
