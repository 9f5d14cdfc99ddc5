/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * other_kernel.h: what a file is that cannot be booted from.
 */
#ifndef VMM_OTHER_KERNEL_H
#define VMM_OTHER_KERNEL_H

#include "vmm/boot_files.h"
#include "vmm/compiler.h"

#include <stdint.h>

/* What the table looks at of a file, its start; filled up with zeroes. */
#define OTHER_KERNEL_START 0x206

/* Logs what the kernel's file is instead of one for `arch`, and `wanted`, what
 * to give, should nobody know it; returns -ENOEXEC. */
int other_kernel_refuse(const struct boot_file *kernel,
                        const uint8_t start[OTHER_KERNEL_START],
                        const char *arch, const char *wanted) MUST_CHECK;

#endif
