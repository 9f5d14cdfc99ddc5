/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_exit_status.c: the byte written to the exit port is the VMM's status.
 */
#include "guest/bare/guest.h"

void run_case(void)
{
    exit_with(42);
}
