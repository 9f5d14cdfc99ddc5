/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot_files.h: the files a guest boots from, opened once and kept, so that
 * a reset boots the same bytes again.
 */
#ifndef VMM_BOOT_FILES_H
#define VMM_BOOT_FILES_H

#include "vmm/compiler.h"
#include "vmm/guest_memory.h"

#include <stdint.h>

struct boot_file {
    const char *path; /* borrowed; NULL when there is none */
    int fd;
    uint64_t size; /* bytes */
};

struct boot_files {
    struct boot_file kernel, initrd;
    const char *command_line; /* borrowed */
};

/* `initrd_path` may be NULL. A compressed kernel is unpacked. -errno, logged,
 * when a file cannot be read. */
int boot_files_open(struct boot_files *files, const char *kernel_path,
                    const char *initrd_path,
                    const char *command_line) MUST_CHECK;
/* Takes over `fd`, a file called `name` (borrowed) in messages, as the initrd;
 * -errno, logged. */
int boot_files_set_initrd(struct boot_files *files, int fd,
                          const char *name) MUST_CHECK;
void boot_files_close(struct boot_files *files);

/* Reads exactly `size` bytes at `offset`; -EINVAL when the file is shorter.
 * Logged. */
int boot_file_read(const struct boot_file *file, uint64_t offset, void *bytes,
                   uint64_t size) MUST_CHECK;

/* The same, into guest RAM; -ENOSPC, logged, when the range is not all RAM. */
int boot_file_load(const struct boot_file *file, uint64_t offset,
                   const struct guest_memory *memory, uint64_t gpa,
                   uint64_t size) MUST_CHECK;

#endif
