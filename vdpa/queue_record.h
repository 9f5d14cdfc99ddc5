/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue_record.h: how far a device has come in a queue, in memory that
 * outlives its process.
 *
 * A split ring says it itself (its used index), a packed one does not. So a
 * device notes where it will be before it returns buffers, and where it is
 * after it: a successor finds both, and tells from the ring which is true.
 */
#ifndef VDPA_QUEUE_RECORD_H
#define VDPA_QUEUE_RECORD_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stdint.h>

#define QUEUE_RECORD_MAX_QUEUES 16

struct queue_record {
    uint32_t position; /* as virtqueue_position() */
    uint32_t next;     /* the same after the return that has begun */
};

/* The records of one device, in shared memory of its name. */
struct queue_records {
    struct queue_record *queues; /* QUEUE_RECORD_MAX_QUEUES; NULL: none */
    char name[280];
};

/* Finds the records of device `name`, or makes them. A device sets its own
 * when a queue starts, so what a stranger left does no harm. -errno, logged. */
int queue_records_open(struct queue_records *records,
                       const char *name) MUST_CHECK;
/* `remove`: nobody will ask for them again. */
void queue_records_close(struct queue_records *records, bool remove);

/* For the device, around each return of `num_descriptors` ring slots of a
 * packed ring of `size`: before it and after it. */
void queue_record_begin(struct queue_record *record, uint16_t size,
                        unsigned num_descriptors);
void queue_record_end(struct queue_record *record);

/* For the successor: the position to go on from, where `descriptors` is the
 * packed ring of `size`. */
uint32_t queue_record_resume(const struct queue_record *record,
                             const uint8_t *descriptors, uint16_t size);

#endif
