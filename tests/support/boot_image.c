/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot_image.c: a file to boot, and guest memory to load it into.
 */
#include "tests/support/boot_image.h"

#include "vmm/fd.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* In whatever uses it, a fuzz target included. */
static void require(bool claim)
{
    if (!claim)
        abort();
}

struct boot_file boot_image_open(const void *bytes, size_t size)
{
    struct boot_file file = {.path = "image",
                             .fd = memfd_create("image", MFD_CLOEXEC),
                             .size = size};

    require(file.fd >= 0);
    require(pwrite(file.fd, bytes, size, 0) == (ssize_t)size);
    return file;
}

void boot_image_replace(struct boot_file *file, const void *bytes, size_t size)
{
    close_fd(&file->fd);
    *file = boot_image_open(bytes, size);
}

void boot_image_memory(struct guest_memory *memory, uint64_t size)
{
    const struct guest_memory_range range = {.gpa = 0, .size = size};

    require(guest_memory_init(memory, &range, 1, 0) == 0);
}
