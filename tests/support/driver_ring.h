/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * driver_ring.h: the driver's side of a virtqueue, split or packed.
 *
 * For one thread; the device may be another. The ring lies in memory of the
 * caller, which a device finds at `iova`:
 *
 *     setup = (struct driver_ring_setup){.size = 256, .event_index = true};
 *     driver_ring_init(&ring, &setup, memory, iova);
 *     driver_ring_add(&ring, &piece, 1, 7);
 *     if (driver_ring_should_kick(&ring))
 *         eventfd_write(kick_fd, 1);
 *     while (driver_ring_collect(&ring, &used))
 *         ...
 */
#ifndef TESTS_SUPPORT_DRIVER_RING_H
#define TESTS_SUPPORT_DRIVER_RING_H

#include "vdpa/vdpa_backend.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DRIVER_RING_MAX_SIZE 1024
/* Descriptors of an indirect table. */
#define DRIVER_RING_MAX_INDIRECT 32

struct driver_ring_setup {
    uint16_t size; /* descriptors, a power of two */
    bool packed;
    bool event_index; /* VIRTIO_F_RING_EVENT_IDX */
    bool indirect;    /* every buffer is an indirect table */
};

/* A part of a buffer. Device-readable parts first. */
struct driver_piece {
    uint64_t iova;
    uint32_t length; /* bytes */
    bool writable;   /* by the device */
};

/* A buffer that the device returned. */
struct driver_used {
    uint64_t token;   /* as driver_ring_add() was given */
    uint32_t written; /* bytes */
};

struct driver_ring {
    struct driver_ring_setup setup;
    uint8_t *desc, *driver, *device; /* where the three parts are */
    uint8_t *tables;                 /* indirect tables, one per id */
    uint64_t iova;                   /* of desc */

    /* Split: free-running indices. Packed: slots and wrap counters. */
    uint16_t next_available, next_used;
    bool available_wrap, used_wrap;
    uint16_t num_unkicked; /* added since should_kick(): buffers or slots */
    uint16_t num_free;     /* descriptors */
    uint16_t num_free_ids;
    uint16_t free_ids[DRIVER_RING_MAX_SIZE]; /* a stack */
    uint64_t tokens[DRIVER_RING_MAX_SIZE];   /* by id */
    uint16_t lengths[DRIVER_RING_MAX_SIZE];  /* descriptors, by id */
    const char *fault; /* what the device did wrong; NULL for nothing */
};

/* Bytes that a ring takes; it starts and ends on a page. */
size_t driver_ring_bytes(const struct driver_ring_setup *setup);
/* `memory` is page-aligned and gets cleared. */
void driver_ring_init(struct driver_ring *ring,
                      const struct driver_ring_setup *setup, void *memory,
                      uint64_t iova);
/* What to give to the device; eventfds -1. */
struct vdpa_queue driver_ring_queue(const struct driver_ring *ring);
/* The VIRTIO_F_* and VIRTIO_RING_F_* bits of the setup, and VERSION_1. */
uint64_t driver_ring_features(const struct driver_ring *ring);

/* Makes a buffer available; false when there is no room. */
bool driver_ring_add(struct driver_ring *ring,
                     const struct driver_piece *pieces, unsigned count,
                     uint64_t token);
/* Whether the device wants to be told of what was added since last asked. */
bool driver_ring_should_kick(struct driver_ring *ring);

/* Takes the next buffer that the device returned. */
bool driver_ring_collect(struct driver_ring *ring, struct driver_used *used);
/* Asks the device to signal us, or not to. Switching on returns true when
 * something was returned already. */
bool driver_ring_want_signals(struct driver_ring *ring, bool wanted);
/* With event_index: asks for a signal once `count` more buffers were returned
 * (split) or descriptors used (packed); 1 or more. */
bool driver_ring_want_signal_after(struct driver_ring *ring, unsigned count);

/* Raw access to the ring, to break it. */
void *driver_ring_descriptor(const struct driver_ring *ring, uint16_t slot);
void *driver_ring_table(const struct driver_ring *ring, uint16_t id);

/* ---- Memory that a device in another process could map ---- */

/* `size` bytes, MAP_SHARED on a memfd; NULL with errno set on failure. */
void *driver_ring_map_memory(size_t size);

#endif
