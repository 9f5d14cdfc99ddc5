/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_modules.h: the modules that a guest's kernel must load before a command
 * can run, in its initramfs.
 */
#ifndef VMM_GUEST_MODULES_H
#define VMM_GUEST_MODULES_H

#include "vmm/boot_files.h"
#include "vmm/compiler.h"
#include "vmm/cpio_archive.h"
#include "vmm/options.h"

/*
 * Adds them to the archive, unpacked, in the order to load them, as
 * guest/init wants them: those for the devices that the options give the guest,
 * as far as they are not built into `kernel`, and options->modules.
 *
 * -errno, logged, when one that is asked for, or that another needs, is not
 * there, or cannot be read.
 */
int guest_modules_add(const struct options *options,
                      const struct boot_file *kernel,
                      struct cpio_archive *archive) MUST_CHECK;

#endif
