/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_block.c: the software disk: what it is, its queue, its life. What is
 * asked of it is served in soft_block_requests.c.
 */
#include "vdpa/soft_block.h"

#include "vdpa/soft_block_private.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#define FEATURE(bit) (1ULL << (bit))
#define QUEUE        0
/* Requests of one look at the queue, so that the backend's callers get their
 * turn, and the driver the first answers before the last. */
#define MAX_BURST 16

static struct soft_block *to_block(struct soft_device *device)
{
    return container_of(device, struct soft_block, device);
}

/* ---- The queue ---- */

static bool take(struct soft_block *block)
{
    struct virtqueue *ring = &block->device.queues[QUEUE].ring;

    virtqueue_want_kicks(ring, false);
    while (!virtqueue_take(ring, &block->chain))
        if (!virtqueue_want_kicks(ring, true))
            return false;
    return true;
}

/* Takes and serves the next request. One that cannot be answered breaks the
 * queue. */
static bool serve_next(struct soft_block *block)
{
    struct soft_queue *queue = &block->device.queues[QUEUE];

    if (!take(block))
        return false;
    if (block->chain.readable_size < sizeof(struct virtio_blk_outhdr)) {
        virtqueue_break(&queue->ring, "a request without a whole header");
        return false;
    }
    if (block->chain.writable_size == 0) {
        virtqueue_break(&queue->ring, "a request without room for its status");
        return false;
    }
    soft_block_serve(block);
    virtqueue_return(&queue->ring, &block->chain.buffer, 1);
    queue->must_signal = true;
    return true;
}

static void kicked(struct soft_device *device, unsigned index)
{
    struct soft_block *block = to_block(device);
    unsigned count = 0;

    while (count < MAX_BURST && serve_next(block))
        count++;
    soft_device_signal(device, index);
    soft_device_check_rings(device);
    /* The rest, after whoever waits for the lock. */
    if (count == MAX_BURST && device->is_running &&
        eventfd_write(device->queues[index].setup.kick_fd, 1) != 0)
        log_error("%s: eventfd: %s", device->backend.name, strerror(errno));
}

/* ---- soft_device_ops ---- */

static int start(struct soft_device *device)
{
    const struct soft_queue *queue = &device->queues[QUEUE];

    if (!queue->is_set || !queue->is_enabled)
        return 0;
    return soft_device_start_queue(device, QUEUE);
}

static void stop(struct soft_device *device)
{
    (void)device;
}

/* The notification that follows has everything served. */
static void resumed(struct soft_device *device)
{
    (void)device;
}

static void destroy(struct soft_device *device)
{
    struct soft_block *block = to_block(device);

    disk_image_close(&block->image);
    soft_device_destroy(device);
    free(block);
}

static const struct soft_device_ops soft_block_ops = {
    .start = start,
    .stop = stop,
    .resumed = resumed,
    .kicked = kicked,
    .destroy = destroy,
};

/* ---- For the owner ---- */

static uint64_t offered_features(const struct disk_image *image)
{
    const uint64_t always =
        FEATURE(VIRTIO_BLK_F_SEG_MAX) | FEATURE(VIRTIO_BLK_F_BLK_SIZE) |
        FEATURE(VIRTIO_BLK_F_FLUSH) | FEATURE(VIRTIO_F_VERSION_1) |
        FEATURE(VIRTIO_F_ACCESS_PLATFORM) |
        FEATURE(VIRTIO_RING_F_INDIRECT_DESC) |
        FEATURE(VIRTIO_RING_F_EVENT_IDX) | FEATURE(VIRTIO_F_RING_PACKED) |
        FEATURE(VIRTIO_F_IN_ORDER);

    if (image->options.is_read_only)
        return always | FEATURE(VIRTIO_BLK_F_RO);
    return always | FEATURE(VIRTIO_BLK_F_DISCARD) |
           FEATURE(VIRTIO_BLK_F_WRITE_ZEROES);
}

static void fill_config(struct soft_block *block)
{
    struct virtio_blk_config *config = &block->config;
    const struct disk_image *image = &block->image;

    store_le64(&config->capacity, image->size / DISK_SECTOR);
    /* Header and status take a descriptor each. */
    store_le32(&config->seg_max, SOFT_BLOCK_QUEUE_SIZE - 2);
    store_le32(&config->blk_size, image->block_size);
    store_le32(&config->max_discard_sectors, SOFT_BLOCK_MAX_SECTORS);
    store_le32(&config->max_discard_seg, SOFT_BLOCK_MAX_SEGMENTS);
    store_le32(&config->discard_sector_alignment,
               image->block_size / DISK_SECTOR);
    store_le32(&config->max_write_zeroes_sectors, SOFT_BLOCK_MAX_SECTORS);
    store_le32(&config->max_write_zeroes_seg, SOFT_BLOCK_MAX_SEGMENTS);
    config->write_zeroes_may_unmap = 1;
}

int soft_block_prepare(const struct disk_image_options *options,
                       struct soft_block **prepared)
{
    const struct vdpa_identity identity = {
        .device_id = VIRTIO_ID_BLOCK,
        .config_size = sizeof(struct virtio_blk_config),
        .num_queues = 1,
        .max_queue_size = SOFT_BLOCK_QUEUE_SIZE,
        .first_iova = 0,
        .last_iova = UINT64_MAX,
    };
    struct soft_block *block = calloc(1, sizeof(*block));
    int error;

    if (!block) {
        log_error("%s: %s", options->path, strerror(ENOMEM));
        return -ENOMEM;
    }
    error = disk_image_open(&block->image, options);
    if (error) {
        disk_image_close(&block->image);
        free(block);
        return error;
    }
    block->device.device_features = offered_features(&block->image);
    fill_config(block);
    error = soft_device_init(&block->device, &soft_block_ops, options->path,
                             &identity, (const uint8_t *)&block->config);
    if (error)
        block->device.backend.ops->close(&block->device.backend);
    *prepared = block;
    return error;
}

int soft_block_open(const struct disk_image_options *options,
                    struct vdpa_backend **backend)
{
    struct soft_block *block;
    int error = soft_block_prepare(options, &block);

    if (error)
        return error;
    *backend = &block->device.backend;
    error = soft_device_start_thread(&block->device, "disk");
    if (error)
        (*backend)->ops->close(*backend);
    return error;
}

void soft_block_get_counters(struct vdpa_backend *backend,
                             struct soft_block_counters *counters)
{
    struct soft_block *block =
        container_of(backend, struct soft_block, device.backend);

    pthread_mutex_lock(&block->device.lock);
    *counters = block->counters;
    pthread_mutex_unlock(&block->device.lock);
}
