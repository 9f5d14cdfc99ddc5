/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device_bed.h: a virtio device over a fake backend, with its driver, both
 * without a bus between them.
 */
#ifndef TESTS_SUPPORT_DEVICE_BED_H
#define TESTS_SUPPORT_DEVICE_BED_H

#include "devices/virtio_device.h"
#include "tests/support/fake_backend.h"
#include "tests/support/log_capture.h"
#include "vmm/event_loop.h"
#include "vmm/guest_memory.h"

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <stdint.h>

#define DEVICE_BED_MAX_QUEUES   3U
#define DEVICE_BED_LOW_SIZE     (UINT64_C(1) << 20) /* of memory from 0 on */
#define DEVICE_BED_QUEUE_GPA(i) (UINT64_C(0x10000) * (1U + (i)))

/* Device status, as a driver builds it up; and features that it takes. */
#define ACKNOWLEDGE VIRTIO_CONFIG_S_ACKNOWLEDGE
#define DRIVER      (ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define NEGOTIATED  (DRIVER | VIRTIO_CONFIG_S_FEATURES_OK)
#define RUNNING     (NEGOTIATED | VIRTIO_CONFIG_S_DRIVER_OK)
#define NEEDS_RESET VIRTIO_CONFIG_S_NEEDS_RESET
#define FAILED      VIRTIO_CONFIG_S_FAILED
#define BIT64(bit)  (UINT64_C(1) << (bit))
#define GUEST_BITS                                                             \
    (BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_NET_F_MAC) |                     \
     BIT64(VIRTIO_NET_F_STATUS))

struct device_bed {
    struct fake_backend fake;
    struct virtio_device device;
    struct virtio_device_options options;
    struct guest_memory memory;
    struct event_loop loop; /* nobody runs it */
    struct log_capture capture;
    int call_fds[DEVICE_BED_MAX_QUEUES], config_fd;
    unsigned fds_before;
    char runs[64]; /* "+" for each start that the device told of, "-" */
};

/* The device too. */
void device_bed_setup(struct device_bed *bed);
/* Claims that the contract of the backend was kept and nothing is left. */
void device_bed_teardown(struct device_bed *bed);

/* The device alone, as after `fake` or `options` changed. */
int device_bed_make(struct device_bed *bed);
void device_bed_destroy(struct device_bed *bed);
/* That and a new fake backend. */
void device_bed_renew(struct device_bed *bed);
/* `fake` or `options` was changed so that no device can be made: claims that,
 * and that it is said in these words; and a new fake backend. */
void device_bed_expect_refusal(struct device_bed *bed, int error,
                               const char *words);

/* ---- The driver ---- */

void device_bed_set_status(struct device_bed *bed, unsigned status);
unsigned device_bed_status(struct device_bed *bed);
void device_bed_accept(struct device_bed *bed, uint64_t features);
void device_bed_set_queue(struct device_bed *bed, unsigned index,
                          enum virtio_queue_field field, uint64_t value);
uint64_t device_bed_get_queue(struct device_bed *bed, unsigned index,
                              enum virtio_queue_field field);
/* Its size, and where it lies: at DEVICE_BED_QUEUE_GPA(). */
void device_bed_place_queue(struct device_bed *bed, unsigned index,
                            uint64_t size);
void device_bed_enable_queue(struct device_bed *bed, unsigned index);
/* virtio 1.2, 3.1.1, steps 1 to 6. */
void device_bed_negotiate(struct device_bed *bed, uint64_t features);
/* All steps, with the queues 0 and 1. */
void device_bed_bring_up(struct device_bed *bed);
/* How often that eventfd was signalled since the last look. */
uint64_t device_bed_take(int eventfd);

#endif
