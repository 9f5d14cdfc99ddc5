/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_types.h: virtio's device types by name. Pure.
 */
#ifndef VMM_VIRTIO_TYPES_H
#define VMM_VIRTIO_TYPES_H

#include <stdint.h>

/* Enough for every name. Bytes, with the final NUL. */
#define VIRTIO_TYPES_MAX_NAME 24

/* "virtio-net" for VIRTIO_ID_NET; "virtio-42" for a type without a name. */
void virtio_types_print(uint32_t device_id, char name[VIRTIO_TYPES_MAX_NAME]);

#endif
