/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue_bed.h: a virtqueue with its driver, in memory of several mappings.
 */
#ifndef TESTS_SUPPORT_QUEUE_BED_H
#define TESTS_SUPPORT_QUEUE_BED_H

#include "tests/support/driver_ring.h"
#include "vdpa/virtqueue.h"

#include <stdint.h>

/* {split, packed} x {flags, event index} x {direct, indirect}. */
#define QUEUE_BED_VARIATIONS 8

/* Where buffers are. Half of it lies in one mapping, half in the next, whose
 * host address is not where the first one's ends. */
#define QUEUE_BED_DATA      0x40000000U
#define QUEUE_BED_DATA_SIZE 0x80000U
#define QUEUE_BED_SEAM      (QUEUE_BED_DATA + QUEUE_BED_DATA_SIZE / 2)
/* Where the ring is. */
#define QUEUE_BED_RING 0x1000U

struct queue_bed {
    struct driver_ring driver;
    struct virtqueue queue;
    struct virtqueue_chain chain; /* for whoever needs one */
    struct iova_map map;
    uint8_t *memory;
    size_t memory_size;
};

/* The setup of a variation. */
struct driver_ring_setup queue_bed_setup(int variation, uint16_t size);
/* Makes a ring of `size` descriptors and the device's side of it. */
void queue_bed_open(struct queue_bed *bed, struct driver_ring_setup setup);
void queue_bed_close(struct queue_bed *bed);

/* The host address of a byte of data. */
uint8_t *queue_bed_at(const struct queue_bed *bed, uint64_t iova);

/* Adds a buffer of one piece, at QUEUE_BED_DATA; fails when there is no
 * room. */
void queue_bed_add(struct queue_bed *bed, uint64_t token);
/* Takes a buffer; fails when there is none. */
struct virtqueue_buffer queue_bed_take(struct queue_bed *bed);
/* Takes a buffer and returns it. */
void queue_bed_use(struct queue_bed *bed);
/* Claims that the driver gets a buffer back, with that token. */
void queue_bed_collect(struct queue_bed *bed, uint64_t token);

#endif
