/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bytes.c: the functions on memory that the compiler may call, and compare.
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

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;

    for (size_t i = 0; i < size; i++)
        if (x[i] != y[i])
            return x[i] - y[i];
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length;
}

uint32_t load32(uint64_t gpa)
{
    uint32_t value;

    memcpy(&value, (const void *)gpa, sizeof(value));
    return value;
}

uint64_t load64(uint64_t gpa)
{
    uint64_t value;

    memcpy(&value, (const void *)gpa, sizeof(value));
    return value;
}
