/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bytes.c: comparing, lengths, and numbers at any address.
 */
#include "guest/bare/bytes.h"

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
