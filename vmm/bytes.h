/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bytes.h: little-endian loads and stores, alignment, checked sums.
 *
 * Everything that a guest or a device can read as bytes goes through these,
 * so that neither host byte order nor pointer alignment matters.
 */
#ifndef VMM_BYTES_H
#define VMM_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#define KIB ((uint64_t)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

/* Loads the `size` (1 to 8) bytes at `bytes`. */
static inline uint64_t load_le(const void *bytes, unsigned size)
{
    const uint8_t *byte = bytes;
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)byte[i] << (8 * i);
    return value;
}

/* Stores the low `size` (1 to 8) bytes of `value` at `bytes`. */
static inline void store_le(void *bytes, unsigned size, uint64_t value)
{
    uint8_t *byte = bytes;

    for (unsigned i = 0; i < size; i++)
        byte[i] = (uint8_t)(value >> (8 * i));
}

static inline uint16_t load_le16(const void *bytes)
{
    return (uint16_t)load_le(bytes, 2);
}

static inline uint32_t load_le32(const void *bytes)
{
    return (uint32_t)load_le(bytes, 4);
}

static inline uint64_t load_le64(const void *bytes)
{
    return load_le(bytes, 8);
}

static inline void store_le16(void *bytes, uint16_t value)
{
    store_le(bytes, 2, value);
}

static inline void store_le32(void *bytes, uint32_t value)
{
    store_le(bytes, 4, value);
}

static inline void store_le64(void *bytes, uint64_t value)
{
    store_le(bytes, 8, value);
}

static inline bool is_power_of_two(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/* `alignment` must be a power of two. */
static inline uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

static inline uint64_t align_down(uint64_t value, uint64_t alignment)
{
    return value & ~(alignment - 1);
}

static inline bool is_aligned(uint64_t value, uint64_t alignment)
{
    return (value & (alignment - 1)) == 0;
}

/* True when [start, start + size) lies inside [base, base + length). */
static inline bool range_is_inside(uint64_t start, uint64_t size, uint64_t base,
                                   uint64_t length)
{
    return start >= base && size <= length && start - base <= length - size;
}

#endif
