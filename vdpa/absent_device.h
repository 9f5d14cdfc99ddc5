/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * absent_device.h: stands in for a vDPA device that the host took away.
 *
 * To its driver it is the device of before: same identity, features, queues
 * and configuration, but for the link, which is down. It takes all that a
 * driver sets up and moves nothing. Only the control queue of a network device
 * is served, each command with an error: Linux waits for the answer for ever.
 *
 * What has no link says DEVICE_NEEDS_RESET instead, and after a reset of a
 * device of another type than network it accepts no features, so that its
 * driver gives up rather than wait.
 */
#ifndef VDPA_ABSENT_DEVICE_H
#define VDPA_ABSENT_DEVICE_H

#include "vdpa/vdpa_backend.h"
#include "vmm/compiler.h"
#include "vmm/event_loop.h"

/*
 * Copies what `gone` tells of itself, which may then be closed. The control
 * queue is served by `loop`; close while that does not run, or on its thread.
 * A reset device; -errno, logged.
 */
int absent_device_open(struct vdpa_backend *gone, struct event_loop *loop,
                       struct vdpa_backend **backend) MUST_CHECK;

#endif
