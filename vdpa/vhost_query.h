/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_query.h: what a vhost-vdpa device and its kernel can do.
 */
#ifndef VDPA_VHOST_QUERY_H
#define VDPA_VHOST_QUERY_H

#include "vdpa/vdpa_backend.h"
#include "vdpa/vhost_device.h"
#include "vmm/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialised is empty. */
struct vhost_capabilities {
    struct vdpa_identity identity;
    uint64_t features; /* VIRTIO_F_* masks that the device offers */
    /* Masks of 1 << VHOST_BACKEND_F_*: what the kernel offers, and the part
     * of it that is now in force. */
    uint64_t backend_offered, backend_acked;
    uint16_t *queue_sizes;      /* descriptors; identity.num_queues entries */
    uint16_t common_queue_size; /* where the kernel has no other */
    bool has_queue_sizes;       /* of each queue */
};

/* Becomes the owner of the freshly opened device, agrees on backend features
 * and asks for the rest. 0, or -errno (logged). */
int vhost_query(const struct vhost_device *device,
                struct vhost_capabilities *capabilities) MUST_CHECK;

/* Asks for the sizes of queues again: they may follow from what was
 * negotiated. After FEATURES_OK, before a queue is set, as the kernel then
 * answers with the size that was set. */
int vhost_query_queue_sizes(const struct vhost_device *device,
                            struct vhost_capabilities *capabilities) MUST_CHECK;

void vhost_capabilities_destroy(struct vhost_capabilities *capabilities);

#endif
