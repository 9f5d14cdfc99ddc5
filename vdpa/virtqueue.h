/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtqueue.h: the device's side of a virtqueue, split or packed.
 *
 * virtio 1.2, 2.7 and 2.8, with indirect descriptors (2.7.5.3, 2.8.7) and
 * both ways to suppress notifications (flags, and VIRTIO_F_EVENT_IDX).
 *
 * The driver is hostile: each descriptor is copied once and the copy checked,
 * chains are bounded by the queue's size, addresses go through the iova_map.
 * A broken ring makes the queue `is_broken`, after which every call does
 * nothing; the owner then sets DEVICE_NEEDS_RESET. Buffers are returned in
 * the order in which they were taken (so VIRTIO_F_IN_ORDER may be accepted),
 * and another process can go on from the ring and a position. Not
 * thread-safe.
 */
#ifndef VDPA_VIRTQUEUE_H
#define VDPA_VIRTQUEUE_H

#include "vdpa/iova_map.h"
#include "vdpa/vdpa_backend.h"
#include "vmm/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

/* Pieces of one chain, all that a chain of a sane driver has: 64 KiB in pages
 * plus headers. A longer one breaks the queue. */
#define VIRTQUEUE_MAX_PIECES 1024

/* What it takes to return a buffer to the driver. */
struct virtqueue_buffer {
    uint16_t id;              /* head index (split) or buffer id (packed) */
    uint16_t num_descriptors; /* ring slots that it takes; split: 1 */
    uint32_t written;         /* bytes, for the owner to set */
};

/* A buffer of the driver: what it wrote for us, then what we may write. */
struct virtqueue_chain {
    struct virtqueue_buffer buffer;
    struct iovec pieces[VIRTQUEUE_MAX_PIECES];
    unsigned num_readable, num_writable;   /* pieces: readable ones first */
    uint64_t readable_size, writable_size; /* bytes */
};

/* Where a queue stands: VHOST_SET_VRING_BASE's number. Split: the next
 * available index. Packed: next available slot and its wrap counter in bits
 * 0 to 15, next used ones in bits 16 to 31. */
#define VIRTQUEUE_SPLIT_START  0U
#define VIRTQUEUE_PACKED_START 0x80008000U

struct virtqueue {
    const struct iova_map *map; /* borrowed */
    struct vdpa_queue setup;
    bool is_packed, has_event_index, has_indirect;
    bool is_broken;
    const char *fault; /* why it is broken, as words that follow "with" */

    /* Split: free-running indices. Packed: slot numbers and wrap counters. */
    uint16_t next_available, next_used;
    bool available_wrap, used_wrap;
    uint16_t seen_available; /* split: the driver's index when last read */
    /* Ring slots from next_available on that were put back. */
    uint16_t num_put_back;
    /* Ring slots returned since the driver was last asked whether it wants
     * to be told; at most VIRTQUEUE_MANY, which also means "unknown". */
    uint32_t num_unsignalled;
    /* Host addresses of the three parts; valid until the map changes. */
    uint8_t *desc, *driver, *device;
};

/* More than a 16-bit index can tell apart. */
#define VIRTQUEUE_MANY 0x10000U

/* Whether the three parts stand as they must: virtio 1.2, 2.7 and 2.8.10.1. */
bool virtqueue_is_aligned(const struct vdpa_queue *setup, bool is_packed);

/*
 * Makes a queue from what the driver set up. `features` as accepted;
 * `position` as above. -EINVAL, and broken, when a part of it is misaligned
 * or not mapped.
 *
 * It goes on with the first buffer that was not returned, even if it had been
 * taken: nobody else will return it. A split ring tells by its used index
 * which one that is, so that `position` may be out of date; for a packed one
 * bits 16 to 31 count. The driver's wishes are not known then: call
 * virtqueue_should_signal() and virtqueue_want_kicks() before waiting.
 */
int virtqueue_init(struct virtqueue *queue, const struct vdpa_queue *setup,
                   uint64_t features, uint32_t position,
                   const struct iova_map *map) MUST_CHECK;

/* After the map changed: finds the three parts again; -EFAULT, and broken,
 * when they are gone. */
int virtqueue_remap(struct virtqueue *queue) MUST_CHECK;

/* Breaks the queue, for its owner's reasons; the first fault stays. */
void virtqueue_break(struct virtqueue *queue, const char *fault);

/* Takes the next chain that the driver made available. False when there is
 * none, or the queue is broken. */
bool virtqueue_take(struct virtqueue *queue, struct virtqueue_chain *chain);

/* Undoes the last `count` takes, none of which has been returned; `buffers`
 * in the order they were taken. */
void virtqueue_put_back(struct virtqueue *queue,
                        const struct virtqueue_buffer *buffers, unsigned count);

/*
 * Gives `count` buffers back, in the order they were taken. The driver sees
 * them all at once: a frame may lie in several (mergeable receive buffers),
 * so the first one becomes visible last.
 */
void virtqueue_return(struct virtqueue *queue,
                      const struct virtqueue_buffer *buffers, unsigned count);

/* Whether the driver wants to be told of what was returned since the last
 * call. The first call cannot know and is true unless the driver wants
 * nothing at all. */
bool virtqueue_should_signal(struct virtqueue *queue);

/*
 * Asks the driver to notify us, or not to. Switching on returns true when a
 * chain that was never taken is there already: look again, no notification
 * will come for it. Those that were put back do not count: the owner found
 * them too few.
 */
bool virtqueue_want_kicks(struct virtqueue *queue, bool wanted);

/* The position to go on from, for virtqueue_init(): what was not returned
 * will be taken again. */
uint32_t virtqueue_position(const struct virtqueue *queue);

/* Copies between memory and part of a chain, `skip` bytes into its readable
 * or writable bytes; returns the bytes copied, fewer at the end. */
size_t virtqueue_read(const struct virtqueue_chain *chain, size_t skip,
                      void *bytes, size_t size);
size_t virtqueue_write(const struct virtqueue_chain *chain, size_t skip,
                       const void *bytes, size_t size);

#endif
