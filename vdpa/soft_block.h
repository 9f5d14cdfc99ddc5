/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_block.h: a virtio-blk device in this process, as a vdpa_backend: a disk
 * of the guest that is a file or block device of the host (virtio 1.2, 5.2).
 *
 * Requests are served one after the other on the device's thread, which waits
 * for the host meanwhile, as does who calls the backend.
 */
#ifndef VDPA_SOFT_BLOCK_H
#define VDPA_SOFT_BLOCK_H

#include "vdpa/disk_image.h"
#include "vdpa/vdpa_backend.h"
#include "vmm/compiler.h"

#include <stdint.h>

/* Bytes of a request; what asks for more fails. */
#define SOFT_BLOCK_MAX_DATA (128 * MIB)

struct soft_block_counters {
    uint64_t reads, read_bytes, writes, written_bytes; /* that succeeded */
    uint64_t flushes;
    uint64_t others; /* discards and the like */
    uint64_t failed; /* of any kind */
};

/* `options` is copied, its path borrowed: it is the device's name. -errno,
 * logged. */
int soft_block_open(const struct disk_image_options *options,
                    struct vdpa_backend **backend) MUST_CHECK;

/* Since it was opened; from any thread. */
void soft_block_get_counters(struct vdpa_backend *backend,
                             struct soft_block_counters *counters);

#endif
