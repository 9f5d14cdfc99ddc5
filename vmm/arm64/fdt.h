/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fdt.h: the device tree, by which a guest knows its machine.
 */
#ifndef VMM_ARM64_FDT_H
#define VMM_ARM64_FDT_H

#include "vmm/compiler.h"
#include "vmm/guest_memory.h"
#include "vmm/vcpu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDT_SEED_SIZE 64 /* bytes */

/* What differs from one machine to another. */
struct fdt_machine {
    const struct guest_memory *memory; /* borrowed */
    unsigned num_cpus;
    uint32_t mpidrs[VCPU_MAX];
    bool is_gicv3, has_its, has_counters;
    const char *command_line;         /* borrowed */
    uint64_t initrd_gpa, initrd_size; /* bytes; 0: there is none */
    const uint8_t *seed; /* FDT_SEED_SIZE random bytes, or NULL; borrowed */
};

/* Writes the tree into `blob`, `size` bytes. -ENOSPC when it does not fit, as
 * with a long command line; not logged. */
int fdt_describe(const struct fdt_machine *machine, void *blob,
                 size_t size) MUST_CHECK;

/* Of a tree, in bytes. */
size_t fdt_size(const void *blob);

#endif
