/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io.h: ports and device memory.
 */
#ifndef GUEST_BARE_IO_H
#define GUEST_BARE_IO_H

#include <stdint.h>

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

/* Leaves the guest for the VMM and comes back: lets the host's threads run
 * while a guest polls. Nothing is at this port. */
static inline void visit_host(void)
{
    (void)in8(0xed);
}

#endif
