/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iova_map.h: the memory that a software device was given through map(), and
 * its only way to it.
 *
 * What lies there belongs to the driver, which may write at any time: copy a
 * value once, then check and use the copy. Not thread-safe.
 */
#ifndef VDPA_IOVA_MAP_H
#define VDPA_IOVA_MAP_H

#include "vdpa/vdpa_backend.h"
#include "vmm/compiler.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define IOVA_MAP_MAX_MAPPINGS 256

/* Zero-initialised is an empty one. */
struct iova_map {
    struct vdpa_mapping mappings[IOVA_MAP_MAX_MAPPINGS]; /* sorted by iova */
    unsigned count;
};

/* Whether a device can use all of these addresses: 0 or -ERANGE. */
int iova_map_check(const struct vdpa_identity *identity,
                   const struct vdpa_mapping *mappings,
                   size_t count) MUST_CHECK;

/* All or nothing; not logged. -EINVAL unaligned or empty, -EEXIST overlap,
 * -ENOSPC too many. */
int iova_map_add(struct iova_map *map, const struct vdpa_mapping *mappings,
                 size_t count) MUST_CHECK;
/* Exactly what was added, all or nothing; -ENOENT otherwise. */
int iova_map_remove(struct iova_map *map, const struct vdpa_mapping *mappings,
                    size_t count) MUST_CHECK;
void iova_map_clear(struct iova_map *map);

/* The host address of [iova, iova + size), or NULL unless one mapping holds
 * all of it. */
void *iova_map_at(const struct iova_map *map, uint64_t iova, uint64_t size);

/*
 * The pieces of host memory that hold [iova, iova + size), which may go over
 * the seam of two mappings. Returns how many of `pieces` were filled, at most
 * `max`; -EFAULT when part of it is not mapped, -E2BIG when `max` is too few.
 */
int iova_map_pieces(const struct iova_map *map, uint64_t iova, uint64_t size,
                    struct iovec *pieces, unsigned max) MUST_CHECK;

#endif
