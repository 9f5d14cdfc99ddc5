/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_block_private.h: shared by the files of the software disk, and for
 * tests that serve its loop themselves.
 */
#ifndef VDPA_SOFT_BLOCK_PRIVATE_H
#define VDPA_SOFT_BLOCK_PRIVATE_H

#include "vdpa/soft_block.h"
#include "vdpa/soft_device.h"

#include <linux/virtio_blk.h>

#define SOFT_BLOCK_QUEUE_SIZE 256 /* descriptors */

/* Of a request to discard or to write zeros. */
#define SOFT_BLOCK_MAX_SEGMENTS 32
#define SOFT_BLOCK_MAX_SECTORS  (SOFT_BLOCK_MAX_DATA / DISK_SECTOR)

struct soft_block {
    struct soft_device device;
    struct disk_image image;
    struct virtio_blk_config config;
    struct virtqueue_chain chain; /* of the request being served */
    struct soft_block_counters counters;
};

/* As soft_block_open(), without a thread. */
int soft_block_prepare(const struct disk_image_options *options,
                       struct soft_block **prepared) MUST_CHECK;

/* Serves the request in block->chain, of which header and status are there;
 * sets the bytes that were written to it. */
void soft_block_serve(struct soft_block *block);

#endif
