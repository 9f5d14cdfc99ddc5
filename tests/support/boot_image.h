/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot_image.h: a file to boot, and guest memory to load it into.
 */
#ifndef TESTS_SUPPORT_BOOT_IMAGE_H
#define TESTS_SUPPORT_BOOT_IMAGE_H

#include "vmm/boot_files.h"
#include "vmm/guest_memory.h"

#include <stddef.h>
#include <stdint.h>

#define BOOT_IMAGE_MEMORY_SIZE (UINT64_C(8) << 20) /* from 0 on */

/* A file of these bytes, which exists while it is open. Its name is "image". */
struct boot_file boot_image_open(const void *bytes, size_t size);
/* Replaces what an earlier boot_image_open() made. */
void boot_image_replace(struct boot_file *file, const void *bytes, size_t size);

/* RAM of that size from 0 on. */
void boot_image_memory(struct guest_memory *memory, uint64_t size);

#endif
