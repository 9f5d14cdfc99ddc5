/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vduse_device.h: /dev/vduse: making a device whose other side is this
 * process, and the calls on it.
 *
 * Linux include/uapi/linux/vduse.h. A device outlives the process that made
 * it; another one may open it and go on. Functions return 0 or -errno, logged
 * unless said otherwise.
 */
#ifndef VDPA_VDUSE_DEVICE_H
#define VDPA_VDUSE_DEVICE_H

#include "vdpa/vdpa_backend.h"
#include "vmm/compiler.h"

#include <linux/vduse.h>
#include <stdint.h>

struct vduse_device {
    char name[VDUSE_NAME_MAX];
    int control_fd; /* /dev/vduse/control; -1: only served, not made, here */
    int fd;         /* /dev/vduse/NAME */
};

/* What the device is to be; all of it is fixed once made. */
struct vduse_setup {
    uint32_t device_id;
    uint64_t features;
    const void *config;
    uint32_t config_size; /* bytes */
    uint16_t num_queues;
};

/* Makes device `name`. -EEXIST when there is one of that name. */
int vduse_device_create(struct vduse_device *device, const char *name,
                        const struct vduse_setup *setup) MUST_CHECK;
/* Opens device `name`, made here or by another process. */
int vduse_device_open(struct vduse_device *device, const char *name) MUST_CHECK;
/* Closes; the device stays, for a successor. */
void vduse_device_close(struct vduse_device *device);
/* Closes and removes it; it must be off the vdpa bus. */
void vduse_device_destroy(struct vduse_device *device);

/* Before the device goes on the vdpa bus, for every queue; again at any time
 * without effect. */
int vduse_device_set_max_size(struct vduse_device *device, uint16_t index,
                              uint16_t max_size) MUST_CHECK;
int vduse_device_get_features(struct vduse_device *device,
                              uint64_t *features) MUST_CHECK;
int vduse_device_get_queue(struct vduse_device *device, uint16_t index,
                           struct vduse_vq_info *info) MUST_CHECK;
/* The kernel forgets it at each reset. */
int vduse_device_set_kick(struct vduse_device *device, uint16_t index,
                          int kick_fd) MUST_CHECK;

/* The driver's interrupts. Not logged: -EINVAL when the device is not running
 * (a reset came in between), -EPERM when the kernel gave the device up. */
int vduse_device_call(struct vduse_device *device, uint16_t index);
int vduse_device_call_config(struct vduse_device *device);
int vduse_device_set_config(struct vduse_device *device, const void *config,
                            uint32_t size) MUST_CHECK;

/*
 * The first piece of driver memory that ends at or after `iova`, mapped into
 * this process: `mapping` is for munmap() by the caller. `*inode` tells files
 * apart. -ENOENT (not logged) when there is none, `mapping->host` NULL for a
 * piece that is not both readable and writable: skip it.
 */
int vduse_device_map(struct vduse_device *device, uint64_t iova,
                     struct vdpa_mapping *mapping, uint64_t *inode) MUST_CHECK;

#endif
