/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_version.h: which version of Linux a kernel's file holds.
 */
#ifndef VMM_KERNEL_VERSION_H
#define VMM_KERNEL_VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNEL_VERSION_SIZE 65 /* bytes with the final NUL: as in uname() */

/*
 * Writes what `uname -r` says there, as 6.12.95-amd64, for a bzImage, an ELF
 * vmlinux or an arm64 Image, not compressed. False, with "" there, when the
 * file does not say. What is written is a good name for a file.
 */
bool kernel_version_read(int fd, char version[KERNEL_VERSION_SIZE]);

/* The same of a part of the file: the version after the first "Linux version "
 * in it that one follows whole. */
bool kernel_version_find(const uint8_t *bytes, size_t size,
                         char version[KERNEL_VERSION_SIZE]);

#endif
