/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_iotlb.h: what a vhost-vdpa device may reach, as told to the kernel.
 *
 * The kernel answers every refused message with EFAULT, so everything that
 * can be checked is checked here, against a list of what is mapped.
 */
#ifndef VDPA_VHOST_IOTLB_H
#define VDPA_VHOST_IOTLB_H

#include "vdpa/vdpa_backend.h"
#include "vdpa/vhost_device.h"
#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised is empty. */
struct vhost_iotlb {
    const struct vhost_device *device;
    bool batches;                   /* VHOST_BACKEND_F_IOTLB_BATCH is acked */
    uint64_t first_iova, last_iova; /* inclusive */
    struct vdpa_mapping *mappings;  /* what the kernel holds for us */
    size_t count, capacity;
};

/* All or nothing, one batch. Errors as vdpa_backend_ops.map. */
int vhost_iotlb_map(struct vhost_iotlb *iotlb,
                    const struct vdpa_mapping *mappings,
                    size_t count) MUST_CHECK;
/* Errors as vdpa_backend_ops.unmap. */
int vhost_iotlb_unmap(struct vhost_iotlb *iotlb,
                      const struct vdpa_mapping *mappings,
                      size_t count) MUST_CHECK;

/*
 * Gives the device all its mappings again. For after a reset that made it
 * forget them while the kernel's own list still has them: each is removed and
 * added in one batch, since the kernel refuses to add what its list has.
 * After an error the next call tries all of them again.
 */
int vhost_iotlb_restore(struct vhost_iotlb *iotlb) MUST_CHECK;

/* Takes everything from the device and frees the list; never fails, errors
 * are logged. */
void vhost_iotlb_destroy(struct vhost_iotlb *iotlb);

#endif
