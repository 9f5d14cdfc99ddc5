/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_kernel_version.c: any file as a kernel whose version is looked for.
 */
#include "vmm/kernel_version.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* It becomes the name of a folder. */
static void check(bool found, const char *version)
{
    if (found != (version[0] != '\0') || strchr(version, '/') != NULL ||
        version[0] == '.' || strlen(version) >= KERNEL_VERSION_SIZE)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    char version[KERNEL_VERSION_SIZE];

    if (fd < 0)
        fd = memfd_create("kernel", MFD_CLOEXEC);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        return 0;
    check(kernel_version_read(fd, version), version);
    check(kernel_version_find(data, size, version), version);
    return 0;
}
