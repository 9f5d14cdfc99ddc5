/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring_chain.h: from descriptors to a chain; what both kinds of ring share.
 *
 * Internal to virtqueues. Whatever returns false has broken the queue.
 */
#ifndef VDPA_RING_CHAIN_H
#define VDPA_RING_CHAIN_H

#include "vdpa/virtqueue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* A table of descriptors in memory that may go over one seam of the map. */
struct ring_table {
    struct iovec parts[2];
    unsigned num_parts;
    uint32_t count; /* descriptors */
};

/* virtqueue_break(), and false. */
bool ring_fail(struct virtqueue *queue, const char *fault);

void ring_chain_start(struct virtqueue_chain *chain);

/* Appends what one descriptor describes. */
bool ring_chain_add(struct virtqueue *queue, struct virtqueue_chain *chain,
                    uint64_t iova, uint32_t length, bool is_writable);

/* The indirect table that a descriptor refers to. */
bool ring_table_open(struct virtqueue *queue, struct ring_table *table,
                     uint64_t iova, uint32_t length);

/* Copies one descriptor, once; `index` below `count`. */
void ring_table_read(const struct ring_table *table, uint32_t index,
                     void *descriptor);

/*
 * For copying to or from pieces: the part of `piece` that is `*skip` bytes on
 * and at most `size` long. Returns its length, 0 when it lies in a later
 * piece, and takes what it skipped from `*skip`.
 */
size_t ring_piece_part(const struct iovec *piece, size_t *skip, size_t size,
                       uint8_t **part);

/* As virtqueue_read(). */
size_t ring_pieces_read(const struct iovec *pieces, unsigned count, size_t skip,
                        void *bytes, size_t size);

#endif
