/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_linux_image.c: any bytes as the header of an Image.
 *
 * What is taken can be added up without a check, as those do who place it.
 */
#include "vmm/bytes.h"
#include "vmm/linux_image.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t header[LINUX_IMAGE_HEADER_SIZE] = {0};
    struct linux_image image;
    const char *defect;

    memcpy(header, data, size < sizeof(header) ? size : sizeof(header));
    defect = linux_image_parse(header, &image);
    if (defect ? defect[0] == '\0'
               : image.size == 0 || image.text_offset + image.size > 2 * GIB)
        abort();
    (void)linux_image_is(header);
    return 0;
}
