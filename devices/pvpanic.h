/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pvpanic.h: where the guest's kernel says that it panicked: one byte, as
 * QEMU's docs/specs/pvpanic has it, found by ACPI as QEMU0001 or by a device
 * tree as qemu,pvpanic-mmio.
 *
 * Reading it says which events there are, writing one says that it came.
 */
#ifndef DEVICES_PVPANIC_H
#define DEVICES_PVPANIC_H

#include "vmm/bus.h"

#include <stdint.h>

#define PVPANIC_PANICKED     0x1 /* the kernel goes no further */
#define PVPANIC_CRASH_LOADED 0x2 /* nor this one, but its crash kernel does */

struct pvpanic {
    struct bus_region region; /* for the caller to add to a bus */
    /* PVPANIC_* that are known, at least one. On the vCPU's thread. */
    void (*event)(void *owner, unsigned events);
    void *owner;
};

/* `base`: its port or address; `owner` is borrowed. Without state or
 * resources: there is nothing to reset or destroy. */
void pvpanic_init(struct pvpanic *device, uint64_t base,
                  void (*event)(void *owner, unsigned events), void *owner);

#endif
