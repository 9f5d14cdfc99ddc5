/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.c: filling and copying, by string instructions.
 */
#include "guest/bare/bytes.h"

void *memset(void *to, int byte, size_t size)
{
    void *next = to;

    __asm__ volatile("rep stosb"
                     : "+D"(next), "+c"(size)
                     : "a"(byte)
                     : "memory");
    return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
    void *next = to;

    __asm__ volatile("rep movsb"
                     : "+D"(next), "+S"(from), "+c"(size)
                     :
                     : "memory");
    return to;
}
