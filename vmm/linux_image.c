/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * linux_image.c: reads the header of an Image.
 */
#include "vmm/linux_image.h"

#include "vmm/bytes.h"

#include <string.h>

#define TEXT_OFFSET_OFFSET 8
#define SIZE_OFFSET        16
#define FLAGS_OFFSET       24
#define MAGIC_OFFSET       56

#define FLAG_BIG_ENDIAN 1U

/* An Image lies in a window of 32 GiB with its initrd, and Linux has never
 * been larger than a small part of it. */
#define MAX_SIZE GIB

bool linux_image_is(const uint8_t bytes[LINUX_IMAGE_HEADER_SIZE])
{
    return memcmp(bytes + MAGIC_OFFSET, "ARM\x64", 4) == 0;
}

const char *linux_image_parse(const uint8_t bytes[LINUX_IMAGE_HEADER_SIZE],
                              struct linux_image *image)
{
    *image = (struct linux_image){
        .text_offset = load_le64(bytes + TEXT_OFFSET_OFFSET),
        .size = load_le64(bytes + SIZE_OFFSET),
    };
    if (load_le64(bytes + FLAGS_OFFSET) & FLAG_BIG_ENDIAN)
        return "it is for big-endian processors: give one that was built with "
               "CONFIG_CPU_LITTLE_ENDIAN";
    /* Before Linux 3.17, which left out the endianness too. */
    if (image->size == 0)
        return "it does not say how much memory it needs: give one of Linux "
               "3.17 or newer";
    if (image->size > MAX_SIZE || image->text_offset >= MAX_SIZE ||
        !is_aligned(image->text_offset, 4))
        return "its header is damaged: copy it again";
    return NULL;
}
