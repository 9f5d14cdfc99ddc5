/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_unpack.h: kernels and their modules as distributions compress them.
 */
#ifndef VMM_KERNEL_UNPACK_H
#define VMM_KERNEL_UNPACK_H

#include "vmm/compiler.h"

#include <stdint.h>

/*
 * When the regular file `*fd` is compressed with gzip, zstd or xz, or is an EFI
 * program with a kernel so compressed, closes it and makes `*fd` a file in
 * memory with its content of at most `limit` bytes.
 * `what` and `path` name it in messages, as in "kernel", "/boot/vmlinuz".
 *
 * -errno, logged, with `*fd` as it was: -EBADMSG when it is damaged, -EFBIG
 * when there is more than `limit`.
 */
int kernel_unpack(int *fd, const char *what, const char *path,
                  uint64_t limit) MUST_CHECK;

#endif
