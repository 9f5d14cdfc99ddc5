/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feature_names.h: virtio's feature bits by number and by name. Pure.
 *
 * Names are those of virtio 1.3 in lower case without "VIRTIO_NET_F_" or the
 * like, "VIRTIO_RING_F_" or "VIRTIO_F_": "mrg_rxbuf", "event_idx", "version_1".
 */
#ifndef VMM_FEATURE_NAMES_H
#define VMM_FEATURE_NAMES_H

#include <stdint.h>

#define FEATURE_NAMES_MAX 64 /* bits, and so names */

/* Of bit `bit` for devices of type `device_id` (VIRTIO_ID_*); NULL when it has
 * none. Bits of the type itself are known for network and block devices. */
const char *feature_names_get(uint32_t device_id, unsigned bit);

/* The bit of this name, -1 when there is none. Prefixes, in whole or in part
 * ("ring_f_event_idx"), and capitals do not matter; "packed" is
 * "ring_packed". */
int feature_names_find(uint32_t device_id, const char *name);

/* The name that `typed`, which is none, was probably meant to be, or NULL. */
const char *feature_names_nearest(uint32_t device_id, const char *typed);

#endif
