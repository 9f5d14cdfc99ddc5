/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_handover.h: a device that another program opened and left us as a
 * descriptor, so that we need no right to open it.
 */
#ifndef VDPA_VHOST_HANDOVER_H
#define VDPA_VHOST_HANDOVER_H

#include "vdpa/vhost_syscalls.h"
#include "vmm/compiler.h"

#include <limits.h>

/* Whether the descriptor is there, for programs we start closed. Before we
 * open anything, as one of ours could have its number. -EBADF, logged. */
int vhost_handover_claim(int fd) MUST_CHECK;

/* The path under which `fd` is known, for messages and sysfs: the device's
 * node, or its entry in /proc where that node cannot be reached from here.
 * -EBADF, -EACCES or -ENOTTY, logged, when it cannot be a device to use. */
int vhost_handover_find(int fd, const struct vhost_syscalls *syscalls,
                        char node[PATH_MAX]) MUST_CHECK;

#endif
