/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_power_off.c: the machine's way to switch off ends the run.
 */
#include "guest/bare/guest.h"
#include "guest/bare/platform.h"

void run_case(void)
{
    platform_try_power_off();
    platform_power_off();
    check(false, "power-off ends the guest");
}
