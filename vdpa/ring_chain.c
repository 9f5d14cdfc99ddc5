/* SPDX-License-Identifier: BSD-2-Clause */
/* ring_chain.c: from descriptors to a chain. */
#include "vdpa/ring_chain.h"

#include "vdpa/ring_memory.h"

#include <errno.h>
#include <string.h>

bool ring_fail(struct virtqueue *queue, const char *fault)
{
    virtqueue_break(queue, fault);
    return false;
}

void ring_chain_start(struct virtqueue_chain *chain)
{
    /* Not the pieces: they are many. */
    chain->buffer = (struct virtqueue_buffer){.num_descriptors = 1};
    chain->num_readable = chain->num_writable = 0;
    chain->readable_size = chain->writable_size = 0;
}

/* Returns the pieces added, 0 for a broken queue. */
static unsigned add_pieces(struct virtqueue *queue,
                           struct virtqueue_chain *chain, uint64_t iova,
                           uint32_t length)
{
    unsigned used = chain->num_readable + chain->num_writable;
    int count = iova_map_pieces(queue->map, iova, length, &chain->pieces[used],
                                VIRTQUEUE_MAX_PIECES - used);

    if (count > 0)
        return (unsigned)count;
    if (length == 0)
        ring_fail(queue, "a descriptor of zero length");
    else if (count == -E2BIG)
        ring_fail(queue, "a chain of too many pieces");
    else
        ring_fail(queue, "a buffer outside the memory of the device");
    return 0;
}

bool ring_chain_add(struct virtqueue *queue, struct virtqueue_chain *chain,
                    uint64_t iova, uint32_t length, bool is_writable)
{
    unsigned count;

    /* 2.7.4.2, 2.8.17: readable ones come first. */
    if (!is_writable && chain->num_writable > 0)
        return ring_fail(queue, "a readable descriptor behind a writable one");
    count = add_pieces(queue, chain, iova, length);
    if (is_writable) {
        chain->num_writable += count;
        chain->writable_size += length;
    } else {
        chain->num_readable += count;
        chain->readable_size += length;
    }
    return count > 0;
}

bool ring_table_open(struct virtqueue *queue, struct ring_table *table,
                     uint64_t iova, uint32_t length)
{
    int count;

    if (!queue->has_indirect)
        return ring_fail(queue,
                         "an indirect descriptor that was not negotiated");
    if (length == 0 || length % RING_DESCRIPTOR_SIZE != 0)
        return ring_fail(queue, "an indirect table of an impossible size");
    count = iova_map_pieces(queue->map, iova, length, table->parts,
                            ARRAY_SIZE(table->parts));
    if (count < 0)
        return ring_fail(queue, "an indirect table outside the memory of the "
                                "device");
    table->num_parts = (unsigned)count;
    table->count = length / RING_DESCRIPTOR_SIZE;
    return true;
}

void ring_table_read(const struct ring_table *table, uint32_t index,
                     void *descriptor)
{
    size_t offset = (size_t)index * RING_DESCRIPTOR_SIZE;
    const uint8_t *first = table->parts[0].iov_base;

    if (offset + RING_DESCRIPTOR_SIZE <= table->parts[0].iov_len)
        ring_copy(descriptor, first + offset, RING_DESCRIPTOR_SIZE);
    else
        ring_pieces_read(table->parts, table->num_parts, offset, descriptor,
                         RING_DESCRIPTOR_SIZE);
}

size_t ring_piece_part(const struct iovec *piece, size_t *skip, size_t size,
                       uint8_t **part)
{
    size_t skipped = *skip < piece->iov_len ? *skip : piece->iov_len;
    size_t length = piece->iov_len - skipped;

    *part = (uint8_t *)piece->iov_base + skipped;
    *skip -= skipped;
    return length < size ? length : size;
}

size_t ring_pieces_read(const struct iovec *pieces, unsigned count, size_t skip,
                        void *bytes, size_t size)
{
    size_t done = 0;

    for (unsigned i = 0; i < count && done < size; i++) {
        uint8_t *part;
        size_t length = ring_piece_part(&pieces[i], &skip, size - done, &part);

        ring_copy((uint8_t *)bytes + done, part, length);
        done += length;
    }
    return done;
}
