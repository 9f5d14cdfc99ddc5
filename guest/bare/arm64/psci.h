/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * psci.h: calls that the hypervisor answers. Arm DEN 0022, 5.1; 64-bit ones.
 */
#ifndef GUEST_BARE_ARM64_PSCI_H
#define GUEST_BARE_ARM64_PSCI_H

#include <stdint.h>

#define PSCI_VERSION      0x84000000UL
#define PSCI_CPU_ON       0xc4000003UL
#define PSCI_SYSTEM_OFF   0x84000008UL
#define PSCI_SYSTEM_RESET 0x84000009UL
#define PSCI_UNKNOWN      0x8400001fUL

#define PSCI_NOT_SUPPORTED (-1)

static inline int32_t psci_call(uint64_t function, uint64_t first,
                                uint64_t second, uint64_t third)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = first;
    register uint64_t x2 __asm__("x2") = second;
    register uint64_t x3 __asm__("x3") = third;

    /* SMCCC 1.1: x4 to x17 may change in older ones. */
    __asm__ volatile("hvc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                     :
                     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
                       "x13", "x14", "x15", "x16", "x17", "memory");
    return (int32_t)x0;
}

#endif
