/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plain_device.h: a software device of no type, with its driver: it returns
 * what it is given, and counts what soft_device has it do.
 *
 *     plain_device_open(&bed, packed);
 *     plain_device_run(&bed);
 *     plain_device_add(&bed, 0);
 *     plain_device_serve(&bed);
 */
#ifndef TESTS_SUPPORT_PLAIN_DEVICE_H
#define TESTS_SUPPORT_PLAIN_DEVICE_H

#include "tests/support/driver_ring.h"
#include "tests/support/log_capture.h"
#include "vdpa/soft_device.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PLAIN_DEVICE_NUM_QUEUES 3U
#define PLAIN_DEVICE_MAX_SIZE   8U /* descriptors */
#define PLAIN_DEVICE_CONFIG     "plain"

/* Rings lie one page and more apart from PLAIN_DEVICE_RING_IOVA on, each a
 * mapping; buffers in a page of their own. */
#define PLAIN_DEVICE_DATA_IOVA 0x1000U
#define PLAIN_DEVICE_RING_IOVA 0x10000U
#define PLAIN_DEVICE_RING_STEP 0x10000U

struct plain_device {
    struct soft_device device;
    struct plain_device_bed *bed;
};

struct plain_device_bed {
    struct plain_device *plain;
    struct soft_device *device; /* the same; of close() on, freed */
    struct vdpa_backend *backend;
    const struct vdpa_backend_ops *ops;
    struct driver_ring rings[PLAIN_DEVICE_NUM_QUEUES];
    /* The rings, and then the data. */
    struct vdpa_mapping mappings[PLAIN_DEVICE_NUM_QUEUES + 1];
    int kick_fds[PLAIN_DEVICE_NUM_QUEUES], call_fds[PLAIN_DEVICE_NUM_QUEUES];
    int config_fd;
    bool packed;
    int start_error; /* what ops->start() is to return, once */

    /* How often it was called. */
    unsigned starts, stops, resumes, destroys;
    atomic_uint kicks[PLAIN_DEVICE_NUM_QUEUES];
    struct log_capture capture;
};

/* With its memory mapped; without a thread. */
void plain_device_open(struct plain_device_bed *bed, bool packed);
/* The device too, unless bed->backend is NULL: closed already. */
void plain_device_close(struct plain_device_bed *bed);

/* From reset to FEATURES_OK, with fresh rings; a queue, enabled; DRIVER_OK. */
void plain_device_negotiate(struct plain_device_bed *bed);
void plain_device_set_queue(struct plain_device_bed *bed, uint16_t index);
void plain_device_start(struct plain_device_bed *bed);
/* All of these, with every queue. */
void plain_device_run(struct plain_device_bed *bed);

uint8_t plain_device_status(const struct plain_device_bed *bed);
/* What the driver would give to the device. */
struct vdpa_queue plain_device_queue(const struct plain_device_bed *bed,
                                     uint16_t index);

/* Makes a buffer available, and kicks. */
void plain_device_add(struct plain_device_bed *bed, uint16_t index);
/* Calls back for what is ready; how many calls that took. */
unsigned plain_device_serve(const struct plain_device_bed *bed);
/* Whether a buffer is back. */
bool plain_device_collect(struct plain_device_bed *bed, uint16_t index);
/* How often that eventfd was signalled since the last look. */
uint64_t plain_device_signals(int eventfd);
/* Claims that a buffer of every queue makes its way, with a call. */
void plain_device_expect_works(struct plain_device_bed *bed);

#endif
