/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vduse_memory.h: the driver's memory as the kernel hands it to a VDUSE
 * process: files to map, which the backend is then given.
 */
#ifndef VDPA_VDUSE_MEMORY_H
#define VDPA_VDUSE_MEMORY_H

#include "vdpa/iova_map.h"
#include "vdpa/vdpa_backend.h"
#include "vdpa/vduse_device.h"
#include "vmm/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct vduse_piece {
    struct vdpa_mapping mapping;
    uint64_t inode; /* of the file: another one may lie at the same place */
    bool is_wanted; /* while the list is compared with the kernel's */
};

struct vduse_memory {
    struct vduse_device *device;  /* borrowed */
    struct vdpa_backend *backend; /* borrowed */
    struct vduse_piece pieces[IOVA_MAP_MAX_MAPPINGS];
    unsigned count;
    /* During an update: what the kernel has and the backend has not. */
    struct vduse_piece fresh[IOVA_MAP_MAX_MAPPINGS];
    unsigned num_fresh;
};

/* Makes the backend's memory what the kernel's list says. Pieces that stay
 * are left alone: the device may be at work in them. -errno, logged. */
int vduse_memory_update(struct vduse_memory *memory) MUST_CHECK;
/* Takes all of it from the backend. */
void vduse_memory_clear(struct vduse_memory *memory);

/* [iova, iova + size), or NULL unless one piece holds all of it. */
const uint8_t *vduse_memory_at(const struct vduse_memory *memory, uint64_t iova,
                               uint64_t size);

#endif
