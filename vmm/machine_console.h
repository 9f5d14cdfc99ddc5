/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_console.h: the guest's serial port and where its bytes go.
 */
#ifndef VMM_MACHINE_CONSOLE_H
#define VMM_MACHINE_CONSOLE_H

#include "vmm/compiler.h"

struct machine;

/* Makes machine->serial, for the caller to put on a bus. */
void machine_console_init_serial(struct machine *machine);
/* Opens --kmsg and takes the terminal over; -errno, logged. */
int machine_console_open(struct machine *machine) MUST_CHECK;
/* Also of a half-made machine; kmsg_fd must be -1 then. */
void machine_console_close(struct machine *machine);

#endif
