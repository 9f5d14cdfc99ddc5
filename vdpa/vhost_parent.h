/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_parent.h: which vDPA device and driver is behind /dev/vhost-vdpa-N.
 */
#ifndef VDPA_VHOST_PARENT_H
#define VDPA_VHOST_PARENT_H

#include "vdpa/vhost_device.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* Looks the character device at `path` up in sysfs. What is not found there
 * stays empty and VHOST_PINNING_UNKNOWN; that is no failure. */
void vhost_parent_find(struct vhost_parent *parent,
                       const struct vhost_syscalls *syscalls, const char *path);

/* Whether the device at `path` may be one that works on this process's virtual
 * addresses, and so only on memory that is mapped shared: all that are not
 * known to pin. */
bool vhost_parent_needs_shared_memory(const struct vhost_syscalls *syscalls,
                                      const char *path);

/* Where sysfs has the character device at `path`; false when nowhere. */
bool vhost_parent_find_directory(char directory[PATH_MAX],
                                 const struct vhost_syscalls *syscalls,
                                 const char *path);

/* How many interrupts this host has taken so far of the PCI device that the
 * vDPA device belongs to, and that one's address, "0000:00:03.0". False when
 * it has no MSIs (its driver may ask for them only when the device starts) or
 * the kernel does not tell. */
bool vhost_parent_count_interrupts(char name[VHOST_NAME_SIZE], uint64_t *count,
                                   const struct vhost_syscalls *syscalls,
                                   const char *path);

#endif
