/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_memory.h: guest RAM as the options want it.
 */
#ifndef VMM_MACHINE_MEMORY_H
#define VMM_MACHINE_MEMORY_H

#include "vmm/compiler.h"

struct machine;

/* Makes RAM, places and allocates it; -errno, logged. machine_destroy() undoes
 * it. */
int machine_memory_init(struct machine *machine) MUST_CHECK;

/* Makes room for all devices of the options to pin it, before the first of
 * them does; -ENOMEM, logged. */
int machine_memory_reserve(struct machine *machine) MUST_CHECK;

#endif
