/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * layout.c: where the x86 machine has its devices.
 */
#include "vmm/arch.h"
#include "vmm/x86/memory_map.h"

static const struct machine_layout layout = {
    .has_ports = true,
    .serial_base = SERIAL_PORT,
    .power_base = SLEEP_CONTROL_PORT,
    .exit_port_base = EXIT_PORT,
    .debug_exit_base = DEBUG_EXIT_PORT,
    .debug_exit_size = DEBUG_EXIT_PORTS,
    .boot_timer_base = BOOT_TIMER_GPA,
    .debug_port_base = DEBUG_PORT,
    .pvpanic_base = PVPANIC_PORT,
    .serial_gsi = SERIAL_GSI,
    .has_hotplug = true,
    .hotplug_base = HOTPLUG_PORT,
    .hotplug_gsi = HOTPLUG_GSI,
    .pci_ecam_base = PCI_ECAM_BASE,
    .pci_window32_base = PCI_WINDOW32_BASE,
    .pci_window32_size = PCI_WINDOW32_SIZE,
    .pci_window64_base = PCI_WINDOW64_BASE,
    .pci_window64_size = PCI_WINDOW64_SIZE,
    .pci_first_gsi = PCI_FIRST_GSI,
    .pci_num_gsis = PCI_NUM_GSIS,
    .has_nmi = true,
    /* noearly: looking for AGP bridges takes 8192 port accesses, twice. */
    .kernel_append = "console=ttyS0 pci=noearly",
    .tree_image = "arch/x86/boot/bzImage",
    .tree_part = "arch/x86/Makefile",
    .library_triplet = "x86_64-linux-gnu",
    .kvm_remedy = "load kvm_intel or kvm_amd, and switch virtualization on in "
                  "the firmware or, in a virtual machine, allow nesting",
};

const struct machine_layout *arch_machine_layout(void)
{
    return &layout;
}
