/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_parent.h: which vDPA device and driver is behind /dev/vhost-vdpa-N.
 */
#ifndef VDPA_VHOST_PARENT_H
#define VDPA_VHOST_PARENT_H

#include "vdpa/vhost_device.h"

/* Looks the character device at `path` up in sysfs. What is not found there
 * stays empty and VHOST_PINNING_UNKNOWN; that is no failure. */
void vhost_parent_find(struct vhost_parent *parent,
                       const struct vhost_syscalls *syscalls, const char *path);

#endif
