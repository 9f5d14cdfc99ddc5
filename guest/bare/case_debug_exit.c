/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_debug_exit.c: ends the run as test guests do that were made for QEMU's
 * isa-debug-exit: here, with status 33.
 */
#include "guest/bare/guest.h"
#include "guest/bare/io.h"
#include "vmm/x86/memory_map.h"

void run_case(void)
{
    out32(DEBUG_EXIT_PORT, 0x10);
    check(false, "the port ends the guest");
}
