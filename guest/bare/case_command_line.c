/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_command_line.c: the command line, as given, goes to stdout.
 */
#include "guest/bare/bytes.h"
#include "guest/bare/guest.h"
#include "guest/bare/platform.h"

void run_case(void)
{
    const char *line = platform_command_line();

    put_bytes(line, strlen(line));
    exit_with(0);
}
