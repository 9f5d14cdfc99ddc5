/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk_image.h: a file or block device of the host that holds the bytes of a
 * guest's disk, as they are ("raw").
 *
 * Reading and writing block until the host has done it. Of a snapshot, what is
 * written goes to a file without a name instead, and ends with it. Not
 * thread-safe.
 */
#ifndef VDPA_DISK_IMAGE_H
#define VDPA_DISK_IMAGE_H

#include "vdpa/disk_overlay.h"
#include "vdpa/disk_pieces.h"
#include "vmm/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct disk_image_options {
    const char *path;
    bool is_read_only;
    bool is_snapshot; /* not both */
};

struct disk_image {
    struct disk_image_options options; /* the path is borrowed */
    int fd;
    uint64_t size;       /* bytes, DISK_SECTOR times something; not 0 */
    uint32_t block_size; /* bytes, of the host's device; else DISK_SECTOR */
    bool is_block_device;
    struct disk_overlay overlay; /* of a snapshot */
    int last_error;              /* said already */
};

/* Opens and locks it. -errno, logged with its remedy; -EBUSY when another
 * process, or this one, uses it in a way that does not go with this one.
 * Close also what failed to open. */
int disk_image_open(struct disk_image *image,
                    const struct disk_image_options *options) MUST_CHECK;
void disk_image_close(struct disk_image *image);

/*
 * The rest is for [offset, offset + size) within the image's size, both
 * multiples of DISK_SECTOR; `pieces` has at least `size` bytes. -errno when the
 * host cannot, logged once; part of it may have been done.
 */
int disk_image_read(struct disk_image *image, struct disk_pieces *pieces,
                    uint64_t offset, uint64_t size) MUST_CHECK;
int disk_image_write(struct disk_image *image, struct disk_pieces *pieces,
                     uint64_t offset, uint64_t size) MUST_CHECK;
/* Returns once what was written is safe from a crash of the host. */
int disk_image_flush(struct disk_image *image) MUST_CHECK;
/* The bytes are of no use any more: the host may have their room back. */
int disk_image_discard(struct disk_image *image, uint64_t offset,
                       uint64_t size) MUST_CHECK;
/* They become 0; with `may_unmap` the host may have their room back. */
int disk_image_zero(struct disk_image *image, uint64_t offset, uint64_t size,
                    bool may_unmap) MUST_CHECK;

#endif
