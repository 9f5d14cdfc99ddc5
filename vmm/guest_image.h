/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_image.h: the initramfs of a guest that runs one command: our first
 * process, busybox, the kernel's modules, and what the options say.
 */
#ifndef VMM_GUEST_IMAGE_H
#define VMM_GUEST_IMAGE_H

#include "vmm/boot_files.h"
#include "vmm/compiler.h"
#include "vmm/options.h"

#include <stdint.h>

/* Where the guest finds our first process; for the kernel command line. */
#define GUEST_IMAGE_INIT "/vmm/init"

/*
 * Builds it in memory: `*fd` is an open file without a name. `slots` are where
 * on PCI bus 0 the guest finds options->nets. What
 * options->initrd names comes first, so that its files stand where ours do
 * not. The modules are those of `kernel`. -errno, logged with the name of what
 * cannot be read.
 */
int guest_image_build(const struct options *options,
                      const struct boot_file *kernel, const uint8_t *slots,
                      int *fd) MUST_CHECK;

#endif
