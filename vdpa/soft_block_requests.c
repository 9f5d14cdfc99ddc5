/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_block_requests.c: what a driver asks of the software disk (virtio 1.2,
 * 5.2.6): a header that it wrote, data, and a last byte for the answer, in
 * whatever pieces. Everything but what is copied here may change meanwhile.
 */
#include "vdpa/soft_block_private.h"
#include "vmm/bytes.h"

#include <string.h>

#define HEADER_SIZE  sizeof(struct virtio_blk_outhdr)
#define SEGMENT_SIZE sizeof(struct virtio_blk_discard_write_zeroes)
/* What Linux 6.1's headers lack. */
#define UNMAP_FLAG 1U

struct request {
    uint32_t type;
    uint64_t sector;
    uint64_t out_size, in_size; /* bytes of data each way */
};

static bool range_is_valid(const struct soft_block *block, uint64_t sector,
                           uint64_t count)
{
    return count <= SOFT_BLOCK_MAX_SECTORS &&
           range_is_inside(sector, count, 0, block->image.size / DISK_SECTOR);
}

static bool data_is_valid(const struct soft_block *block, uint64_t sector,
                          uint64_t size)
{
    return size % DISK_SECTOR == 0 &&
           range_is_valid(block, sector, size / DISK_SECTOR);
}

static uint8_t serve_read(struct soft_block *block,
                          const struct request *request)
{
    struct virtqueue_chain *chain = &block->chain;
    struct disk_pieces pieces = {&chain->pieces[chain->num_readable],
                                 chain->num_writable, 0};

    if (!data_is_valid(block, request->sector, request->in_size) ||
        disk_image_read(&block->image, &pieces, request->sector * DISK_SECTOR,
                        request->in_size) != 0)
        return VIRTIO_BLK_S_IOERR;
    block->counters.reads++;
    block->counters.read_bytes += request->in_size;
    return VIRTIO_BLK_S_OK;
}

/* A driver that does not flush is told of nothing that a crash would undo
 * (5.2.6.2). */
static int flush_unasked(struct soft_block *block)
{
    if (block->device.features & 1ULL << VIRTIO_BLK_F_FLUSH)
        return 0;
    return disk_image_flush(&block->image);
}

static uint8_t serve_write(struct soft_block *block,
                           const struct request *request)
{
    struct virtqueue_chain *chain = &block->chain;
    struct disk_pieces pieces = {chain->pieces, chain->num_readable, 0};

    if (block->image.options.is_read_only ||
        !data_is_valid(block, request->sector, request->out_size))
        return VIRTIO_BLK_S_IOERR;
    disk_pieces_skip(&pieces, HEADER_SIZE);
    if (disk_image_write(&block->image, &pieces, request->sector * DISK_SECTOR,
                         request->out_size) != 0 ||
        flush_unasked(block) != 0)
        return VIRTIO_BLK_S_IOERR;
    block->counters.writes++;
    block->counters.written_bytes += request->out_size;
    return VIRTIO_BLK_S_OK;
}

static uint8_t serve_flush(struct soft_block *block)
{
    if (disk_image_flush(&block->image) != 0)
        return VIRTIO_BLK_S_IOERR;
    block->counters.flushes++;
    return VIRTIO_BLK_S_OK;
}

/* The image's name, as far as there is room; 0 ends a shorter one. */
static uint8_t serve_get_id(struct soft_block *block,
                            const struct request *request)
{
    char id[VIRTIO_BLK_ID_BYTES] = "";
    const char *path = block->image.options.path;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    if (request->in_size < sizeof(id))
        return VIRTIO_BLK_S_IOERR;
    memcpy(id, name, strnlen(name, sizeof(id)));
    virtqueue_write(&block->chain, 0, id, sizeof(id));
    block->counters.others++;
    return VIRTIO_BLK_S_OK;
}

static uint8_t serve_segment(struct soft_block *block, uint32_t type,
                             const uint8_t bytes[SEGMENT_SIZE])
{
    const uint64_t sector = load_le64(bytes), count = load_le32(bytes + 8);
    const uint32_t flags = load_le32(bytes + 12);
    bool zeroes = type == VIRTIO_BLK_T_WRITE_ZEROES;
    uint64_t offset, size;
    int error;

    if (flags & ~(zeroes ? UNMAP_FLAG : 0))
        return VIRTIO_BLK_S_UNSUPP;
    if (!range_is_valid(block, sector, count))
        return VIRTIO_BLK_S_IOERR;
    if (count == 0)
        return VIRTIO_BLK_S_OK;
    offset = sector * DISK_SECTOR;
    size = count * DISK_SECTOR;
    error = zeroes ? disk_image_zero(&block->image, offset, size, flags)
                   : disk_image_discard(&block->image, offset, size);
    return error ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
}

static uint8_t serve_segments(struct soft_block *block,
                              const struct request *request)
{
    const uint64_t count = request->out_size / SEGMENT_SIZE;
    uint8_t bytes[SEGMENT_SIZE], status = VIRTIO_BLK_S_OK;

    if (block->image.options.is_read_only ||
        request->out_size % SEGMENT_SIZE != 0 || count == 0 ||
        count > SOFT_BLOCK_MAX_SEGMENTS)
        return VIRTIO_BLK_S_IOERR;
    for (uint64_t i = 0; i < count && status == VIRTIO_BLK_S_OK; i++) {
        virtqueue_read(&block->chain, HEADER_SIZE + i * SEGMENT_SIZE, bytes,
                       sizeof(bytes));
        status = serve_segment(block, request->type, bytes);
    }
    if (status == VIRTIO_BLK_S_OK && flush_unasked(block) != 0)
        status = VIRTIO_BLK_S_IOERR;
    if (status == VIRTIO_BLK_S_OK)
        block->counters.others++;
    return status;
}

static uint8_t serve(struct soft_block *block, const struct request *request)
{
    switch (request->type) {
    case VIRTIO_BLK_T_IN:
        return serve_read(block, request);
    case VIRTIO_BLK_T_OUT:
        return serve_write(block, request);
    case VIRTIO_BLK_T_FLUSH:
        return serve_flush(block);
    case VIRTIO_BLK_T_GET_ID:
        return serve_get_id(block, request);
    case VIRTIO_BLK_T_DISCARD:
    case VIRTIO_BLK_T_WRITE_ZEROES:
        return serve_segments(block, request);
    default:
        return VIRTIO_BLK_S_UNSUPP;
    }
}

/* How much of the buffer, from its start, is known to have been written; the
 * byte at its end does not count when there is a gap. */
static uint64_t written_size(const struct request *request, uint8_t status)
{
    if (request->in_size == 0)
        return 1;
    if (status != VIRTIO_BLK_S_OK)
        return 0;
    if (request->type == VIRTIO_BLK_T_IN)
        return request->in_size + 1;
    return request->type == VIRTIO_BLK_T_GET_ID ? VIRTIO_BLK_ID_BYTES : 0;
}

void soft_block_serve(struct soft_block *block)
{
    struct virtqueue_chain *chain = &block->chain;
    uint8_t header[HEADER_SIZE], status;
    struct request request;

    virtqueue_read(chain, 0, header, sizeof(header));
    request = (struct request){
        .type = load_le32(header),
        .sector = load_le64(header + 8),
        .out_size = chain->readable_size - HEADER_SIZE,
        .in_size = chain->writable_size - 1,
    };
    status = serve(block, &request);
    if (status != VIRTIO_BLK_S_OK)
        block->counters.failed++;
    virtqueue_write(chain, request.in_size, &status, 1);
    chain->buffer.written = (uint32_t)written_size(&request, status);
}
