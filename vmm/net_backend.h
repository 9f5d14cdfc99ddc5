/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_backend.h: from a --net of the command line to the device behind it.
 */
#ifndef VMM_NET_BACKEND_H
#define VMM_NET_BACKEND_H

#include "vdpa/vdpa_backend.h"
#include "vmm/compiler.h"
#include "vmm/options.h"

#include <stdint.h>

/* Opens the network device for a guest of `memory_size` bytes, MAC set as
 * asked. -errno, logged with what to do. */
int net_backend_open(const struct net_options *options, uint64_t memory_size,
                     struct vdpa_backend **backend) MUST_CHECK;

#endif
