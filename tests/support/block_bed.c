/* SPDX-License-Identifier: BSD-2-Clause */
/* block_bed.c: a software disk, running, with its driver. */
#include "tests/support/block_bed.h"

#include "tests/support/loop_steps.h"
#include "vdpa/soft_block_private.h"
#include "vmm/bytes.h"

#include <check.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define BIT64(bit) (1ULL << (bit))

uint8_t block_bed_pattern(uint64_t offset)
{
    return (uint8_t)(offset * 7 + offset / DISK_SECTOR * 31);
}

static void make_file(struct block_bed *bed)
{
    uint8_t sector[DISK_SECTOR];

    (void)snprintf(bed->path, sizeof(bed->path), "/tmp/vmm-block-bed-XXXXXX");
    bed->fd = mkstemp(bed->path);
    ck_assert_int_ge(bed->fd, 0);
    for (uint64_t i = 0; i < bed->setup.sectors; i++) {
        for (unsigned at = 0; at < DISK_SECTOR; at++)
            sector[at] = block_bed_pattern(i * DISK_SECTOR + at);
        ck_assert_int_eq(write(bed->fd, sector, sizeof(sector)),
                         sizeof(sector));
    }
}

bool block_bed_file_is(const struct block_bed *bed, uint64_t offset,
                       uint64_t size, int byte)
{
    uint8_t found;

    for (uint64_t at = offset; at < offset + size; at++)
        if (pread(bed->fd, &found, 1, (off_t)at) != 1 ||
            found !=
                (byte == BLOCK_BED_UNCHANGED ? block_bed_pattern(at) : byte))
            return false;
    return true;
}

static struct driver_ring_setup ring_setup(const struct block_bed *bed)
{
    return (struct driver_ring_setup){
        .size = SOFT_BLOCK_QUEUE_SIZE,
        .packed = bed->setup.variation & BLOCK_BED_PACKED,
        .event_index = bed->setup.variation & BLOCK_BED_EVENTS,
        .indirect = bed->setup.variation & BLOCK_BED_INDIRECT,
    };
}

static void set_status(const struct block_bed *bed, unsigned status)
{
    ck_assert_int_eq(bed->ops->set_status(bed->backend, (uint8_t)status), 0);
}

uint8_t block_bed_device_status(const struct block_bed *bed)
{
    uint8_t status = 0xff;

    ck_assert_int_eq(bed->ops->get_status(bed->backend, &status), 0);
    return status;
}

