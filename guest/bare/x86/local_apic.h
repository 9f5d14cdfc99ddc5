/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * local_apic.h: the local APIC's registers, and interprocessor interrupts.
 *
 * Intel SDM, volume 3, chapter 11.
 */
#ifndef GUEST_BARE_X86_LOCAL_APIC_H
#define GUEST_BARE_X86_LOCAL_APIC_H

#include "guest/bare/x86/machine.h"

#define LOCAL_APIC_ID       0x20
#define LOCAL_APIC_EOI      0xb0
#define LOCAL_APIC_SPURIOUS 0xf0
#define LOCAL_APIC_IRR      0x200 /* eight registers, 16 bytes apart */
#define LOCAL_APIC_ICR      0x300
#define LOCAL_APIC_ICR_HIGH 0x310

#define LOCAL_APIC_ENABLED (1U << 8)

#define ICR_INIT         0x4500U /* level, assert */
#define ICR_STARTUP      0x4600U /* plus the page number */
#define ICR_ALL_BUT_SELF (3U << 18)
#define ICR_IS_PENDING   (1U << 12)

static inline uint32_t local_apic_read(unsigned reg)
{
    return mmio_read32(LOCAL_APIC_BASE + reg);
}

static inline void local_apic_write(unsigned reg, uint32_t value)
{
    mmio_write32(LOCAL_APIC_BASE + reg, value);
}

static inline void local_apic_enable(void)
{
    local_apic_write(LOCAL_APIC_SPURIOUS, LOCAL_APIC_ENABLED | 0xff);
}

#endif
