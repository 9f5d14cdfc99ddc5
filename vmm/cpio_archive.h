/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpio_archive.h: writes an initramfs: the "newc" format of cpio, as the
 * kernel's Documentation/driver-api/early-userspace/buffer-format.rst has it.
 *
 * Errors are kept: add what there is to add and ask once, at the end.
 */
#ifndef VMM_CPIO_ARCHIVE_H
#define VMM_CPIO_ARCHIVE_H

#include "vmm/compiler.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct cpio_archive {
    FILE *file; /* borrowed */
    uint32_t num_entries;
    int error; /* the first -errno */
};

/* Begins an archive at `file`'s position, a multiple of 4. */
void cpio_archive_begin(struct cpio_archive *archive, FILE *file);

/* `path` without a leading "/"; its folders come before. The permission bits
 * of `mode` count. */
void cpio_archive_add_folder(struct cpio_archive *archive, const char *path,
                             mode_t mode);
void cpio_archive_add_bytes(struct cpio_archive *archive, const char *path,
                            mode_t mode, const void *bytes, size_t size);
void cpio_archive_add_link(struct cpio_archive *archive, const char *path,
                           const char *target);
/* The whole of the regular file `fd`, from its start. -EFBIG from 4 GiB on. */
void cpio_archive_add_file(struct cpio_archive *archive, const char *path,
                           mode_t mode, int fd);
/* A character device. */
void cpio_archive_add_device(struct cpio_archive *archive, const char *path,
                             mode_t mode, unsigned major, unsigned minor);

/* Ends the archive and flushes it. The first error, not logged. */
int cpio_archive_end(struct cpio_archive *archive) MUST_CHECK;

#endif
