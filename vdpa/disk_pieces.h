/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk_pieces.h: pieces of memory that are filled, or emptied, one part after
 * the other.
 */
#ifndef VDPA_DISK_PIECES_H
#define VDPA_DISK_PIECES_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define DISK_SECTOR 512U /* bytes; virtio 1.2, 5.2.4 */

struct disk_pieces {
    const struct iovec *pieces; /* borrowed */
    unsigned count;
    size_t skip; /* bytes of the first one that are done */
};

/* `size` bytes are done, or none of this concern; no more than there are. */
void disk_pieces_skip(struct disk_pieces *pieces, size_t size);

/* Moves the next `size` bytes between the pieces and the file, at `offset`.
 * -errno, not logged; -ENODATA at the end of the file. */
int disk_pieces_read(struct disk_pieces *pieces, int fd, uint64_t offset,
                     uint64_t size) MUST_CHECK;
int disk_pieces_write(struct disk_pieces *pieces, int fd, uint64_t offset,
                      uint64_t size) MUST_CHECK;

#endif
