/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk_overlay.h: sectors that were written on top of an image, in a file
 * without a name that ends with its descriptor, and which ones these are.
 */
#ifndef VDPA_DISK_OVERLAY_H
#define VDPA_DISK_OVERLAY_H

#include "vdpa/disk_pieces.h"
#include "vmm/compiler.h"

#include <stddef.h>
#include <stdint.h>

struct disk_overlay {
    int fd; /* -1: none */
    /* A bit a sector; the host gives memory to what is used of it. */
    uint8_t *written;
    size_t written_size; /* bytes */
};

/* For an image of `size` bytes; the file is made in $TMPDIR or /var/tmp.
 * -errno, logged in the name of `path`. Close also what failed to open. */
int disk_overlay_open(struct disk_overlay *overlay, const char *path,
                      uint64_t size) MUST_CHECK;
void disk_overlay_close(struct disk_overlay *overlay);

/* Whole sectors, within the size; -errno, not logged. What was not written is
 * read from `image_fd`. */
int disk_overlay_read(struct disk_overlay *overlay, int image_fd,
                      struct disk_pieces *pieces, uint64_t offset,
                      uint64_t size) MUST_CHECK;
int disk_overlay_write(struct disk_overlay *overlay, struct disk_pieces *pieces,
                       uint64_t offset, uint64_t size) MUST_CHECK;

#endif
