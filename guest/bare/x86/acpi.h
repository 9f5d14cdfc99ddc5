/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * acpi.h: finding the tables of the machine, and fields in them.
 */
#ifndef GUEST_BARE_X86_ACPI_H
#define GUEST_BARE_X86_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ACPI 6.5, 5.2.6 and 5.2.9: offsets. */
#define ACPI_TABLE_LENGTH   4
#define ACPI_HEADER_SIZE    36
#define FADT_FLAGS          112
#define FADT_RESET_REGISTER 116
#define FADT_RESET_VALUE    128
#define FADT_X_DSDT         140
#define FADT_SLEEP_CONTROL  244
#define FADT_SLEEP_STATUS   256

#define FADT_HAS_RESET_REGISTER (1U << 10)
#define FADT_HARDWARE_REDUCED   (1U << 20)

/* Guest-physical address of the table with `signature`, 0 for none. */
uint64_t acpi_find(const char *signature);

bool acpi_sum_is_zero(uint64_t gpa, size_t size);

/* The port that a generic address structure (5.2.3.2) at `gpa` names; 0 when
 * it is not one byte of I/O space. */
uint16_t acpi_port_of(uint64_t gpa);

#endif
