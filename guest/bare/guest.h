/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest.h: what every bare test guest has: its start, its words, its end.
 */
#ifndef GUEST_BARE_GUEST_H
#define GUEST_BARE_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The case; when it returns, the guest ends as its checks went. */
void run_case(void);

/* Text to the serial port. */
void put_bytes(const void *bytes, size_t size);
/* Knows %s %c %u %x %lu %lx and %%. */
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);

/* Counts a claim and prints "ok N - TEXT" or "not ok N - TEXT". */
__attribute__((format(printf, 2, 3))) void check(bool holds, const char *format,
                                                 ...);
/* Like check(), but says nothing while all is well: for claims by the
 * thousand, which a line in the end sums up. Returns `holds`. */
__attribute__((format(printf, 2, 3))) bool expect(bool holds,
                                                  const char *format, ...);

/* By the exit port; never return. */
_Noreturn void exit_with(uint8_t status);
/* Prints the plan "1..N", ends with 0, or with 1 when a claim failed. */
_Noreturn void finish(void);
/* Maps the GiB around `gpa`, below 512 GiB, to itself where it is not. Up to
 * four times. */
void map_gib(uint64_t gpa);

#endif
