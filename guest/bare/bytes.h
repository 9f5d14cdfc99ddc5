/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bytes.h: the functions on memory that the compiler may call, and compare.
 */
#ifndef GUEST_BARE_BYTES_H
#define GUEST_BARE_BYTES_H

#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

void *memset(void *to, int byte, size_t size);
void *memcpy(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

/* The byte at guest-physical `gpa`; all of the first 4 GiB is mapped. */
static inline volatile uint8_t *at_gpa(uint64_t gpa)
{
    return (volatile uint8_t *)gpa;
}

/* Little-endian and not necessarily aligned, as in tables. */
uint32_t load32(uint64_t gpa);
uint64_t load64(uint64_t gpa);

#endif
