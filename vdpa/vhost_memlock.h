/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_memlock.h: the limit on memory that devices may pin.
 *
 * The kernel counts what all devices of a process pin against its
 * RLIMIT_MEMLOCK, without exception for root, and refuses mappings beyond it
 * without saying why.
 */
#ifndef VDPA_VHOST_MEMLOCK_H
#define VDPA_VHOST_MEMLOCK_H

#include "vdpa/vhost_device.h"
#include "vmm/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/* Raises the limit where `size` bytes more would exceed it and the device is
 * known, or may be, to pin. -ENOMEM (logged, with the remedy) when it is
 * known to pin and the limit cannot be raised. */
int vhost_memlock_reserve(const struct vhost_device *device,
                          uint64_t size) MUST_CHECK;

/* The same at once for the devices at `paths`, none of which has mapped any of
 * its `size` bytes yet. */
int vhost_memlock_reserve_all(const struct vhost_syscalls *syscalls,
                              const char *const *paths, unsigned count,
                              uint64_t size) MUST_CHECK;

/* Whether pinning `size` bytes more would exceed the limit; false for a
 * device that never pins. */
bool vhost_memlock_is_short(const struct vhost_device *device, uint64_t size);

/* Says how much is needed, what the limit is and how to raise it. */
void vhost_memlock_log_short(const struct vhost_device *device, uint64_t size);

#endif
