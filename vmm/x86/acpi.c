/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * acpi.c: hardware-reduced ACPI: the fixed tables, around a DSDT compiled
 * from dsdt.asl.
 *
 * ACPI 6.5, chapter 5; section numbers below are of that edition.
 */
#include "vmm/x86/acpi.h"

#include "vmm/bytes.h"
#include "vmm/x86/memory_map.h"

/* dsdt_aml_code, compiled from dsdt.asl. */
#include "vmm/x86/dsdt.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define HEADER_SIZE         36 /* 5.2.6, System Description Table Header */
#define RSDP_SIZE           36
#define FADT_SIZE           276
#define MADT_SIZE(num_cpus) (HEADER_SIZE + 8 + 8 * (size_t)(num_cpus) + 12)
#define MCFG_SIZE           (HEADER_SIZE + 8 + 16)
#define XSDT_SIZE           (HEADER_SIZE + 3 * 8)

/* Where the tables are built and what has been used. */
struct acpi_area {
    uint8_t *host;
    uint64_t gpa, used, size; /* bytes */
};

static uint8_t checksum(const uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return (uint8_t)-sum;
}

/* The next `size` bytes of the area, zeroed; tables start at 16 bytes. */
static uint8_t *reserve(struct acpi_area *area, size_t size, uint64_t *gpa)
{
    uint8_t *table = area->host + area->used;

    assert(size <= area->size - area->used);
    *gpa = area->gpa + area->used;
    area->used = align_up(area->used + size, 16);
    memset(table, 0, size);
    return table;
}

static uint8_t *begin_table(struct acpi_area *area, const char *signature,
                            uint8_t revision, size_t size, uint64_t *gpa)
{
    uint8_t *table = reserve(area, size, gpa);

    memcpy(table, signature, 4);
    store_le32(table + 4, (uint32_t)size);
    table[8] = revision;
    memcpy(table + 10, "VMM   ", 6);
    memcpy(table + 16, "VMMTABLE", 8);
    store_le32(table + 24, 1);
    memcpy(table + 28, "VMM ", 4);
    store_le32(table + 32, 1);
    return table;
}

static void end_table(uint8_t *table)
{
    table[9] = 0;
    table[9] = checksum(table, load_le32(table + 4));
}

/* 5.2.3.2, Generic Address Structure: one byte-wide I/O port. */
static void store_port(uint8_t *address, uint16_t port)
{
    address[0] = 1; /* system I/O space */
    address[1] = 8; /* bits */
    address[2] = 0;
    address[3] = 1; /* byte access */
    store_le64(address + 4, port);
}

/* 5.2.9, Fixed ACPI Description Table. */
static uint64_t write_fadt(struct acpi_area *area, uint64_t dsdt_gpa)
{
    uint64_t gpa;
    uint8_t *table = begin_table(area, "FACP", 6, FADT_SIZE, &gpa);
    const uint16_t no_vga = 1 << 2, no_cmos_rtc = 1 << 5;
    const uint32_t wbinvd = 1 << 0, no_power_button = 1 << 4,
                   no_sleep_button = 1 << 5, has_reset_register = 1 << 10,
                   hardware_reduced = 1 << 20;

    store_le32(table + 40, (uint32_t)dsdt_gpa);
    /* Bit 1, an 8042 keyboard controller, stays clear: probing for one that
     * is not there costs Linux half a second. */
    store_le16(table + 109, no_vga | no_cmos_rtc);
    store_le32(table + 112, wbinvd | no_power_button | no_sleep_button |
                                has_reset_register | hardware_reduced);
    store_port(table + 116, RESET_PORT);
    table[128] = RESET_VALUE;
    table[131] = 5; /* minor version */
    store_le64(table + 140, dsdt_gpa);
    store_port(table + 244, SLEEP_CONTROL_PORT);
    store_port(table + 256, SLEEP_STATUS_PORT);
    end_table(table);
    return gpa;
}

/* 5.2.12, Multiple APIC Description Table. */
static uint64_t write_madt(struct acpi_area *area, unsigned num_cpus)
{
    uint64_t gpa;
    uint8_t *table = begin_table(area, "APIC", 5, MADT_SIZE(num_cpus), &gpa);
    uint8_t *entry = table + HEADER_SIZE + 8;

    store_le32(table + HEADER_SIZE, LOCAL_APIC_BASE);
    for (unsigned i = 0; i < num_cpus; i++) {
        entry[0] = 0; /* processor local APIC */
        entry[1] = 8;
        entry[2] = (uint8_t)i;
        entry[3] = (uint8_t)i;
        store_le32(entry + 4, 1); /* enabled */
        entry += 8;
    }
    entry[0] = 1; /* I/O APIC */
    entry[1] = 12;
    store_le32(entry + 4, IOAPIC_BASE);
    store_le32(entry + 8, 0); /* its first global system interrupt */
    end_table(table);
    return gpa;
}

/* PCI Firmware Specification 3.3, 4.1.2: where ECAM is. */
static uint64_t write_mcfg(struct acpi_area *area)
{
    uint64_t gpa;
    uint8_t *table = begin_table(area, "MCFG", 1, MCFG_SIZE, &gpa);

    store_le64(table + HEADER_SIZE + 8, PCI_ECAM_BASE);
    table[HEADER_SIZE + 18] = 0;                            /* first bus */
    table[HEADER_SIZE + 19] = PCI_ECAM_SIZE / 0x100000 - 1; /* last bus */
    end_table(table);
    return gpa;
}

/* 5.2.8, Extended System Description Table. */
static uint64_t write_xsdt(struct acpi_area *area, const uint64_t *tables)
{
    uint64_t gpa;
    uint8_t *table = begin_table(area, "XSDT", 1, XSDT_SIZE, &gpa);

    for (unsigned i = 0; i < 3; i++)
        store_le64(table + HEADER_SIZE + 8 * (size_t)i, tables[i]);
    end_table(table);
    return gpa;
}

int acpi_write_tables(const struct guest_memory *memory, unsigned num_cpus,
                      uint64_t *rsdp_gpa)
{
    struct acpi_area area = {
        .host = guest_memory_at(memory, ACPI_GPA, ACPI_SIZE),
        .gpa = ACPI_GPA,
        .size = ACPI_SIZE,
    };
    uint64_t tables[3], dsdt_gpa, xsdt_gpa;
    uint8_t *rsdp;

    if (!area.host)
        return -EFAULT;
    /* 5.2.5.3, RSDP: first, where a guest that scans finds it. */
    rsdp = reserve(&area, RSDP_SIZE, rsdp_gpa);
    memcpy(reserve(&area, sizeof(dsdt_aml_code), &dsdt_gpa), dsdt_aml_code,
           sizeof(dsdt_aml_code));
    tables[0] = write_fadt(&area, dsdt_gpa);
    tables[1] = write_madt(&area, num_cpus);
    tables[2] = write_mcfg(&area);
    xsdt_gpa = write_xsdt(&area, tables);

    memcpy(rsdp, "RSD PTR ", 8);
    memcpy(rsdp + 9, "VMM   ", 6);
    rsdp[15] = 2; /* revision */
    store_le32(rsdp + 20, RSDP_SIZE);
    store_le64(rsdp + 24, xsdt_gpa);
    rsdp[8] = checksum(rsdp, 20);
    rsdp[32] = checksum(rsdp, RSDP_SIZE);
    return 0;
}
