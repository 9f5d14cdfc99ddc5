/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_idle.c: a guest that never ends by itself, for tests of how the VMM
 * is ended from outside.
 */
#include "guest/bare/guest.h"
#include "guest/bare/platform.h"

void run_case(void)
{
    print("idle\n");
    platform_halt();
}
