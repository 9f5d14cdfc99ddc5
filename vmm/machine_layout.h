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
    /* The small devices: I/O port numbers, or guest-physical addresses where
     * the architecture has no I/O ports. */
    bool has_ports;
    uint64_t serial_base, exit_port_base, pvpanic_base;
    unsigned serial_gsi;
    /* For --debug-exit. */
    uint64_t debug_exit_base, debug_exit_size;
    /* 0: the machine has none. A guest that has no power registers switches
     * off by a call of KVM's, one without a clock reads KVM's. */
    uint64_t power_base, rtc_base;
    /* The boot timer's byte of memory, and its port; 0: it has none. */
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

    /* Whether a device tree describes the machine, not ACPI; whether a vCPU
     * takes NMIs. */
    bool has_device_tree, has_nmi;

    /* What a Linux kernel is told that boots for a command: its console, and
     * what not to waste time on. */
    const char *kernel_append;

    /* Of a kernel's tree: the image that is built for this architecture, and
     * a file that tells such a tree from others. */
    const char *tree_image, *tree_part;
    /* Debian's name of the architecture, in folders of libraries. */
    const char *library_triplet;
    /* What to do where the host has no /dev/kvm. */
    const char *kvm_remedy;
};

#endif
