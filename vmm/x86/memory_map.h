/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory_map.h: every address, port and interrupt of the x86 machine.
 *
 * Plain numbers, so that C, the ACPI source (dsdt.asl) and bare test guests
 * read the same file.
 */
#ifndef VMM_X86_MEMORY_MAP_H
#define VMM_X86_MEMORY_MAP_H

/*
 * Guest-physical addresses.
 *
 *   0              boot structures, then free RAM
 *   0xa0000        reserved: ACPI tables from 0xe0000 on
 *   1 MiB          RAM
 *   3 GiB          boot timer: a byte, where Firecracker has it
 *   3 GiB, 16 MiB  32-bit PCI window
 *   0xe0000000     ECAM of bus 0
 *   0xfec00000     IOAPIC and local APICs
 *   4 GiB          RAM that did not fit below
 *   256 GiB        64-bit PCI window
 */
#define BOOT_GDT_GPA          0x500
#define BOOT_INFO_GPA         0x6000 /* PVH start info, memory map, modules */
#define BOOT_PARAMS_GPA       0x7000 /* Linux's zero page */
#define BOOT_PAGE_TABLES_GPA  0x9000 /* six pages */
#define BOOT_COMMAND_LINE_GPA 0x20000
#define BOOT_COMMAND_LINE_MAX 0x10000

#define LOW_RAM_END    0xa0000
#define ACPI_GPA       0xe0000
#define ACPI_SIZE      0x20000
#define HIGH_RAM_START 0x100000

#define LOW_MEMORY_END    0xc0000000
#define BOOT_TIMER_GPA    0xc0000000
#define PCI_WINDOW32_BASE 0xc1000000
#define PCI_WINDOW32_SIZE 0x1f000000
#define PCI_WINDOW32_LAST 0xdfffffff
#define PCI_ECAM_BASE     0xe0000000
#define PCI_ECAM_SIZE     0x00100000
#define IOAPIC_BASE       0xfec00000
#define LOCAL_APIC_BASE   0xfee00000
/* Intel's EPT violation and TSS workarounds need four pages below 4 GiB
 * (KVM api.rst, KVM_SET_TSS_ADDR, KVM_SET_IDENTITY_MAP_ADDR). */
#define KVM_IDENTITY_MAP_GPA 0xfeffc000
#define KVM_TSS_GPA          0xfeffd000
#define RAM_ABOVE_4G         0x100000000
#define PCI_WINDOW64_BASE    0x4000000000
#define PCI_WINDOW64_SIZE    0x800000000
#define PCI_WINDOW64_LAST    0x47ffffffff

/* I/O ports. */
#define DEBUG_PORT         0x80
#define DEBUG_EXIT_PORT    0xf4
#define DEBUG_EXIT_PORTS   4
#define SERIAL_PORT        0x3f8
#define PVPANIC_PORT       0x505
#define SLEEP_CONTROL_PORT 0x600
#define SLEEP_STATUS_PORT  0x601
#define RESET_PORT         0x602
#define EXIT_PORT          0x604
#define HOTPLUG_PORT       0x610
#define HOTPLUG_PORTS      12
#define PCI_CONFIG_PORT    0xcf8
#define PCI_CONFIG_PORTS   8

/* Written to RESET_PORT to reset, to SLEEP_CONTROL_PORT (as SLP_TYP) for S5. */
#define RESET_VALUE   1
#define SLEEP_TYPE_S5 5

/* Global system interrupts: pins of the IOAPIC. */
#define SERIAL_GSI    4
#define HOTPLUG_GSI   5
#define PCI_FIRST_GSI 16
#define PCI_NUM_GSIS  8
#define IOAPIC_PINS   24

#endif
