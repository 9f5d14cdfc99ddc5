/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame_queue.c: a bounded queue of frames, for while the guest has no room.
 */
#include "vdpa/frame_queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_SIZE sizeof(uint32_t)

void frame_queue_init(struct frame_queue *queue, size_t capacity)
{
    *queue = (struct frame_queue){.capacity = capacity};
}

void frame_queue_destroy(struct frame_queue *queue)
{
    free(queue->bytes);
    *queue = (struct frame_queue){.bytes = NULL};
}

/* The `size` bytes at `offset` from the start, as one or two pieces. */
static unsigned pieces_at(const struct frame_queue *queue, size_t offset,
                          size_t size, struct iovec pieces[static 2])
{
    size_t start = (queue->start + offset) % queue->capacity;
    size_t before_end = queue->capacity - start;

    pieces[0] = (struct iovec){queue->bytes + start, size};
    if (size <= before_end)
        return 1;
    pieces[0].iov_len = before_end;
    pieces[1] = (struct iovec){queue->bytes, size - before_end};
    return 2;
}

static void append(struct frame_queue *queue, const void *bytes, size_t size)
{
    struct iovec pieces[2];
    unsigned count = pieces_at(queue, queue->used, size, pieces);

    memcpy(pieces[0].iov_base, bytes, pieces[0].iov_len);
    if (count == 2)
        memcpy(pieces[1].iov_base, (const uint8_t *)bytes + pieces[0].iov_len,
               pieces[1].iov_len);
    queue->used += size;
}

static uint32_t first_length(const struct frame_queue *queue)
{
    struct iovec pieces[2];
    unsigned count = pieces_at(queue, 0, LENGTH_SIZE, pieces);
    uint32_t length;

    memcpy(&length, pieces[0].iov_base, pieces[0].iov_len);
    if (count == 2)
        memcpy((uint8_t *)&length + pieces[0].iov_len, pieces[1].iov_base,
               pieces[1].iov_len);
    return length;
}

bool frame_queue_add(struct frame_queue *queue, const void *frame, size_t size)
{
    uint32_t length = (uint32_t)size;

    if (size > UINT32_MAX || size + LENGTH_SIZE > queue->capacity - queue->used)
        return false;
    if (!queue->bytes)
        queue->bytes = malloc(queue->capacity);
    if (!queue->bytes)
        return false;
    append(queue, &length, LENGTH_SIZE);
    append(queue, frame, size);
    return true;
}

unsigned frame_queue_first(const struct frame_queue *queue,
                           struct iovec pieces[static 2])
{
    if (queue->used == 0)
        return 0;
    return pieces_at(queue, LENGTH_SIZE, first_length(queue), pieces);
}

void frame_queue_remove_first(struct frame_queue *queue)
{
    size_t size;

    assert(queue->used > 0);
    size = LENGTH_SIZE + first_length(queue);
    queue->used -= size;
    /* Back to the pages that are there already. */
    queue->start = queue->used ? (queue->start + size) % queue->capacity : 0;
}
