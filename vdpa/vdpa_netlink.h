/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vdpa_netlink.h: adding devices to, and taking them from, the kernel's vdpa
 * bus: what `vdpa dev add` and `vdpa dev del` do.
 *
 * Both need CAP_NET_ADMIN in the first network namespace. Each call opens and
 * closes a socket of its own, so they may come from any thread.
 */
#ifndef VDPA_VDPA_NETLINK_H
#define VDPA_VDPA_NETLINK_H

#include "vmm/compiler.h"

/* Makes device `name` of management device `parent` ("vduse"). May take as
 * long as the device takes to answer, when a driver binds to it at once.
 * -errno, logged with what to do. */
int vdpa_netlink_add(const char *name, const char *parent) MUST_CHECK;

/* Waits, uninterruptibly, until whoever has the device open closes it; other
 * vdpa commands of the host wait with us. -ENODEV when there is none. */
int vdpa_netlink_remove(const char *name) MUST_CHECK;

#endif
