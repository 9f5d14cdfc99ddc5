/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_diagnose.h: why a vhost-vdpa device does not open, and what to do.
 */
#ifndef VDPA_VHOST_DIAGNOSE_H
#define VDPA_VHOST_DIAGNOSE_H

#include "vdpa/vhost_syscalls.h"

/* Logs one line: path, cause, remedy. `error` is the positive errno with
 * which open() failed. */
void vhost_diagnose_open(const struct vhost_syscalls *syscalls,
                         const char *path, int error);

/* Logs one line for a file that opened but answers as none of ours. */
void vhost_diagnose_stranger(const struct vhost_syscalls *syscalls,
                             const char *path, int error);

/* Logs one line for a device that came to us open, and is another process's
 * own already. */
void vhost_diagnose_owned(const struct vhost_syscalls *syscalls,
                          const char *path);

#endif
