/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_device_private.h: shared by soft_device.c and soft_device_suspend.c.
 */
#ifndef VDPA_SOFT_DEVICE_PRIVATE_H
#define VDPA_SOFT_DEVICE_PRIVATE_H

#include "vdpa/soft_device.h"

/* With the lock held: no more notifications of the queue are heard. */
void soft_device_stop_queue(struct soft_queue *queue);

/* Of vdpa_backend_ops. */
int soft_device_suspend(struct vdpa_backend *backend);
int soft_device_resume(struct vdpa_backend *backend);

#endif
