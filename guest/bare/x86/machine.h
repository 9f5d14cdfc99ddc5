/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.h: ports, device memory, and where the small devices are.
 */
#ifndef GUEST_BARE_X86_MACHINE_H
#define GUEST_BARE_X86_MACHINE_H

#include "vmm/x86/memory_map.h"

#include <stddef.h>
#include <stdint.h>

#define SERIAL_BASE     SERIAL_PORT
#define EXIT_BASE       EXIT_PORT
#define DEBUG_EXIT_BASE DEBUG_EXIT_PORT

#define PROGRAM_GPA  0x100000
#define FREE_RAM_GPA 0x800000 /* outside of everything that the VMM loads */
/* Of a guest of 64 MiB. */
#define NO_RAM_GPA         RAM_ABOVE_4G
#define INTERRUPT_CHIP_GPA IOAPIC_BASE

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline uint16_t in16(uint16_t port)
{
    uint16_t value;

    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline uint32_t in32(uint16_t port)
{
    uint32_t value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

/* Plain moves, which KVM's emulator knows; the compiler may choose none. */
#define MMIO_ACCESSORS(bits, suffix, form)                                     \
    static inline uint##bits##_t mmio_read##bits(uintptr_t address)            \
    {                                                                          \
        uint##bits##_t value;                                                  \
                                                                               \
        __asm__ volatile("mov" suffix " (%1), %" form "0"                      \
                         : "=r"(value)                                         \
                         : "r"(address)                                        \
                         : "memory");                                          \
        return value;                                                          \
    }                                                                          \
    static inline void mmio_write##bits(uintptr_t address,                     \
                                        uint##bits##_t value)                  \
    {                                                                          \
        __asm__ volatile("mov" suffix " %" form "0, (%1)"                      \
                         :                                                     \
                         : "r"(value), "r"(address)                            \
                         : "memory");                                          \
    }

MMIO_ACCESSORS(8, "b", "b")
MMIO_ACCESSORS(16, "w", "w")
MMIO_ACCESSORS(32, "l", "k")
MMIO_ACCESSORS(64, "q", "q")

/* Registers of the small devices. */
static inline void device_write8(uint64_t base, uint8_t value)
{
    out8((uint16_t)base, value);
}

static inline void device_write32(uint64_t base, uint32_t value)
{
    out32((uint16_t)base, value);
}

static inline uint8_t device_read8(uint64_t base)
{
    return in8((uint16_t)base);
}

/* To one register, as fast as there is an instruction for. */
static inline void device_write_string(uint64_t base, const void *bytes,
                                       size_t size)
{
    __asm__ volatile("rep outsb"
                     : "+S"(bytes), "+c"(size)
                     : "d"((uint16_t)base)
                     : "memory");
}

/* From the memory of a device, 8 bytes at a time. */
static inline void device_copy(void *to, uint64_t from, size_t size)
{
    size_t count = size / 8;

    __asm__ volatile("rep movsq"
                     : "+D"(to), "+S"(from), "+c"(count)
                     :
                     : "memory");
}

/* Leaves the guest for the VMM and comes back: lets the host's threads run
 * while a guest polls. Nothing is at this port. */
static inline void visit_host(void)
{
    (void)in8(0xed);
}

#endif
