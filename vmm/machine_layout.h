/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_layout.h: where an architecture puts the devices that every
 * machine has.
 */
#ifndef VMM_MACHINE_LAYOUT_H
#define VMM_MACHINE_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

struct machine_layout {
    /* The four small devices: I/O port numbers, or guest-physical addresses
     * where the architecture has no I/O ports. */
    bool has_ports;
    uint64_t serial_base, power_base, exit_port_base, pvpanic_base;
    unsigned serial_gsi;
    /* The boot timer's byte of memory, and its port; 0: it has none. */
    /* For --debug-exit. */
    uint64_t debug_exit_base, debug_exit_size;
    uint64_t boot_timer_base, debug_port_base;
    /* PCI hot-plug registers, in the same space; without them the machine
     * description does not let functions come and go. */
    bool has_hotplug;
    uint64_t hotplug_base;
    unsigned hotplug_gsi;

    /* PCI; guest-physical, bytes. */
    uint64_t pci_ecam_base;
    uint64_t pci_window32_base, pci_window32_size;
    uint64_t pci_window64_base, pci_window64_size;
    unsigned pci_first_gsi, pci_num_gsis;

    /* What a Linux kernel is told that boots for a command: its console, and
     * what not to waste time on. */
    const char *kernel_append;
};

#endif
