/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * acpi.c: finding the tables of the machine, and fields in them.
 */
#include "guest/bare/x86/acpi.h"

#include "guest/bare/bytes.h"
#include "guest/bare/guest.h"
#include "guest/bare/x86/start_info.h"

#define RSDP_XSDT      24
#define SYSTEM_IO      1
#define BYTE_BITS      8
#define ADDRESS_OFFSET 4

uint64_t acpi_find(const char *signature)
{
    uint64_t xsdt = load64(start_info->rsdp_gpa + RSDP_XSDT);
    uint32_t length = load32(xsdt + ACPI_TABLE_LENGTH);

    for (uint32_t at = ACPI_HEADER_SIZE; at + 8 <= length; at += 8) {
        uint64_t table = load64(xsdt + at);

        if (memcmp((const void *)table, signature, 4) == 0)
            return table;
    }
    return 0;
}

bool acpi_sum_is_zero(uint64_t gpa, size_t size)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + *at_gpa(gpa + i));
    return sum == 0;
}

uint16_t acpi_port_of(uint64_t gpa)
{
    if (*at_gpa(gpa) != SYSTEM_IO || *at_gpa(gpa + 1) != BYTE_BITS)
        return 0;
    return (uint16_t)load64(gpa + ADDRESS_OFFSET);
}
