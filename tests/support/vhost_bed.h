/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_bed.h: the vhost backend on a fake kernel, with what a driver has.
 */
#ifndef TESTS_SUPPORT_VHOST_BED_H
#define TESTS_SUPPORT_VHOST_BED_H

#include "tests/support/fake_vhost.h"
#include "tests/support/log_capture.h"
#include "vdpa/vdpa_backend.h"

#include <linux/virtio_config.h>
#include <stdint.h>

#define VHOST_BED_BASIC_FEATURES                                               \
    ((1ULL << VIRTIO_F_VERSION_1) | (1ULL << VIRTIO_F_ACCESS_PLATFORM))
/* Device status, as a driver builds it up. */
#define VHOST_BED_ACKNOWLEDGED                                                 \
    (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define VHOST_BED_NEGOTIATED                                                   \
    (VHOST_BED_ACKNOWLEDGED | VIRTIO_CONFIG_S_FEATURES_OK)
#define VHOST_BED_RUNNING (VHOST_BED_NEGOTIATED | VIRTIO_CONFIG_S_DRIVER_OK)

struct vhost_bed {
    struct fake_vhost fake;
    struct log_capture capture;
    struct vdpa_backend *backend;
    const struct vdpa_backend_ops *ops; /* NULL while not open */
    int kick_fds[2], call_fds[2], config_fd;
};

/* Memory for the rings below; nobody touches it. */
extern const struct vdpa_mapping vhost_bed_ram;

void vhost_bed_prepare(struct vhost_bed *bed,
                       const struct fake_vhost_profile *profile);
/* 0 or -errno. */
int vhost_bed_open(struct vhost_bed *bed);
/* Both, and empties the log of calls. */
void vhost_bed_start(struct vhost_bed *bed,
                     const struct fake_vhost_profile *profile);
/* Closes the backend if it is open, and claims that the file is closed. */
void vhost_bed_stop(struct vhost_bed *bed);

/* A queue of 128 descriptors; `index` is 0 or 1. */
struct vdpa_queue vhost_bed_queue(const struct vhost_bed *bed, uint16_t index);
/* These stop at the first error: 0 or -errno. */
int vhost_bed_set_up_queue(const struct vhost_bed *bed, uint16_t index);
/* From reset to FEATURES_OK. */
int vhost_bed_negotiate(const struct vhost_bed *bed, uint64_t features);
/* From reset to DRIVER_OK, with two queues. */
int vhost_bed_bring_up(const struct vhost_bed *bed);

#endif
