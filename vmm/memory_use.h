/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory_use.h: what memory this process uses beyond that of its guest.
 */
#ifndef VMM_MEMORY_USE_H
#define VMM_MEMORY_USE_H

#include "vmm/compiler.h"
#include "vmm/guest_memory.h"

#include <stdint.h>

/* KiB. Huge pages of the guest's count nowhere: the kernel leaves them out. */
struct memory_use {
    uint64_t guest;  /* resident of the guest's memory */
    uint64_t beyond; /* resident of everything else that is mapped */
    uint64_t peak;   /* the most that ever was resident, of both (VmHWM) */
    /* The most that is known to have been resident beyond the guest: `beyond`,
     * or more when `peak` less `guest` is. What was there for a moment while
     * the guest's memory still grew is not seen. */
    uint64_t peak_beyond;
};

/* Of the process whose folder in /proc is `folder`, "/proc/self" but in tests,
 * and whose guest has `memory`. -errno. */
int memory_use_read(struct memory_use *use, const char *folder,
                    const struct guest_memory *memory) MUST_CHECK;

#endif
