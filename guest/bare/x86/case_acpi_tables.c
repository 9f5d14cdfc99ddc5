/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_acpi_tables.c: the ACPI tables are sound and name this machine.
 *
 * Its command line says how many CPUs are due, in decimal.
 */
#include "guest/bare/bytes.h"
#include "guest/bare/guest.h"
#include "guest/bare/x86/acpi.h"
#include "guest/bare/x86/start_info.h"
#include "vmm/x86/memory_map.h"

#define MADT_ENTRIES     (ACPI_HEADER_SIZE + 8)
#define MADT_LOCAL_APIC  0
#define MADT_IO_APIC     1
#define MCFG_ALLOCATIONS (ACPI_HEADER_SIZE + 8)

static void check_table(const char *name, uint64_t table)
{
    check(table != 0 && acpi_sum_is_zero(table, load32(table + 4)),
          "%s is there and its bytes add up to zero", name);
    check(table >= ACPI_GPA && table < ACPI_GPA + ACPI_SIZE,
          "%s is inside the reserved range", name);
}

static void check_rsdp(uint64_t rsdp)
{
    uint64_t xsdt = load64(rsdp + 24);

    check(memcmp((const void *)rsdp, "RSD PTR ", 8) == 0,
          "the start info names an RSDP");
    check(*at_gpa(rsdp + 15) == 2, "its revision is 2");
    check(acpi_sum_is_zero(rsdp, 20), "its first 20 bytes add up to zero");
    check(acpi_sum_is_zero(rsdp, load32(rsdp + 20)),
          "all of its bytes add up to zero");
    check(memcmp((const void *)xsdt, "XSDT", 4) == 0, "it names an XSDT");
    check_table("XSDT", xsdt);
}

static void check_fadt(uint64_t fadt)
{
    uint32_t flags = load32(fadt + FADT_FLAGS);
    uint64_t dsdt = load64(fadt + FADT_X_DSDT);

    check_table("FADT", fadt);
    check(flags & FADT_HARDWARE_REDUCED, "the FADT is hardware-reduced");
    check(flags & FADT_HAS_RESET_REGISTER, "the FADT has a reset register");
    check(acpi_port_of(fadt + FADT_RESET_REGISTER) == RESET_PORT,
          "the reset register is port 0x%x", RESET_PORT);
    check(*at_gpa(fadt + FADT_RESET_VALUE) == RESET_VALUE,
          "the reset value is %u", RESET_VALUE);
    check(acpi_port_of(fadt + FADT_SLEEP_CONTROL) == SLEEP_CONTROL_PORT,
          "the sleep control register is port 0x%x", SLEEP_CONTROL_PORT);
    check(acpi_port_of(fadt + FADT_SLEEP_STATUS) == SLEEP_STATUS_PORT,
          "the sleep status register is port 0x%x", SLEEP_STATUS_PORT);
    check(memcmp((const void *)dsdt, "DSDT", 4) == 0, "the FADT names a DSDT");
    check_table("DSDT", dsdt);
}

static unsigned cpus_due(void)
{
    const char *digit = (const char *)start_info->command_line_gpa;
    unsigned count = 0;

    for (; *digit >= '0' && *digit <= '9'; digit++)
        count = count * 10 + (unsigned)(*digit - '0');
    return count;
}

static void check_madt(uint64_t madt)
{
    uint64_t end = madt + load32(madt + ACPI_TABLE_LENGTH);
    unsigned cpus = 0, io_apics = 0;
    bool ids_are_in_order = true;

    check_table("MADT", madt);
    for (uint64_t at = madt + MADT_ENTRIES; at<end && * at_gpa(at + 1)> 0;
         at += *at_gpa(at + 1)) {
        if (*at_gpa(at) == MADT_LOCAL_APIC && load32(at + 4) & 1)
            ids_are_in_order &= *at_gpa(at + 3) == cpus++;
        else if (*at_gpa(at) == MADT_IO_APIC)
            io_apics += load32(at + 4) == IOAPIC_BASE;
    }
    check(cpus == cpus_due(), "the MADT has %u CPUs; it shows %u", cpus_due(),
          cpus);
    check(ids_are_in_order, "their local APIC ids count up from 0");
    check(io_apics == 1, "the MADT has the IOAPIC");
}

static void check_mcfg(uint64_t mcfg)
{
    check_table("MCFG", mcfg);
    check(load64(mcfg + MCFG_ALLOCATIONS) == PCI_ECAM_BASE,
          "the MCFG names ECAM at 0x%lx", (unsigned long)PCI_ECAM_BASE);
    check(*at_gpa(mcfg + MCFG_ALLOCATIONS + 10) == 0 &&
              *at_gpa(mcfg + MCFG_ALLOCATIONS + 11) == 0,
          "the MCFG has bus 0 alone");
}

void run_case(void)
{
    check_rsdp(start_info->rsdp_gpa);
    check_fadt(acpi_find("FACP"));
    check_madt(acpi_find("APIC"));
    check_mcfg(acpi_find("MCFG"));
}
