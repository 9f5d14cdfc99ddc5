/* SPDX-License-Identifier: BSD-2-Clause */
/* iova_map.c: the memory that a software device was given through map(). */
#include "vdpa/iova_map.h"

#include "vmm/bytes.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* The last address, as one past it may not fit. */
static uint64_t last_of(const struct vdpa_mapping *mapping)
{
    return mapping->iova + (mapping->size - 1);
}

static bool is_sound(const struct vdpa_mapping *mapping)
{
    uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);

    return mapping->size != 0 && is_aligned(mapping->size, page_size) &&
           is_aligned(mapping->iova, page_size) &&
           is_aligned((uintptr_t)mapping->host, page_size) &&
           mapping->host != NULL && last_of(mapping) >= mapping->iova;
}

/* One that is empty reaches nothing: iova_map_add() refuses it. */
int iova_map_check(const struct vdpa_identity *identity,
                   const struct vdpa_mapping *mappings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t last;

        if (mappings[i].size > 0 &&
            (__builtin_add_overflow(mappings[i].iova, mappings[i].size - 1,
                                    &last) ||
             mappings[i].iova < identity->first_iova ||
             last > identity->last_iova))
            return -ERANGE;
    }
    return 0;
}

/* The first mapping that ends at or behind `iova`; `count` for none. */
static unsigned find(const struct iova_map *map, uint64_t iova)
{
    unsigned low = 0, high = map->count;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        if (last_of(&map->mappings[middle]) < iova)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int add(struct iova_map *map, const struct vdpa_mapping *mapping)
{
    unsigned at;

    if (!is_sound(mapping))
        return -EINVAL;
    at = find(map, mapping->iova);
    if (at < map->count && map->mappings[at].iova <= last_of(mapping))
        return -EEXIST;
    if (map->count == IOVA_MAP_MAX_MAPPINGS)
        return -ENOSPC;
    memmove(&map->mappings[at + 1], &map->mappings[at],
            (map->count - at) * sizeof(map->mappings[0]));
    map->mappings[at] = *mapping;
    map->count++;
    return 0;
}

static int remove_one(struct iova_map *map, const struct vdpa_mapping *mapping)
{
    unsigned at = find(map, mapping->iova);

    if (at == map->count || map->mappings[at].iova != mapping->iova ||
        map->mappings[at].size != mapping->size)
        return -ENOENT;
    map->count--;
    memmove(&map->mappings[at], &map->mappings[at + 1],
            (map->count - at) * sizeof(map->mappings[0]));
    return 0;
}

/* All or nothing: on a copy, which takes the place of the map at the end. */
static int
change(struct iova_map *map, const struct vdpa_mapping *mappings, size_t count,
       int (*one)(struct iova_map *map, const struct vdpa_mapping *mapping))
{
    struct iova_map changed = *map;

    for (size_t i = 0; i < count; i++) {
        int error = one(&changed, &mappings[i]);

        if (error != 0)
            return error;
    }
    *map = changed;
    return 0;
}

int iova_map_add(struct iova_map *map, const struct vdpa_mapping *mappings,
                 size_t count)
{
    return change(map, mappings, count, add);
}

int iova_map_remove(struct iova_map *map, const struct vdpa_mapping *mappings,
                    size_t count)
{
    return change(map, mappings, count, remove_one);
}

void iova_map_clear(struct iova_map *map)
{
    map->count = 0;
}

void *iova_map_at(const struct iova_map *map, uint64_t iova, uint64_t size)
{
    unsigned at = find(map, iova);
    const struct vdpa_mapping *mapping = &map->mappings[at];

    if (at == map->count ||
        !range_is_inside(iova, size, mapping->iova, mapping->size))
        return NULL;
    return (uint8_t *)mapping->host + (iova - mapping->iova);
}

int iova_map_pieces(const struct iova_map *map, uint64_t iova, uint64_t size,
                    struct iovec *pieces, unsigned max)
{
    unsigned at = find(map, iova), count = 0;

    for (; size > 0; at++) {
        const struct vdpa_mapping *mapping = &map->mappings[at];
        uint64_t offset, length;

        if (at >= map->count || iova < mapping->iova)
            return -EFAULT;
        if (count == max)
            return -E2BIG;
        offset = iova - mapping->iova;
        length = mapping->size - offset;
        if (length > size)
            length = size;
        pieces[count++] = (struct iovec){
            .iov_base = (uint8_t *)mapping->host + offset,
            .iov_len = length,
        };
        size -= length;
        /* Wraps to 0 at the end of all addresses; no mapping follows then. */
        iova += length;
    }
    return (int)count;
}
