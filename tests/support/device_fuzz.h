/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device_fuzz.h: a software device whose driver does anything: with its rings,
 * its buffers and its control calls.
 *
 * The device has no thread; its loop is served step by step. Its memory is a
 * few pages, each between inaccessible ones, so that whatever it touches beside
 * them ends the process. Buffers may lie anywhere in it, also on the rings: the
 * device then changes what it reads next.
 *
 * Input: features in bits 0 to 3, and what the type likes (1), size of the
 * rings (1), number of steps (1), the steps, and what then lies in memory, from
 * the first ring's descriptors on. A step: bits 5 to 7 what, bits 0 to 4 how
 * often or which; the type has its own meanings.
 */
#ifndef TESTS_SUPPORT_DEVICE_FUZZ_H
#define TESTS_SUPPORT_DEVICE_FUZZ_H

#include "vdpa/soft_device.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVICE_FUZZ_MAX_QUEUES 8U
#define DEVICE_FUZZ_NUM_MAPS   4U

struct device_fuzz_type {
    /* Features that the driver takes when bits 0 to 3 of the input's first
     * byte say so; it takes all others. */
    unsigned optional[4];
    /* A device as that byte wants it, without a thread and memory. */
    struct soft_device *(*open)(uint8_t kind);
    void (*step)(unsigned what, uint8_t argument);
    /* After each step and each callback: device_fuzz_require()s what must be
     * true of any device of the type. */
    void (*check)(void);
};

/* Aborts, or makes a sanitizer do so, when the device does wrong. */
void device_fuzz(const struct device_fuzz_type *type, const uint8_t *bytes,
                 size_t size);

/* Unlike assert(), not compiled out and seen by the fuzzer as a crash. */
void device_fuzz_require(bool claim);

/* ---- For steps; of the device that device_fuzz() opened ---- */

/* Calls back for what is ready, a few times at most. */
void device_fuzz_serve(void);
/* Kicks, and serves. */
void device_fuzz_kick(unsigned queue);
/* The driver goes on: another lap (packed), or `count` more buffers. */
void device_fuzz_advance(unsigned queue, unsigned count);
/* Memory is as it was at the start. */
void device_fuzz_refill(void);
/* From reset to DRIVER_OK. */
void device_fuzz_start(void);
/* Maps or unmaps a part of the memory, below DEVICE_FUZZ_NUM_MAPS. */
void device_fuzz_change_map(unsigned index);

#endif
