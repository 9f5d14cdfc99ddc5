/* SPDX-License-Identifier: BSD-2-Clause */
/* vhost_node.c: is the device behind an open vhost-vdpa file still there? */
#include "vdpa/vhost_node.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/sysmacros.h>

/* The kernel deletes the node in devtmpfs first and the link in sysfs a moment
 * later, then waits for the file to be closed. Until then it gives the number
 * to no other device. */
bool vhost_node_is_removed(const struct vhost_device *device)
{
    const struct vhost_syscalls *syscalls = device->syscalls;
    char path[PATH_MAX];
    struct stat status;

    (void)snprintf(path, sizeof(path), "%s/self/fd/%d", syscalls->proc_dir,
                   device->fd);
    if (syscalls->stat(syscalls->context, path, &status) < 0)
        return false;
    if (device->parent.device[0] == '\0')
        return status.st_nlink == 0;
    (void)snprintf(path, sizeof(path), "%s/dev/char/%u:%u", syscalls->sys_dir,
                   major(status.st_rdev), minor(status.st_rdev));
    return syscalls->stat(syscalls->context, path, &status) < 0 &&
           errno == ENOENT;
}
