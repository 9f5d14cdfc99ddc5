/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_reserved.h: addresses that the host's IOMMU keeps for itself.
 *
 * A device cannot use memory there, and vhost-vdpa maps it without a word.
 */
#ifndef VDPA_VHOST_RESERVED_H
#define VDPA_VHOST_RESERVED_H

#include "vdpa/vdpa_backend.h"
#include "vdpa/vhost_device.h"

#include <stddef.h>

/* Warns of each mapping that overlaps such addresses. It is no error: a device
 * that translates addresses itself, which no interface tells, does not care. */
void vhost_reserved_check(const struct vhost_device *device,
                          const struct vdpa_mapping *mappings, size_t count);

#endif
