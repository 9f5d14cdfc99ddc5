/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.h: device memory, and where the small devices are.
 */
#ifndef GUEST_BARE_ARM64_MACHINE_H
#define GUEST_BARE_ARM64_MACHINE_H

#include "vmm/arm64/memory_map.h"

#include <stddef.h>
#include <stdint.h>

#define SERIAL_BASE     SERIAL_GPA
#define EXIT_BASE       EXIT_PORT_GPA
#define DEBUG_EXIT_BASE DEBUG_EXIT_GPA

#define PCI_WINDOW32_LAST (PCI_WINDOW32_BASE + PCI_WINDOW32_SIZE - 1UL)
#define PCI_WINDOW64_LAST (PCI_WINDOW64_BASE + PCI_WINDOW64_SIZE - 1UL)
#define PCI_FIRST_GSI     PCI_FIRST_PIN
#define PCI_NUM_GSIS      PCI_NUM_PINS

#define PROGRAM_GPA  (DEVICE_TREE_GPA + DEVICE_TREE_SIZE)
#define FREE_RAM_GPA 0x81000000 /* outside of everything that the VMM loads */
/* Of a guest of 64 MiB. */
#define NO_RAM_GPA         0x90000000
#define INTERRUPT_CHIP_GPA GIC_DISTRIBUTOR_GPA
#define NOTHING_GPA        0x400f0000

/* Single loads and stores of one register, which leave behind what KVM needs
 * to know; the compiler may choose others. */
#define MMIO_ACCESSORS(bits, suffix, form)                                     \
    static inline uint##bits##_t mmio_read##bits(uintptr_t address)            \
    {                                                                          \
        uint##bits##_t value;                                                  \
                                                                               \
        __asm__ volatile("ldr" suffix " %" form "0, [%1]"                      \
                         : "=r"(value)                                         \
                         : "r"(address)                                        \
                         : "memory");                                          \
        return value;                                                          \
    }                                                                          \
    static inline void mmio_write##bits(uintptr_t address,                     \
                                        uint##bits##_t value)                  \
    {                                                                          \
        /* What was written to RAM before is there for the device. */          \
        __asm__ volatile("dmb oshst; str" suffix " %" form "0, [%1]"           \
                         :                                                     \
                         : "r"(value), "r"(address)                            \
                         : "memory");                                          \
    }

MMIO_ACCESSORS(8, "b", "w")
MMIO_ACCESSORS(16, "h", "w")
MMIO_ACCESSORS(32, "", "w")
MMIO_ACCESSORS(64, "", "x")

/* Registers of the small devices. */
static inline void device_write8(uint64_t base, uint8_t value)
{
    mmio_write8(base, value);
}

static inline void device_write32(uint64_t base, uint32_t value)
{
    mmio_write32(base, value);
}

static inline uint8_t device_read8(uint64_t base)
{
    return mmio_read8(base);
}

/* To one register. */
static inline void device_write_string(uint64_t base, const void *bytes,
                                       size_t size)
{
    for (const uint8_t *next = bytes; size > 0; size--)
        mmio_write8(base, *next++);
}

/* From the memory of a device, 8 bytes at a time. */
static inline void device_copy(void *to, uint64_t from, size_t size)
{
    uint64_t *next = to;

    for (size_t at = 0; at + 8 <= size; at += 8)
        *next++ = mmio_read64(from + at);
}

/* Leaves the guest for the VMM and comes back: lets the host's threads run
 * while a guest polls. */
static inline void visit_host(void)
{
    (void)mmio_read8(NOTHING_GPA);
}

#endif
