/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_boot_timer.c: tells how far it is by each of the ways that there are.
 */
#include "guest/bare/guest.h"

#include <machine.h>

void run_case(void)
{
    out8(DEBUG_PORT, 0x40);
    mmio_write8(BOOT_TIMER_GPA, 123);
    check(mmio_read8(BOOT_TIMER_GPA) == 0, "the boot timer is there");
    check(in8(DEBUG_PORT) == 0, "the debug port is there");
    out8(DEBUG_PORT, 0x41);
}
