/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_triple_fault.c: an exception without a handler for it or for the
 * faults that follow ends or resets the machine.
 */
#include "guest/bare/guest.h"

void run_case(void)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) no_idt = {0, 0};

    __asm__ volatile("lidt %0; ud2" : : "m"(no_idt));
    check(false, "a triple fault ends the guest");
}
