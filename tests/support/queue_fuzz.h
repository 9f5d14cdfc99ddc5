/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue_fuzz.h: a device at work on a ring that is whatever the fuzzer says.
 *
 * Input: set-up (1), position (4), number of steps (1), the steps, and what
 * then lies in memory, from the descriptors on; see queue_fuzz.c.
 */
#ifndef TESTS_SUPPORT_QUEUE_FUZZ_H
#define TESTS_SUPPORT_QUEUE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Aborts, or makes a sanitizer do so, when the device does wrong. */
void queue_fuzz(const uint8_t *data, size_t size, bool is_packed);

#endif
