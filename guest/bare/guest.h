/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest.h: what every bare test guest has: its start, its words, its end.
 */
#ifndef GUEST_BARE_GUEST_H
#define GUEST_BARE_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Xen xen/include/public/arch-x86/hvm/start_info.h, version 1. */
struct start_info {
    uint32_t magic, version, flags, num_modules;
    uint64_t modules_gpa, command_line_gpa, rsdp_gpa, memory_map_gpa;
    uint32_t num_memory_ranges, reserved;
};
#define START_INFO_MAGIC 0x336ec578

struct start_module {
    uint64_t gpa, size, command_line_gpa, reserved;
};

struct start_memory_range {
    uint64_t gpa, size;
    uint32_t type, reserved;
};
#define START_MEMORY_RAM      1
#define START_MEMORY_RESERVED 2

extern const struct start_info *start_info;

/* Called by start.S. */
void start_c(const struct start_info *info);
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
/* Halts for ever. */
_Noreturn void halt(void);

/* Maps the GiB around `gpa`, below 512 GiB, to itself. Up to four times. */
void map_gib(uint64_t gpa);

#endif
