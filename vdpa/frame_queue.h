/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame_queue.h: a bounded queue of frames, for while the guest has no room.
 */
#ifndef VDPA_FRAME_QUEUE_H
#define VDPA_FRAME_QUEUE_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* A ring of bytes: each frame is its length and its bytes. */
struct frame_queue {
    uint8_t *bytes; /* NULL until a frame comes */
    size_t capacity, start, used;
};

/* Memory is taken with the first frame, and the kernel gives pages only as
 * far as the queue fills. */
void frame_queue_init(struct frame_queue *queue, size_t capacity);
void frame_queue_destroy(struct frame_queue *queue);

static inline bool frame_queue_is_empty(const struct frame_queue *queue)
{
    return queue->used == 0;
}

/* Copies the frame to the end; false when it does not fit. */
bool frame_queue_add(struct frame_queue *queue, const void *frame, size_t size);

/* The oldest frame, in one or two pieces: how many, 0 when there is none.
 * They are good until the next add or remove. */
unsigned frame_queue_first(const struct frame_queue *queue,
                           struct iovec pieces[static 2]);
void frame_queue_remove_first(struct frame_queue *queue);

#endif
