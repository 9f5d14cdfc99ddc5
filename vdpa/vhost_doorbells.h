/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_doorbells.h: pages of a vhost-vdpa device to which a write is a kick.
 *
 * A live mapping holds the device's file: all of them go before it closes.
 */
#ifndef VDPA_VHOST_DOORBELLS_H
#define VDPA_VHOST_DOORBELLS_H

#include "vdpa/vhost_device.h"
#include "vmm/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct vhost_doorbells {
    const struct vhost_device *device; /* borrowed */
    void **pages;                      /* owned, by queue; NULL: not mapped */
    uint16_t count;
    bool has_none; /* the device has pages for none of its queues */
};

/* -ENOMEM, logged. */
int vhost_doorbells_init(struct vhost_doorbells *doorbells,
                         const struct vhost_device *device,
                         uint16_t count) MUST_CHECK;
/* Unmaps all; while the file is open. Safe on zeroes. */
void vhost_doorbells_destroy(struct vhost_doorbells *doorbells);

/* The page of queue `index`, below `count`: see vdpa_backend.h. */
int vhost_doorbells_map(struct vhost_doorbells *doorbells, uint16_t index,
                        void **page) MUST_CHECK;

#endif
