/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * acpi.h: the machine description that x86 guests read.
 */
#ifndef VMM_X86_ACPI_H
#define VMM_X86_ACPI_H

#include "vmm/compiler.h"
#include "vmm/guest_memory.h"

#include <stdint.h>

/* Writes RSDP, XSDT, FADT, MADT, MCFG and DSDT for `num_cpus` vCPUs into the
 * ACPI area of guest RAM; `*rsdp_gpa` says where they begin. */
int acpi_write_tables(const struct guest_memory *memory, unsigned num_cpus,
                      uint64_t *rsdp_gpa) MUST_CHECK;

#endif
