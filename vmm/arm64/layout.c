/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * layout.c: where the arm64 machine has its devices and its memory.
 */
#include "vmm/arch.h"
#include "vmm/arm64/memory_map.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>

static const struct machine_layout layout = {
    .serial_base = SERIAL_GPA,
    .exit_port_base = EXIT_PORT_GPA,
    .pvpanic_base = PVPANIC_GPA,
    .serial_gsi = SERIAL_PIN,
    .debug_exit_base = DEBUG_EXIT_GPA,
    .debug_exit_size = DEBUG_EXIT_BYTES,
    .rtc_base = RTC_GPA,
    .boot_timer_base = BOOT_TIMER_GPA,
    .pci_ecam_base = PCI_ECAM_BASE,
    .pci_window32_base = PCI_WINDOW32_BASE,
    .pci_window32_size = PCI_WINDOW32_SIZE,
    .pci_window64_base = PCI_WINDOW64_BASE,
    .pci_window64_size = PCI_WINDOW64_SIZE,
    .pci_first_gsi = PCI_FIRST_PIN,
    .pci_num_gsis = PCI_NUM_PINS,
    .has_device_tree = true,
    .kernel_append = "console=ttyS0",
    .tree_image = "arch/arm64/boot/Image",
    .tree_part = "arch/arm64/Makefile",
    .library_triplet = "aarch64-linux-gnu",
    .kvm_remedy = "the kernel has to be built with KVM and started by the "
                  "firmware at EL2 (see \"dmesg | grep kvm\"); in a virtual "
                  "machine, allow nesting",
};

const struct machine_layout *arch_machine_layout(void)
{
    return &layout;
}

unsigned long arch_machine_type(int system_fd)
{
    int bits = ioctl(system_fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);

    /* 0 stands for 40 bits, which is all that the map needs. */
    return bits > 0 && bits < 40 ? KVM_VM_TYPE_ARM_IPA_SIZE(bits) : 0;
}

unsigned arch_memory_ranges(uint64_t size, struct guest_memory_range *ranges)
{
    uint64_t below = RAM_SIZE;

    if (size > arch_memory_limit())
        return 0;
    if (size <= below) {
        ranges[0] = (struct guest_memory_range){.gpa = RAM_GPA, .size = size};
        return 1;
    }
    ranges[0] = (struct guest_memory_range){.gpa = RAM_GPA, .size = below};
    ranges[1] =
        (struct guest_memory_range){.gpa = HIGH_RAM_GPA, .size = size - below};
    return 2;
}

uint64_t arch_memory_limit(void)
{
    return RAM_SIZE + HIGH_RAM_SIZE;
}
