/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_features.h: which of a device's feature bits a guest may see.
 */
#ifndef DEVICES_VIRTIO_FEATURES_H
#define DEVICES_VIRTIO_FEATURES_H

#include <stdint.h>

/*
 * The bits of `device_features` that can be honoured between a guest and a
 * vDPA device of type `device_id` (VIRTIO_ID_*), without those that depend on
 * a bit that is not there. Pure.
 */
uint64_t virtio_features_for_guest(uint32_t device_id,
                                   uint64_t device_features);

#endif
