/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_choice.h: which file is the kernel that was asked for.
 */
#ifndef VMM_KERNEL_CHOICE_H
#define VMM_KERNEL_CHOICE_H

#include "vmm/compiler.h"
#include "vmm/kernel_version.h"

#define KERNEL_CHOICE_MAX_PATH 1024 /* bytes with the final NUL */

/* Where kernels are looked for. */
struct kernel_places {
    const char *here;                  /* the folder one stands in, as "." */
    const char *boot;                  /* as "/boot" */
    const char *modules;               /* as "/lib/modules" */
    char running[KERNEL_VERSION_SIZE]; /* version; "" when unknown */
};

/* Those of this host. */
void kernel_places_init(struct kernel_places *places);

/*
 * `asked` is a file, the folder that a kernel is built in, or the version of an
 * installed kernel or how it begins. NULL: the kernel built here, else the
 * running one. Writes the path of a file, which is said when it is not what was
 * asked for, letter by letter; it need not be a good one.
 *
 * -errno, logged: -ENOENT when there is none, -ENOTUNIQ when there are several,
 * -ENAMETOOLONG.
 */
int kernel_choose(const struct kernel_places *places, const char *asked,
                  char path[KERNEL_CHOICE_MAX_PATH]) MUST_CHECK;

/*
 * Writes the folder with the modules of the kernel `kernel` (a path) of
 * `version` ("" when unknown): `asked`, which may also be one with
 * lib/modules/VERSION in it, else the tree the kernel was built in, else what
 * its package put beside it or below places->modules.
 *
 * -ENOENT, logged, when `asked` is none. Else 0, with "" when there is none.
 */
int kernel_choose_modules(const struct kernel_places *places, const char *asked,
                          const char *kernel, const char *version,
                          char path[KERNEL_CHOICE_MAX_PATH]) MUST_CHECK;

#endif
