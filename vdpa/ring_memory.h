/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring_memory.h: accesses to ring memory that the driver changes while we
 * look: little-endian, each done once, and ordered as its name says.
 *
 * Addresses are aligned as virtqueue_init() checked. Internal to virtqueues.
 */
#ifndef VDPA_RING_MEMORY_H
#define VDPA_RING_MEMORY_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* Both kinds of ring; virtio 1.2, 2.7.5 and 2.8.13. */
#define RING_DESCRIPTOR_SIZE 16U

static inline uint16_t ring_load16(const uint8_t *at)
{
    const uint16_t *word = (const void *)at;

    return le16toh(__atomic_load_n(word, __ATOMIC_RELAXED));
}

/* What the driver wrote before it stored this value is seen after it. */
static inline uint16_t ring_load16_acquire(const uint8_t *at)
{
    const uint16_t *word = (const void *)at;

    return le16toh(__atomic_load_n(word, __ATOMIC_ACQUIRE));
}

static inline void ring_store16(uint8_t *at, uint16_t value)
{
    uint16_t *word = (void *)at;

    __atomic_store_n(word, htole16(value), __ATOMIC_RELAXED);
}

/* Who sees this value sees what we wrote before it. */
static inline void ring_store16_release(uint8_t *at, uint16_t value)
{
    uint16_t *word = (void *)at;

    __atomic_store_n(word, htole16(value), __ATOMIC_RELEASE);
}

/* Orders a store before it with a load after it, which nothing weaker does:
 * "I wrote mine, now I look at yours" on both sides. */
static inline void ring_full_fence(void)
{
#ifdef __SANITIZE_THREAD__
    /* gcc's thread sanitizer knows no fences; both accesses are atomic. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#pragma GCC diagnostic pop
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Copies what the driver may change at any time, exactly once: the compiler
 * must not fetch any of it again to save a register. */
static inline void ring_copy(void *copy, const uint8_t *at, size_t size)
{
    memcpy(copy, at, size);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

#endif
