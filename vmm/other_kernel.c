/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * other_kernel.c: what a file is that cannot be booted from.
 */
#include "vmm/other_kernel.h"

#include "vmm/log.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* By the words at some offset: Linux's Documentation/arch/x86/boot.rst,
 * arch/arm64/booting.rst, arch/riscv/boot-image-header.rst, and the EFI
 * program that unpacks itself. */
static const struct {
    size_t offset;
    const char *magic, *what;
    const char *remedy; /* NULL: one for the right architecture */
} other_kernels[] = {
    {0x202, "HdrS", "a bzImage, for x86", NULL},
    {56, "ARM\x64", "a kernel for arm64", NULL},
    {56, "RSC\5", "a kernel for RISC-V", NULL},
    {4, "zimg", "an EFI program with a kernel for another architecture", NULL},
    {0, "BZh", "compressed with bzip2", "unpack it first (bzip2 -d)"},
    {0, "\x89LZO", "compressed with lzop", "unpack it first (lzop -d)"},
    {0, "\x02!L\x18", "compressed with lz4", "unpack it first (lz4 -d)"},
    {0, "\x04\"M\x18", "compressed with lz4", "unpack it first (lz4 -d)"},
    {0, "070701", "an initrd", "give it with --initrd"},
};

int other_kernel_refuse(const struct boot_file *kernel,
                        const uint8_t start[OTHER_KERNEL_START],
                        const char *arch, const char *wanted)
{
    for (size_t i = 0; i < ARRAY_SIZE(other_kernels); i++) {
        const char *magic = other_kernels[i].magic;

        if (memcmp(start + other_kernels[i].offset, magic, strlen(magic)) != 0)
            continue;
        if (other_kernels[i].remedy)
            log_error("kernel %s: %s: %s", kernel->path, other_kernels[i].what,
                      other_kernels[i].remedy);
        else
            log_error("kernel %s: %s: give one for %s", kernel->path,
                      other_kernels[i].what, arch);
        return -ENOEXEC;
    }
    log_error("kernel %s: %s", kernel->path, wanted);
    return -ENOEXEC;
}
