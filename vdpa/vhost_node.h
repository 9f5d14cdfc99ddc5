/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_node.h: is the device behind an open vhost-vdpa file still there?
 */
#ifndef VDPA_VHOST_NODE_H
#define VDPA_VHOST_NODE_H

#include "vdpa/vhost_device.h"

#include <stdbool.h>

/*
 * Whether the host has removed the device. sysfs says it, whatever node the
 * file was opened by and whatever became of that; where sysfs did not know
 * the device, the node's last link does.
 */
bool vhost_node_is_removed(const struct vhost_device *device);

#endif
