/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start_info.h: what a PVH guest is told.
 */
#ifndef GUEST_BARE_X86_START_INFO_H
#define GUEST_BARE_X86_START_INFO_H

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

#endif
