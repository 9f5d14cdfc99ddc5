/* SPDX-License-Identifier: BSD-2-Clause */
/* disk_lock.h: nobody else writes to an image that is used. */
#ifndef VDPA_DISK_LOCK_H
#define VDPA_DISK_LOCK_H

#include "vmm/compiler.h"

#include <stdbool.h>

/*
 * Locks all of the file for as long as `fd` is open: one writer, or readers
 * alone. QEMU's locks on images and these see each other. -EBUSY, logged with
 * who has it, in the way of `is_writer`. A file system without locks is warned
 * of and goes.
 */
int disk_lock(int fd, const char *path, bool is_writer) MUST_CHECK;

#endif
