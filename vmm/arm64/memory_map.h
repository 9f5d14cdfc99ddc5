/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory_map.h: every address and interrupt of the arm64 machine.
 *
 * Plain numbers, so that C, assembly and bare test guests read the same file.
 * A guest finds all of it in the device tree (fdt.c), whose address it has in
 * x0 when it starts.
 */
#ifndef VMM_ARM64_MEMORY_MAP_H
#define VMM_ARM64_MEMORY_MAP_H

/*
 * Guest-physical addresses. All fits into 36 bits, which the smallest
 * processors give a guest, as long as it has up to 30 GiB of RAM.
 *
 *   0x08000000   interrupt controller
 *   0x0ff00000   ECAM of bus 0
 *   0x10000000   32-bit PCI window
 *   1 GiB        boot timer, where Firecracker has it; the small devices
 *   2 GiB        RAM: the device tree, then the kernel, then its initrd
 *   32 GiB       64-bit PCI window
 *   64 GiB       RAM that did not fit below
 */
#define GIC_DISTRIBUTOR_GPA    0x08000000
#define GIC_DISTRIBUTOR_SIZE   0x00010000
#define GIC_CPU_INTERFACE_GPA  0x08010000 /* GICv2 alone */
#define GIC_CPU_INTERFACE_SIZE 0x00002000
#define GIC_ITS_GPA            0x08080000
#define GIC_ITS_SIZE           0x00020000
#define GIC_REDISTRIBUTORS_GPA 0x0a000000 /* room for 256 */
#define GIC_REDISTRIBUTOR_SIZE 0x00020000 /* each */

#define PCI_ECAM_BASE     0x0ff00000
#define PCI_ECAM_SIZE     0x00100000
#define PCI_WINDOW32_BASE 0x10000000
#define PCI_WINDOW32_SIZE 0x30000000

#define BOOT_TIMER_GPA   0x40000000
#define RTC_GPA          0x40010000
#define RTC_SIZE         0x00001000
#define SERIAL_GPA       0x40020000
#define SERIAL_SIZE      8
#define PVPANIC_GPA      0x40030000
#define PVPANIC_SIZE     1
#define EXIT_PORT_GPA    0x40040000
#define DEBUG_EXIT_GPA   0x40050000
#define DEBUG_EXIT_BYTES 4

#define RAM_GPA           0x80000000
#define RAM_SIZE          0x780000000 /* up to the window */
#define PCI_WINDOW64_BASE 0x800000000
#define PCI_WINDOW64_SIZE 0x80000000
#define HIGH_RAM_GPA      0x1000000000
#define HIGH_RAM_SIZE     0xf000000000 /* up to 1 TiB, 40 bits */

/* The first 2 MiB of RAM; a kernel starts at the next. */
#define DEVICE_TREE_GPA  RAM_GPA
#define DEVICE_TREE_SIZE 0x200000

/* Pins of the interrupt controller, which are its SPIs: pin n is interrupt
 * 32 + n. */
#define GIC_FIRST_SPI 32
#define GIC_NUM_SPIS  32
#define SERIAL_PIN    1
#define PCI_FIRST_PIN 16
#define PCI_NUM_PINS  8

/* Interrupts of each processor's own timers and counters: PPIs, as the device
 * tree counts them (KVM api.rst, KVM_ARM_VCPU_TIMER_CTRL: 16 less). */
#define TIMER_SECURE_PPI     13
#define TIMER_PHYSICAL_PPI   14
#define TIMER_VIRTUAL_PPI    11
#define TIMER_HYPERVISOR_PPI 10
#define PMU_PPI              7

#endif
