/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.c: filling and copying. The stores are volatile, lest the compiler
 * make a call of the function of its loop.
 */
#include "guest/bare/bytes.h"

void *memset(void *to, int byte, size_t size)
{
    volatile uint8_t *next = to;

    while (size-- > 0)
        *next++ = (uint8_t)byte;
    return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
    volatile uint8_t *next = to;
    const uint8_t *source = from;

    while (size-- > 0)
        *next++ = *source++;
    return to;
}
