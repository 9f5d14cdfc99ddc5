/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_vduse.h: `vmm vduse`: a software network device for the whole host.
 */
#ifndef VMM_COMMAND_VDUSE_H
#define VMM_COMMAND_VDUSE_H

#include "vmm/options.h"

/* Makes the device (or takes it over), serves it until SIGINT or SIGTERM, and
 * removes it. Returns the exit status. Call with SIGINT, SIGTERM and SIGHUP
 * blocked. */
int command_vduse(const struct vduse_options *options);

#endif
