/* SPDX-License-Identifier: BSD-2-Clause */
/* queue_bed.c: a virtqueue with its driver. */
#include "tests/support/queue_bed.h"

#include <check.h>
#include <sys/mman.h>

struct driver_ring_setup queue_bed_setup(int variation, uint16_t size)
{
    return (struct driver_ring_setup){
        .size = size,
        .packed = variation & 1,
        .event_index = variation & 2,
        .indirect = variation & 4,
    };
}

static uint32_t start_of(const struct queue_bed *bed)
{
    return bed->driver.setup.packed ? VIRTQUEUE_PACKED_START
                                    : VIRTQUEUE_SPLIT_START;
}

void queue_bed_open(struct queue_bed *bed, struct driver_ring_setup setup)
{
    const size_t half = QUEUE_BED_DATA_SIZE / 2;
    size_t ring_size = driver_ring_bytes(&setup);
    struct vdpa_mapping mappings[3];
    struct vdpa_queue queue;

    bed->memory_size = QUEUE_BED_DATA_SIZE + ring_size;
    bed->memory = driver_ring_map_memory(bed->memory_size);
    ck_assert_ptr_nonnull(bed->memory);
    mappings[0] = (struct vdpa_mapping){QUEUE_BED_SEAM, half, bed->memory};
    mappings[1] =
        (struct vdpa_mapping){QUEUE_BED_DATA, half, bed->memory + half};
    mappings[2] = (struct vdpa_mapping){QUEUE_BED_RING, ring_size,
                                        bed->memory + QUEUE_BED_DATA_SIZE};
    iova_map_clear(&bed->map);
    ck_assert_int_eq(iova_map_add(&bed->map, mappings, 3), 0);

    driver_ring_init(&bed->driver, &setup, mappings[2].host, QUEUE_BED_RING);
    queue = driver_ring_queue(&bed->driver);
    ck_assert_int_eq(virtqueue_init(&bed->queue, &queue,
                                    driver_ring_features(&bed->driver),
                                    start_of(bed), &bed->map),
                     0);
}

void queue_bed_close(struct queue_bed *bed)
{
    ck_assert_msg(bed->driver.fault == NULL, "%s", bed->driver.fault);
    munmap(bed->memory, bed->memory_size);
}

uint8_t *queue_bed_at(const struct queue_bed *bed, uint64_t iova)
{
    uint8_t *host = iova_map_at(&bed->map, iova, 1);

    ck_assert_ptr_nonnull(host);
    return host;
}

void queue_bed_add(struct queue_bed *bed, uint64_t token)
{
    const struct driver_piece piece = {.iova = QUEUE_BED_DATA, .length = 64};

    ck_assert(driver_ring_add(&bed->driver, &piece, 1, token));
}

struct virtqueue_buffer queue_bed_take(struct queue_bed *bed)
{
    bool taken = virtqueue_take(&bed->queue, &bed->chain);

    ck_assert_msg(taken, "nothing to take, or broken with %s",
                  bed->queue.fault);
    return bed->chain.buffer;
}

void queue_bed_use(struct queue_bed *bed)
{
    struct virtqueue_buffer buffer = queue_bed_take(bed);

    virtqueue_return(&bed->queue, &buffer, 1);
}

void queue_bed_collect(struct queue_bed *bed, uint64_t token)
{
    struct driver_used used;

    ck_assert(driver_ring_collect(&bed->driver, &used));
    ck_assert_uint_eq(used.token, token);
}
