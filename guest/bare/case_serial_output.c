/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_serial_output.c: every byte value, singly and by string instructions,
 * reaches stdout once, in order and unchanged.
 */
#include "guest/bare/guest.h"

#include <machine.h>

/* tests/guest/run makes the same bytes and compares. */
void run_case(void)
{
    static uint8_t bytes[256];

    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    put_bytes(bytes, sizeof(bytes));
    for (unsigned i = 0; i < 4; i++)
        device_write_string(SERIAL_BASE, bytes, sizeof(bytes));
    exit_with(0);
}
