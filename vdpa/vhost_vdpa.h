/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_vdpa.h: a kernel vDPA device, /dev/vhost-vdpa-N, as a vdpa_backend.
 *
 * Each operation is the few ioctls or IOTLB messages that its name says. The
 * interface's contract is vdpa_backend.h.
 */
#ifndef VDPA_VHOST_VDPA_H
#define VDPA_VHOST_VDPA_H

#include "vdpa/vdpa_backend.h"
#include "vdpa/vhost_device.h"
#include "vdpa/vhost_syscalls.h"
#include "vmm/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Opens and resets the device at `path` and becomes its owner: memory is
 * mapped from the calling process, so fork before, never after. `syscalls`
 * is borrowed until close(). -errno is logged with cause and remedy: -ENOENT,
 * -EACCES, -EBUSY, -EIO, -VHOST_ENOTSUPP from open(), -ENOTTY and others for a
 * file that is no vhost-vdpa device.
 */
int vhost_vdpa_open(const char *path, const struct vhost_syscalls *syscalls,
                    struct vdpa_backend **backend) MUST_CHECK;

/*
 * The same for a device that another program opened and left us as descriptor
 * `fd`: it is reset, and taken over unless this fails before it is known to be
 * a device. -EBADF when there is no such descriptor, -EBUSY when a process has
 * become its owner already.
 */
int vhost_vdpa_adopt(int fd, const struct vhost_syscalls *syscalls,
                     struct vdpa_backend **backend) MUST_CHECK;

/*
 * Makes room under RLIMIT_MEMLOCK for mapping `size` bytes more, which
 * devices that pin guest memory need. Call right before the map() of those
 * bytes, after those of other devices. -ENOMEM (logged, with both figures and
 * the remedy) when the device is known to pin and the limit cannot be raised.
 */
int vhost_vdpa_reserve_memlock(struct vdpa_backend *backend,
                               uint64_t size) MUST_CHECK;

/* For reports; borrows from the backend. */
struct vhost_vdpa_info {
    /* Masks of 1 << VHOST_BACKEND_F_*: offered by the kernel, in force. */
    uint64_t backend_features_offered, backend_features;
    /* False: each reset sends every mapping to the device again. */
    bool reset_keeps_mappings;
    /* What sysfs says of the vDPA device; "" where it says nothing. Whether
     * memory is pinned follows from the driver: there is no ioctl to ask. */
    const char *device_name;
    const char *driver;
    enum vhost_pinning pinning;
};

/* Interrupts of the host's device behind it that the host has taken so far;
 * as vhost_parent_count_interrupts(). */
bool vhost_vdpa_count_interrupts(struct vdpa_backend *backend,
                                 char name[VHOST_NAME_SIZE], uint64_t *count);

void vhost_vdpa_get_info(struct vdpa_backend *backend,
                         struct vhost_vdpa_info *info);

#endif
