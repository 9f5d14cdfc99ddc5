/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_initrd.c: the initrd is in memory, byte for byte: it goes to stdout,
 * where tests/guest/run compares it.
 */
#include "guest/bare/guest.h"
#include "guest/bare/platform.h"

void run_case(void)
{
    uint64_t gpa, size;

    if (!platform_initrd(&gpa, &size))
        exit_with(1);
    put_bytes((const void *)gpa, size);
    exit_with(0);
}
