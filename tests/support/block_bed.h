/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * block_bed.h: a software disk, running, with its driver, and the file that it
 * is made of. All on the test's thread:
 *
 *     block_bed_open(&bed, (struct block_bed_setup){.variation = _i});
 *     status = block_bed_ask(&bed, VIRTIO_BLK_T_IN, sector, 0, 512);
 *     block_bed_close(&bed);
 */
#ifndef TESTS_SUPPORT_BLOCK_BED_H
#define TESTS_SUPPORT_BLOCK_BED_H

#include "tests/support/driver_ring.h"
#include "tests/support/log_capture.h"
#include "vdpa/soft_block.h"

#include <stdbool.h>
#include <stdint.h>

/* {split, packed} x {flags, event index} x {direct, indirect}. */
#define BLOCK_BED_VARIATIONS 8
#define BLOCK_BED_PACKED     1
#define BLOCK_BED_EVENTS     2
#define BLOCK_BED_INDIRECT   4

#define BLOCK_BED_SECTORS 2048U /* of the file, unless said otherwise */

/* Where a driver has its requests, in two mappings with a seam, and its ring.
 * Header, status and data are apart. */
#define BLOCK_BED_IOVA        0x40000000U
#define BLOCK_BED_HEADER_IOVA BLOCK_BED_IOVA
#define BLOCK_BED_STATUS_IOVA (BLOCK_BED_IOVA + 0x100U)
#define BLOCK_BED_DATA_IOVA   (BLOCK_BED_IOVA + 0x1000U)
#define BLOCK_BED_DATA_SIZE   0xff000U
#define BLOCK_BED_RING_IOVA   0x1000U

struct block_bed_setup {
    int variation;    /* BLOCK_BED_* */
    uint64_t sectors; /* of the file; 0: BLOCK_BED_SECTORS */
    bool is_read_only, is_snapshot;
    uint64_t refused; /* features that the driver does not take */
};

struct block_bed {
    struct block_bed_setup setup;
    char path[64];
    int fd; /* of the file, for the test */
    struct soft_block *block;
    struct vdpa_backend *backend;
    const struct vdpa_backend_ops *ops;
    struct driver_ring ring;
    struct vdpa_mapping mappings[2]; /* requests, ring */
    uint8_t *data;                   /* at BLOCK_BED_DATA_IOVA */
    int kick_fd, call_fd, config_fd;
    uint64_t features, offered;
    uint32_t written; /* of the last request, as the ring told */
    struct log_capture capture;
};

/* Makes the file, in which each byte tells its place, and starts the device. */
void block_bed_open(struct block_bed *bed, struct block_bed_setup setup);
/* Also claims that the device kept the rules of its ring. */
void block_bed_close(struct block_bed *bed);
/* What the file has at that byte until something else is written there. */
uint8_t block_bed_pattern(uint64_t offset);
/* Reset, a new ring, start. */
void block_bed_restart(struct block_bed *bed);
uint8_t block_bed_device_status(const struct block_bed *bed);

/*
 * Makes a request of `out_size` bytes of bed->data, which are the device's to
 * read, and `in_size` that follow them and are its to write; one of them is
 * mostly 0. Returns the status that the device wrote, 0xff when it wrote none
 * but returned the request.
 */
uint8_t block_bed_ask(struct block_bed *bed, uint32_t type, uint64_t sector,
                      uint32_t out_size, uint32_t in_size);

/* Writes a header where it belongs. */
void block_bed_set_header(struct block_bed *bed, uint32_t type,
                          uint64_t sector);
/* Makes any buffer available, and has the device look. Whether it came back;
 * bed->written then tells. */
bool block_bed_exchange(struct block_bed *bed,
                        const struct driver_piece *pieces, unsigned count);
/* The status byte at BLOCK_BED_STATUS_IOVA; set to 0xff by set_header. */
uint8_t block_bed_status(const struct block_bed *bed);

/* Claims about the file: each byte of `size` has its pattern, or is `byte`. */
bool block_bed_file_is(const struct block_bed *bed, uint64_t offset,
                       uint64_t size, int byte);
#define BLOCK_BED_UNCHANGED (-1)

#endif