static void start(struct block_bed *bed)
{
    const uint64_t rings = BIT64(VIRTIO_F_RING_PACKED) |
                           BIT64(VIRTIO_RING_F_EVENT_IDX) |
                           BIT64(VIRTIO_RING_F_INDIRECT_DESC);
    struct vdpa_queue queue;

    set_status(bed, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
    ck_assert_int_eq(bed->ops->get_features(bed->backend, &bed->offered), 0);
    bed->features = (bed->offered & ~rings & ~bed->setup.refused) |
                    driver_ring_features(&bed->ring);
    ck_assert_int_eq(bed->ops->set_features(bed->backend, bed->features), 0);
    set_status(bed, 11);
    ck_assert_int_eq(bed->ops->set_config_call(bed->backend, bed->config_fd),
                     0);
    queue = driver_ring_queue(&bed->ring);
    queue.kick_fd = bed->kick_fd;
    queue.call_fd = bed->call_fd;
    queue.position = vdpa_queue_start(bed->ring.setup.packed);
    ck_assert_int_eq(bed->ops->set_queue(bed->backend, 0, &queue), 0);
    ck_assert_int_eq(bed->ops->enable_queue(bed->backend, 0, true), 0);
    set_status(bed, 15);
    ck_assert_uint_eq(block_bed_device_status(bed), 15);
}

void block_bed_restart(struct block_bed *bed)
{
    const struct driver_ring_setup setup = ring_setup(bed);

    set_status(bed, 0);
    driver_ring_init(&bed->ring, &setup, bed->mappings[1].host,
                     bed->mappings[1].iova);
    start(bed);
}

static void map_memory(struct vdpa_mapping *mapping, uint64_t iova, size_t size)
{
    *mapping = (struct vdpa_mapping){
        .iova = iova,
        .size = size,
        .host = driver_ring_map_memory(size),
    };
    ck_assert_ptr_nonnull(mapping->host);
}

void block_bed_open(struct block_bed *bed, struct block_bed_setup setup)
{
    struct disk_image_options options = {
        .is_read_only = setup.is_read_only,
        .is_snapshot = setup.is_snapshot,
    };
    struct driver_ring_setup ring;

    memset(bed, 0, sizeof(*bed));
    bed->setup = setup;
    if (setup.sectors == 0)
        bed->setup.sectors = BLOCK_BED_SECTORS;
    log_capture_start(&bed->capture);
    make_file(bed);
    ring = ring_setup(bed);
    map_memory(&bed->mappings[0], BLOCK_BED_IOVA, 0x1000 + BLOCK_BED_DATA_SIZE);
    map_memory(&bed->mappings[1], BLOCK_BED_RING_IOVA,
               driver_ring_bytes(&ring));
    bed->data = (uint8_t *)bed->mappings[0].host + 0x1000;
    bed->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bed->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bed->config_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    options.path = bed->path;
    ck_assert_msg(soft_block_prepare(&options, &bed->block) == 0, "%s",
                  bed->capture.last);
    bed->backend = &bed->block->device.backend;
    bed->ops = bed->backend->ops;
    ck_assert_int_eq(bed->ops->map(bed->backend, bed->mappings, 2), 0);
    block_bed_restart(bed);
}

void block_bed_close(struct block_bed *bed)
{
    bed->ops->close(bed->backend);
    ck_assert_msg(bed->ring.fault == NULL, "%s", bed->ring.fault);
    (void)close(bed->kick_fd);
    (void)close(bed->call_fd);
    (void)close(bed->config_fd);
    (void)close(bed->fd);
    (void)unlink(bed->path);
    for (unsigned i = 0; i < 2; i++)
        munmap(bed->mappings[i].host, bed->mappings[i].size);
    log_capture_stop();
}

/* ---- Requests ---- */

void block_bed_set_header(struct block_bed *bed, uint32_t type, uint64_t sector)
{
    uint8_t *memory = bed->mappings[0].host;

    store_le32(memory, type);
    store_le32(memory + 4, 0);
    store_le64(memory + 8, sector);
    memory[BLOCK_BED_STATUS_IOVA - BLOCK_BED_IOVA] = 0xff;
}

uint8_t block_bed_status(const struct block_bed *bed)
{
    const uint8_t *memory = bed->mappings[0].host;

    return memory[BLOCK_BED_STATUS_IOVA - BLOCK_BED_IOVA];
}

bool block_bed_exchange(struct block_bed *bed,
                        const struct driver_piece *pieces, unsigned count)
{
    struct driver_used used;

    ck_assert(driver_ring_add(&bed->ring, pieces, count, 7));
    if (driver_ring_should_kick(&bed->ring))
        ck_assert_int_eq(eventfd_write(bed->kick_fd, 1), 0);
    (void)loop_serve_ready(&bed->block->device.loop);
    if (!driver_ring_collect(&bed->ring, &used))
        return false;
    ck_assert_uint_eq(used.token, 7);
    bed->written = used.written;
    return true;
}

uint8_t block_bed_ask(struct block_bed *bed, uint32_t type, uint64_t sector,
                      uint32_t out_size, uint32_t in_size)
{
    const struct driver_piece all[] = {
        {.iova = BLOCK_BED_HEADER_IOVA, .length = 16},
        {.iova = BLOCK_BED_DATA_IOVA, .length = out_size},
        {.iova = BLOCK_BED_DATA_IOVA + out_size,
         .length = in_size,
         .writable = true},
        {.iova = BLOCK_BED_STATUS_IOVA, .length = 1, .writable = true},
    };
    struct driver_piece pieces[ARRAY_SIZE(all)];
    unsigned count = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
        if (all[i].length > 0)
            pieces[count++] = all[i];
    block_bed_set_header(bed, type, sector);
    ck_assert(block_bed_exchange(bed, pieces, count));
    return block_bed_status(bed);
}
