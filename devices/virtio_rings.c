/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_rings.c: alignment, size and place of a virtqueue's three parts.
 */
#include "devices/virtio_rings.h"

#include "vmm/bytes.h"

#include <stddef.h>

/* Alignment and size in bytes of each part. */
struct ring_part {
    uint64_t alignment, size;
};

struct ring_layout {
    struct ring_part desc, driver, device;
};

static struct ring_layout layout_of(bool is_packed, uint64_t size)
{
    /* 2.8: descriptors of 16 bytes and two event suppression structures. */
    if (is_packed)
        return (struct ring_layout){
            .desc = {16, 16 * size}, .driver = {4, 4}, .device = {4, 4}};
    /* 2.7: an index and a flags word, the ring, and the other side's event
     * index, which is there whether it is used or not. */
    return (struct ring_layout){.desc = {16, 16 * size},
                                .driver = {2, 6 + 2 * size},
                                .device = {4, 6 + 8 * size}};
}

static bool is_aligned_part(const struct ring_part *part, uint64_t gpa)
{
    return is_aligned(gpa, part->alignment);
}

static bool is_in_memory(const struct guest_memory *memory,
                         const struct ring_part *part, uint64_t gpa)
{
    return guest_memory_at(memory, gpa, part->size) != NULL;
}

const char *virtio_rings_fault(const struct guest_memory *memory,
                               bool is_packed, uint16_t size, uint64_t desc_gpa,
                               uint64_t driver_gpa, uint64_t device_gpa)
{
    struct ring_layout layout = layout_of(is_packed, size);

    if (size == 0)
        return "no descriptors";
    if (!is_aligned_part(&layout.desc, desc_gpa) ||
        !is_aligned_part(&layout.driver, driver_gpa) ||
        !is_aligned_part(&layout.device, device_gpa))
        return "a misaligned address";
    if (!is_in_memory(memory, &layout.desc, desc_gpa) ||
        !is_in_memory(memory, &layout.driver, driver_gpa) ||
        !is_in_memory(memory, &layout.device, device_gpa))
        return "a ring outside guest memory";
    return NULL;
}
