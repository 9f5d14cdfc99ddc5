/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_memory.h: guest RAM, and the only guest-physical to host translation.
 *
 * RAM is one MAP_SHARED memfd where a device may need it: vDPA devices that
 * work on the process's virtual addresses skip any other kind of memory without
 * an error. Else it is private, which the host may give in pages of 2 MiB. It
 * is never written here, so untouched guest memory costs the host nothing.
 * Laid out once by guest_memory_init(), then read by any thread without lock.
 */
#ifndef VMM_GUEST_MEMORY_H
#define VMM_GUEST_MEMORY_H

#include "vmm/compiler.h"

#include <stddef.h>
#include <stdint.h>

#define GUEST_MEMORY_MAX_REGIONS 4

struct guest_memory_region {
    uint64_t gpa;
    uint64_t size;      /* bytes, a multiple of the page size */
    uint64_t fd_offset; /* where it starts in the memfd, if there is one */
    uint8_t *host;
};

struct guest_memory {
    int fd;        /* -1: private */
    uint64_t size; /* bytes, all regions */
    uint64_t page_size;
    struct guest_memory_region regions[GUEST_MEMORY_MAX_REGIONS];
    unsigned count;
};

/* Where one region of RAM is to be; see guest_memory_init(). */
struct guest_memory_range {
    uint64_t gpa;
    uint64_t size;
};

/*
 * Makes shared RAM at the `count` ranges, which must be page-aligned, ascending
 * and disjoint. `page_size`: 0 for the system's, else 2 MiB or 1 GiB huge
 * pages. -ENOMEM or -EINVAL (logged) when the host cannot give it.
 */
int guest_memory_init(struct guest_memory *memory,
                      const struct guest_memory_range *ranges, unsigned count,
                      uint64_t page_size) MUST_CHECK;

/* The same of private memory, in pages of the system's size and, where the
 * host has them at hand, of 2 MiB (transparent huge pages); or of shared memory
 * where there is no such. */
int guest_memory_init_private(struct guest_memory *memory,
                              const struct guest_memory_range *ranges,
                              unsigned count) MUST_CHECK;
void guest_memory_destroy(struct guest_memory *memory);

/* The host address of [gpa, gpa + size), or NULL unless all of it is RAM of
 * one region. The guest may write there at any time: copy before use. */
void *guest_memory_at(const struct guest_memory *memory, uint64_t gpa,
                      uint64_t size);

/*
 * Reads `size` bytes at `offset` of the regular file `fd` into RAM at `gpa`.
 * Into shared memory the kernel moves them from page cache to page cache, which
 * takes about half the processor time of a read() through our mapping. Not
 * thread-safe.
 * -EFAULT when the range is not all RAM, -EIO when the file is shorter, or
 * the error of the file.
 */
int guest_memory_read_file(const struct guest_memory *memory, uint64_t gpa,
                           int fd, uint64_t offset, uint64_t size) MUST_CHECK;

/* Copies into RAM; -EFAULT when the range is not all RAM. */
int guest_memory_write(const struct guest_memory *memory, uint64_t gpa,
                       const void *bytes, uint64_t size) MUST_CHECK;

#endif
