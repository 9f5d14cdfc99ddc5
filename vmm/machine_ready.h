/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_ready.h: tells who started the program that its guest is there: by
 * --ready-fd and --pidfile.
 */
#ifndef VMM_MACHINE_READY_H
#define VMM_MACHINE_READY_H

#include "vmm/compiler.h"
#include "vmm/options.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>

struct machine;

/* Zeroed, it has nothing to destroy. */
struct machine_ready {
    atomic_bool is_told;
    const struct options *options; /* borrowed; NULL before init */
    char waiting_path[PATH_MAX];   /* the file before it gets its name */
};

/* Before this process opens anything: whether --ready-fd can be written.
 * -EBADF, logged. */
int machine_ready_claim(const struct options *options) MUST_CHECK;

/* Makes the pidfile under another name, so that what is wrong with it is known
 * before the guest runs. An old one is removed. -errno, logged. */
int machine_ready_init(struct machine_ready *ready,
                       const struct options *options) MUST_CHECK;
void machine_ready_destroy(struct machine_ready *ready);

/* The guest is there. From any thread; only the first time counts. */
void machine_ready_tell(struct machine_ready *ready);

#endif
