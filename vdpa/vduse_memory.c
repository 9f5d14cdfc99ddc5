/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vduse_memory.c: keeps a backend's memory the same as the kernel's list.
 */
#include "vdpa/vduse_memory.h"

#include "vmm/bytes.h"
#include "vmm/log.h"

#include <errno.h>
#include <sys/mman.h>

static int unmap_piece(struct vduse_memory *memory, unsigned index)
{
    struct vduse_piece *piece = &memory->pieces[index];
    int error =
        memory->backend->ops->unmap(memory->backend, &piece->mapping, 1);

    munmap(piece->mapping.host, piece->mapping.size);
    *piece = memory->pieces[--memory->count];
    return error;
}

static bool is_mapped(struct vduse_memory *memory,
                      const struct vdpa_mapping *mapping, uint64_t inode)
{
    for (unsigned i = 0; i < memory->count; i++) {
        struct vduse_piece *piece = &memory->pieces[i];

        if (piece->mapping.iova == mapping->iova &&
            piece->mapping.size == mapping->size && piece->inode == inode) {
            piece->is_wanted = true;
            return true;
        }
    }
    return false;
}

static void forget_fresh(struct vduse_memory *memory)
{
    while (memory->num_fresh > 0) {
        const struct vdpa_mapping *mapping =
            &memory->fresh[--memory->num_fresh].mapping;

        munmap(mapping->host, mapping->size);
    }
}

/* A piece of the kernel's list: known already, fresh, or one to be skipped
 * (`host` is NULL). */
static int take_piece(struct vduse_memory *memory,
                      const struct vdpa_mapping *mapping, uint64_t inode)
{
    if (!mapping->host)
        return 0;
    if (is_mapped(memory, mapping, inode)) {
        munmap(mapping->host, mapping->size);
        return 0;
    }
    if (memory->count + memory->num_fresh == IOVA_MAP_MAX_MAPPINGS) {
        munmap(mapping->host, mapping->size);
        log_error("%s: the driver's memory is in more than %d pieces",
                  memory->device->name, IOVA_MAP_MAX_MAPPINGS);
        return -ENOSPC;
    }
    memory->fresh[memory->num_fresh++] = (struct vduse_piece){
        .mapping = *mapping, .inode = inode, .is_wanted = true};
    return 0;
}

/* Reads the kernel's list: marks the known pieces that are still in it, and
 * collects the fresh ones. */
static int read_list(struct vduse_memory *memory)
{
    uint64_t iova = 0;
    int error;

    do {
        struct vdpa_mapping mapping;
        uint64_t inode = 0;

        error = vduse_device_map(memory->device, iova, &mapping, &inode);
        if (error == -ENOENT)
            return 0;
        if (!error)
            error = take_piece(memory, &mapping, inode);
        if (error)
            return error;
        iova = mapping.iova + mapping.size;
    } while (iova != 0); /* the last piece ended at 2^64 */
    return 0;
}

int vduse_memory_update(struct vduse_memory *memory)
{
    int error;

    for (unsigned i = 0; i < memory->count; i++)
        memory->pieces[i].is_wanted = false;
    memory->num_fresh = 0;
    error = read_list(memory);
    if (error) {
        forget_fresh(memory);
        return error;
    }
    for (unsigned i = memory->count; i-- > 0;)
        if (!memory->pieces[i].is_wanted)
            (void)unmap_piece(memory, i); /* logged */
    while (memory->num_fresh > 0) {
        struct vduse_piece *piece = &memory->fresh[memory->num_fresh - 1];

        error = memory->backend->ops->map(memory->backend, &piece->mapping, 1);
        if (error)
            break;
        memory->pieces[memory->count++] = *piece;
        memory->num_fresh--;
    }
    forget_fresh(memory);
    return error;
}

void vduse_memory_clear(struct vduse_memory *memory)
{
    while (memory->count > 0)
        (void)unmap_piece(memory, memory->count - 1); /* logged */
}

const uint8_t *vduse_memory_at(const struct vduse_memory *memory, uint64_t iova,
                               uint64_t size)
{
    for (unsigned i = 0; i < memory->count; i++) {
        const struct vdpa_mapping *mapping = &memory->pieces[i].mapping;

        if (range_is_inside(iova, size, mapping->iova, mapping->size))
            return (const uint8_t *)mapping->host + (iova - mapping->iova);
    }
    return NULL;
}
