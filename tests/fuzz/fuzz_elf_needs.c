/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_elf_needs.c: any file, read as a program or library.
 */
#include "vmm/elf_needs.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Aborts, whatever NDEBUG says. */
static void require(int claim)
{
    if (!claim)
        abort();
}

static void check(const struct elf_needs *needs)
{
    require(needs->num_libraries <= ELF_NEEDS_MAX_LIBRARIES);
    for (unsigned i = 0; i < needs->num_libraries; i++)
        require(strlen(needs->libraries[i]) < ELF_NEEDS_MAX_STRING);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static int fd = -1;
    struct elf_needs needs;

    if (fd < 0)
        fd = memfd_create("fuzz", MFD_CLOEXEC);
    require(fd >= 0 && ftruncate(fd, 0) == 0);
    require(pwrite(fd, bytes, size, 0) == (ssize_t)size);
    if (elf_needs_read(fd, &needs) == 0) {
        check(&needs);
        elf_needs_destroy(&needs);
    }
    return 0;
}
