/* SPDX-License-Identifier: BSD-2-Clause */
/* vhost_holder.h: which process has a vhost-vdpa device open. */
#ifndef VDPA_VHOST_HOLDER_H
#define VDPA_VHOST_HOLDER_H

#include "vdpa/vhost_syscalls.h"

#include <sys/types.h>

/* The process, other than `but`, that has `path` open, and its name in
 * `command`, of `size` bytes; 0 when it cannot be told, as with other users'
 * processes. */
pid_t vhost_find_holder(char *command, int size,
                        const struct vhost_syscalls *syscalls, const char *path,
                        pid_t but);

#endif
