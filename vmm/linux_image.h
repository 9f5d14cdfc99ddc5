/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * linux_image.h: the header of an Image, which is what Linux boots from on
 * arm64.
 *
 * Linux Documentation/arch/arm64/booting.rst; names as there. RISC-V has the
 * same, with other words as magic.
 */
#ifndef VMM_LINUX_IMAGE_H
#define VMM_LINUX_IMAGE_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINUX_IMAGE_HEADER_SIZE 64

struct linux_image {
    /* From an address that is a multiple of 2 MiB; bytes. */
    uint64_t text_offset;
    /* What it needs from there on, more than the file has; bytes. */
    uint64_t size;
};

/* Whether a file that begins with these bytes says that it is an Image. */
bool linux_image_is(const uint8_t bytes[LINUX_IMAGE_HEADER_SIZE]);

/* Reads the header of one. Its numbers are as the file has them, not yet held
 * against any memory. NULL, or what is wrong with it and what to do. */
const char *linux_image_parse(const uint8_t bytes[LINUX_IMAGE_HEADER_SIZE],
                              struct linux_image *image) MUST_CHECK;

#endif
