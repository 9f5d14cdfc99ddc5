/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sleep_ms.c: waiting for what may not happen.
 */
#include "tests/support/sleep_ms.h"

#include <time.h>

void sleep_ms(unsigned milliseconds)
{
    const struct timespec time = {
        .tv_sec = milliseconds / 1000,
        .tv_nsec = milliseconds % 1000 * 1000000L,
    };

    (void)nanosleep(&time, NULL);
}
