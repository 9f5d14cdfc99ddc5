/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_end.h: how a machine's run ended.
 */
#ifndef VMM_MACHINE_END_H
#define VMM_MACHINE_END_H

struct machine;

/* Finds machine->outcome and says what explains it; the devices have stopped,
 * nothing runs any more. */
void machine_end(struct machine *machine);

#endif
