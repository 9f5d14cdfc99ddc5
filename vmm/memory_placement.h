/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory_placement.h: where on the host guest RAM lies, and that it is there.
 *
 * Both are done once, after guest_memory_init() and before anything touches
 * the memory or gives it to a device, first the node.
 */
#ifndef VMM_MEMORY_PLACEMENT_H
#define VMM_MEMORY_PLACEMENT_H

#include "vmm/compiler.h"
#include "vmm/guest_memory.h"

/* Has all pages come from the host's NUMA node `node`, whoever asks for them
 * first. -EINVAL (logged) when it is none with that much memory, -errno of
 * mbind() otherwise. */
int memory_placement_bind(const struct guest_memory *memory,
                          unsigned node) MUST_CHECK;

/* Allocates all pages now, by several threads. -ENOMEM (logged) when the host
 * has too few, which else would end the process some time later. */
int memory_placement_populate(const struct guest_memory *memory) MUST_CHECK;

#endif
