/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_initrd.c: the initrd is in memory, byte for byte: it goes to stdout,
 * where tests/guest/run compares it.
 */
#include "guest/bare/guest.h"

void run_case(void)
{
    const struct start_module *module =
        (const struct start_module *)start_info->modules_gpa;

    if (start_info->magic != START_INFO_MAGIC || start_info->num_modules != 1)
        exit_with(1);
    put_bytes((const void *)module->gpa, module->size);
    exit_with(0);
}
