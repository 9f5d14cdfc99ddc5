/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_backend.h: from a --net of the command line to the device behind it.
 */
#ifndef VMM_NET_BACKEND_H
#define VMM_NET_BACKEND_H

#include "vdpa/queue_record.h"
#include "vdpa/vdpa_backend.h"
#include "vmm/compiler.h"
#include "vmm/net_options.h"

#include <stdbool.h>
#include <stdint.h>

/* Before this process opens anything: whether what it was left by the one that
 * started it is there. -EBADF, logged. */
int net_backend_claim(const struct net_options *options) MUST_CHECK;

/* Before guest memory is made: whether any of the `count` may be a device that
 * works only on memory that is mapped shared. -errno, logged, when a descriptor
 * among them is no device. */
int net_backend_find_shared_memory_need(const struct net_options *nets,
                                        unsigned count,
                                        bool *is_needed) MUST_CHECK;

/* Makes room under RLIMIT_MEMLOCK for all vDPA devices among the `count`, each
 * of which may pin the guest's `memory_size` bytes; before any of them is
 * opened. -ENOMEM, logged with figures and remedy; or what is wrong with a
 * descriptor among them, logged. */
int net_backend_reserve_memory(const struct net_options *nets, unsigned count,
                               uint64_t memory_size) MUST_CHECK;

/* Opens the network device of any kind for a guest of `memory_size` bytes,
 * MAC set as asked; hiding features is for who drives it. `options` must
 * outlive it; its forwards get the ports that the host chose. -errno, logged
 * with what to do. */
int net_backend_open(struct net_options *options, uint64_t memory_size,
                     struct vdpa_backend **backend) MUST_CHECK;

/*
 * Opens a software device, of any kind but the vDPA ones, that is to be served
 * to others under `name`, which must outlive it. Without a MAC it gets one that
 * follows from `name`. It sees to the wished features itself: who drives it is
 * another. `call` and `records` as in struct soft_net_options.
 */
int net_backend_open_served(const struct net_options *options, const char *name,
                            void (*call)(void *owner, uint16_t index),
                            void *owner, struct queue_record *records,
                            struct vdpa_backend **backend) MUST_CHECK;

#endif
