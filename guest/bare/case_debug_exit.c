/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_debug_exit.c: ends the run as test guests do that were made for QEMU's
 * isa-debug-exit: here, with status 33.
 */
#include "guest/bare/guest.h"

#include <machine.h>

void run_case(void)
{
    device_write32(DEBUG_EXIT_BASE, 0x10);
    check(false, "the port ends the guest");
}
