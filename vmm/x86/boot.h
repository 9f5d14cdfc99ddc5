/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot.h: the ways into an x86 kernel, shared inside this folder.
 */
#ifndef VMM_X86_BOOT_H
#define VMM_X86_BOOT_H

#include "vmm/boot_files.h"
#include "vmm/compiler.h"
#include "vmm/guest_memory.h"

#include <stdbool.h>
#include <stdint.h>

/* The state in which the kernel's entry point is reached. */
struct boot_entry {
    uint64_t rip;
    bool is_64bit;           /* long mode with paging, else flat 32 bits */
    uint64_t rsi;            /* bzImage: the zero page */
    uint64_t rbx;            /* PVH: the start info */
    uint64_t initrd_floor;   /* lowest address that the initrd may use */
    uint64_t initrd_ceiling; /* first one above what it may use */
};

struct boot_initrd {
    uint64_t gpa, size; /* 0 and 0 for none */
};

enum boot_memory_type { /* as in E820 and PVH alike */
    BOOT_MEMORY_RAM = 1,
    BOOT_MEMORY_RESERVED = 2,
};

struct boot_memory_range {
    uint64_t gpa, size;
    enum boot_memory_type type;
};

#define BOOT_MAX_MEMORY_RANGES (GUEST_MEMORY_MAX_REGIONS + 4)

/* What the guest is told about its address space; returns the number. */
unsigned boot_memory_map(const struct guest_memory *memory,
                         struct boot_memory_range *ranges);

/* Linux x86 boot protocol, 64-bit (Documentation/arch/x86/boot.rst). Loading
 * gives entry and limits; finishing writes the zero page. */
int bzimage_load(const struct boot_files *files,
                 const struct guest_memory *memory,
                 struct boot_entry *entry) MUST_CHECK;
int bzimage_finish(const struct boot_files *files,
                   const struct guest_memory *memory,
                   const struct boot_initrd *initrd,
                   uint64_t rsdp_gpa) MUST_CHECK;

/* ELF with a PVH entry note (Xen docs/misc/pvh.pandoc). */
int pvh_load(const struct boot_files *files, const struct guest_memory *memory,
             struct boot_entry *entry) MUST_CHECK;
int pvh_finish(const struct boot_files *files,
               const struct guest_memory *memory,
               const struct boot_initrd *initrd, uint64_t rsdp_gpa) MUST_CHECK;

#endif
