/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_rings.h: is this a place where a virtqueue can be?
 */
#ifndef DEVICES_VIRTIO_RINGS_H
#define DEVICES_VIRTIO_RINGS_H

#include "vmm/guest_memory.h"

#include <stdbool.h>
#include <stdint.h>

/* NULL when a ring of `size` descriptors at the three addresses is aligned
 * and lies in guest RAM (virtio 1.2, 2.7 split and 2.8 packed), else what is
 * wrong, as words that follow "with". */
const char *virtio_rings_fault(const struct guest_memory *memory,
                               bool is_packed, uint16_t size, uint64_t desc_gpa,
                               uint64_t driver_gpa, uint64_t device_gpa);

#endif
