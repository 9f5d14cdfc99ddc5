/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_dump.h: the device tree of a machine as a file, for --dump-dtb.
 */
#ifndef VMM_MACHINE_DUMP_H
#define VMM_MACHINE_DUMP_H

#include "vmm/compiler.h"

struct machine;

/* Once the guest is loaded. -errno, logged. */
int machine_dump_device_tree(struct machine *machine) MUST_CHECK;

#endif
