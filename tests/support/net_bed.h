/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_bed.h: a software network device, running, with its driver.
 *
 * The driver is the test's thread. Frames that it sends are numbered, so that
 * one that is lost, repeated or damaged is noticed:
 *
 *     net_bed_open(&bed, (struct net_bed_setup){.variation = _i});
 *     net_bed_post(&bed, 1);
 *     net_bed_send(&bed, 7, 60);
 *     net_bed_expect(&bed, 7, 60);
 *     net_bed_close(&bed);
 */
#ifndef TESTS_SUPPORT_NET_BED_H
#define TESTS_SUPPORT_NET_BED_H

#include "tests/support/driver_ring.h"
#include "tests/support/log_capture.h"
#include "vdpa/frame_port.h"
#include "vdpa/net_header.h"
#include "vdpa/soft_net.h"

#include <stdbool.h>
#include <stdint.h>

/* {split, packed} x {flags, event index} x {direct, indirect} x {a buffer a
 * frame, mergeable buffers}. */
#define NET_BED_VARIATIONS 16
#define NET_BED_PACKED     1
#define NET_BED_EVENTS     2
#define NET_BED_INDIRECT   4
#define NET_BED_MERGEABLE  8

#define NET_BED_RX 0
#define NET_BED_TX 1

/* Where frames to be sent, receive buffers and the two rings lie; three
 * mappings. */
#define NET_BED_SEND_IOVA    0x40000000U
#define NET_BED_RECEIVE_IOVA 0x50000000U
#define NET_BED_RING_IOVA    0x1000U
#define NET_BED_DATA_SIZE    0x400000U /* of either */
/* Frames that may be on their way to the device. */
#define NET_BED_SEND_SLOTS 32U
#define NET_BED_SLOT_SIZE  (NET_BED_DATA_SIZE / NET_BED_SEND_SLOTS)
/* No frame is shorter: an Ethernet header and a number. */
#define NET_BED_MIN_FRAME 22U

struct net_bed_setup {
    int variation;    /* NET_BED_* */
    uint16_t size;    /* of each ring; 0: 256 descriptors */
    uint32_t room;    /* of a receive buffer, bytes with header; 0: 2048 */
    uint64_t refused; /* features that the driver does not take */
    bool for_later;   /* do not start yet */
    enum soft_net_polling polling;
    void (*call)(void *owner, uint16_t index); /* as in soft_net_options */
    void *owner;
    struct frame_port *port; /* NULL: an echo */
};

struct net_bed {
    struct net_bed_setup setup;
    struct vdpa_backend *backend;
    const struct vdpa_backend_ops *ops;
    struct frame_port *port; /* the backend's */
    struct driver_ring rings[SOFT_NET_NUM_QUEUES];
    uint32_t positions[SOFT_NET_NUM_QUEUES]; /* to start from */
    struct vdpa_mapping mappings[3];         /* send, receive, rings */
    int kick_fds[SOFT_NET_NUM_QUEUES], call_fds[SOFT_NET_NUM_QUEUES];
    int config_fd;
    uint64_t features;
    uint64_t num_sent, num_returned; /* frames since the rings were made */
    uint64_t num_posted;             /* receive buffers */
    uint64_t oldest; /* of those posted, the next one to be returned */
    struct log_capture capture;
};

/* ---- Life ---- */

/* Opens the device, and starts it unless `for_later`. */
void net_bed_open(struct net_bed *bed, struct net_bed_setup setup);
void net_bed_close(struct net_bed *bed);
/* Opens a device for the bed; its rings and memory stay what they are. */
void net_bed_open_device(struct net_bed *bed, struct frame_port *port);

/* New rings. */
void net_bed_make_rings(struct net_bed *bed);
/* From reset to DRIVER_OK; the rings go on from `positions`. */
void net_bed_negotiate(struct net_bed *bed);
void net_bed_start(struct net_bed *bed);
void net_bed_reset(struct net_bed *bed);
/* Reset, new rings, start. */
void net_bed_restart(struct net_bed *bed);

uint8_t net_bed_status(const struct net_bed *bed);
struct soft_net_counters net_bed_counters(const struct net_bed *bed);
/* Until the device waits for notifications. */
void net_bed_settle(const struct net_bed *bed);
/* Keeps the device's thread out, to look at what is its own. */
struct soft_net *net_bed_lock(const struct net_bed *bed);
void net_bed_unlock(const struct net_bed *bed);

/* ---- Frames ---- */

/* Makes `count` receive buffers available, and kicks if that is wanted. */
void net_bed_post(struct net_bed *bed, unsigned count);
/* Sends a frame of `size` bytes that only `number` has. */
void net_bed_send(struct net_bed *bed, uint64_t number, uint32_t size);
/* The same with any header; NULL: one that asks for nothing. */
void net_bed_send_with(struct net_bed *bed, const struct virtio_net_hdr *header,
                       uint64_t number, uint32_t size);
/* Makes any buffer available for sending, and kicks if that is wanted. */
void net_bed_send_pieces(struct net_bed *bed, const struct driver_piece *pieces,
                         unsigned count);
bool net_bed_kick(struct net_bed *bed, unsigned queue);

/* Claims that the next frame to be received is that one. Sleeps until it is
 * there. Returns how many buffers it lay in; `header` may be NULL. */
unsigned net_bed_expect(struct net_bed *bed, uint64_t number, uint32_t size);
unsigned net_bed_expect_with(struct net_bed *bed, struct virtio_net_hdr *header,
                             uint64_t number, uint32_t size);
/* Takes the next frame; its number. */
uint64_t net_bed_receive(struct net_bed *bed, struct virtio_net_hdr *header,
                         uint32_t *size, unsigned *num_buffers);
/* Whether a received frame is there already. */
bool net_bed_has_received(struct net_bed *bed);

/* Takes back what the device is done with; claims the order. */
void net_bed_reclaim(struct net_bed *bed);
/* Sleeps until everything that was sent has come back. */
void net_bed_await_sent(struct net_bed *bed);

/* ---- Faults ---- */

/* Claims that the device says DEVICE_NEEDS_RESET, with a config call. */
void net_bed_expect_need_reset(struct net_bed *bed);
/* Claims that a frame goes round. */
void net_bed_expect_works(struct net_bed *bed);

/* For claims made very often: libcheck's own note each one in a pipe. */
void net_bed_require(bool claim, const char *words);
/* Sleeps until `fd` is signalled, and takes the signal. */
void net_bed_sleep_on(int fd, const char *words);

#endif
