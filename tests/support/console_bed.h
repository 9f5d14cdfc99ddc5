/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console_bed.h: a software console device, with its driver and the program
 * that owns it.
 *
 * The driver is the test's thread. Three ports: one that the owner speaks on,
 * one that the guest reads from a pipe, one that it writes to a pipe:
 *
 *     console_bed_open(&bed, (struct console_bed_setup){.variation = _i});
 *     console_bed_greet(&bed);
 *     console_bed_send(&bed, CONSOLE_BED_OUT, "text", 4);
 *     ...
 *     console_bed_close(&bed);
 */
#ifndef TESTS_SUPPORT_CONSOLE_BED_H
#define TESTS_SUPPORT_CONSOLE_BED_H

#include "tests/support/driver_ring.h"
#include "tests/support/log_capture.h"
#include "vdpa/soft_console.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* {split, packed} x {flags, event index} x {direct, indirect}. */
#define CONSOLE_BED_VARIATIONS 8
#define CONSOLE_BED_PACKED     1
#define CONSOLE_BED_EVENTS     2
#define CONSOLE_BED_INDIRECT   4

enum {
    CONSOLE_BED_TALK, /* has no descriptors */
    CONSOLE_BED_IN,
    CONSOLE_BED_OUT,
    CONSOLE_BED_NUM_PORTS,
};

/* virtio 1.2, 5.3.2 */
#define CONSOLE_BED_CONTROL_RX 2
#define CONSOLE_BED_CONTROL_TX 3
#define CONSOLE_BED_NUM_QUEUES 8

/* Buffers lie at CONSOLE_BED_DATA_IOVA, slots of a queue one after the other;
 * rings at CONSOLE_BED_RING_IOVA. */
#define CONSOLE_BED_DATA_IOVA 0x40000000U
#define CONSOLE_BED_RING_IOVA 0x1000U
#define CONSOLE_BED_RING_SIZE 64U /* descriptors */
#define CONSOLE_BED_SLOT_SIZE 4096U

struct console_bed_setup {
    int variation;   /* CONSOLE_BED_* */
    bool is_simple;  /* a driver without MULTIPORT */
    bool for_later;  /* do not start yet */
    bool owner_asks; /* for what is out once something is received */
    /* Answers "!" on the port "talk" to whatever it is told. */
    bool owner_answers;
};

struct console_bed {
    struct console_bed_setup setup;
    struct vdpa_backend *backend;
    const struct vdpa_backend_ops *ops;
    struct driver_ring rings[CONSOLE_BED_NUM_QUEUES];
    uint64_t added[CONSOLE_BED_NUM_QUEUES], returned[CONSOLE_BED_NUM_QUEUES];
    struct vdpa_mapping mappings[2]; /* data, rings */
    int kick_fds[CONSOLE_BED_NUM_QUEUES], call_fds[CONSOLE_BED_NUM_QUEUES];
    int config_fd;
    /* The other ends of the pipes, which a test may close (and set to -1). */
    int in_fd, out_fd;
    int device_fds[2]; /* the device's ends */

    /* What the owner was told; on the device's thread. */
    atomic_uint num_received, num_rooms, num_drained;
    char received[4096];
    atomic_int failed_port, failure; /* -1 and 0: none */
    atomic_uchar last_passed;        /* to out_fd */
    struct log_capture capture;
};

void console_bed_open(struct console_bed *bed, struct console_bed_setup setup);
void console_bed_close(struct console_bed *bed);
/* From reset to FEATURES_OK with queues, with new rings; and to DRIVER_OK. */
void console_bed_negotiate(struct console_bed *bed);
void console_bed_start(struct console_bed *bed);
uint8_t console_bed_status(const struct console_bed *bed);

unsigned console_bed_rx(unsigned port);
unsigned console_bed_tx(unsigned port);
/* Where the next buffer of a queue will lie. */
uint64_t console_bed_next_iova(const struct console_bed *bed, unsigned queue);

/* Adds a buffer, whatever it is, and kicks if that is wanted. */
void console_bed_add(struct console_bed *bed, unsigned queue,
                     const struct driver_piece *pieces, unsigned count);
/* `count` receive buffers of `size` bytes. */
void console_bed_post(struct console_bed *bed, unsigned queue, unsigned count,
                      uint32_t size);
/* Up to CONSOLE_BED_SLOT_SIZE bytes, in one buffer of two pieces. */
void console_bed_send(struct console_bed *bed, unsigned port, const void *bytes,
                      size_t size);
void console_bed_control(struct console_bed *bed, uint32_t port, uint16_t event,
                         uint16_t value);

/* Sleeps until a buffer of `queue` is back; the bytes in it. */
uint32_t console_bed_await(struct console_bed *bed, unsigned queue,
                           const uint8_t **bytes);
/* Whether one is back already. */
bool console_bed_has_returned(struct console_bed *bed, unsigned queue);
/* Claims that the next message is that one; posts a buffer for it. */
void console_bed_expect_message(struct console_bed *bed, uint32_t port,
                                uint16_t event, uint16_t value,
                                const char *text);
/* Sleeps until `*count` is at least `least`. */
void console_bed_await_count(const atomic_uint *count, unsigned least);
/* Reads exactly so many bytes of what the guest wrote. */
void console_bed_read_out(const struct console_bed *bed, void *bytes,
                          size_t size);

/* The whole handshake, as Linux's driver does it; all ports are open then. */
void console_bed_greet(struct console_bed *bed);
/* Claims that bytes go both ways. */
void console_bed_expect_works(struct console_bed *bed);
/* Claims that the device says DEVICE_NEEDS_RESET, with a config call. */
void console_bed_expect_need_reset(struct console_bed *bed);

#endif
