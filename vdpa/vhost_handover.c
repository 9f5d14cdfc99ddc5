/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_handover.c: a device that another program opened and left us as a
 * descriptor.
 */
#include "vdpa/vhost_handover.h"

#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOW "open it in the shell, as in `vmm run ... %d<>/dev/vhost-vdpa-0`"

int vhost_handover_claim(int fd)
{
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        int error = -errno;

        log_error("descriptor %d is not open: " HOW, fd, fd);
        return error;
    }
    return 0;
}

static bool is_same_device(const struct vhost_syscalls *syscalls,
                           const char *path, dev_t device)
{
    struct stat status;

    return syscalls->stat(syscalls->context, path, &status) == 0 &&
           S_ISCHR(status.st_mode) && status.st_rdev == device;
}

int vhost_handover_find(int fd, const struct vhost_syscalls *syscalls,
                        char node[PATH_MAX])
{
    char entry[PATH_MAX];
    struct stat status;
    ssize_t length;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0)
        return vhost_handover_claim(fd);
    (void)snprintf(entry, sizeof(entry), "%s/self/fd/%d", syscalls->proc_dir,
                   fd);
    (void)snprintf(node, PATH_MAX, "%s", entry);
    if (syscalls->stat(syscalls->context, entry, &status) < 0) {
        int error = -errno;

        log_error("%s: %s", entry, strerror(-error));
        return error;
    }
    length = readlink(entry, node, PATH_MAX - 1);
    node[length > 0 ? length : 0] = '\0';
    if (!S_ISCHR(status.st_mode)) {
        log_error("descriptor %d is %s, not a vhost-vdpa device: " HOW, fd,
                  node, fd);
        return -ENOTTY;
    }
    if ((flags & O_ACCMODE) != O_RDWR) {
        log_error(
            "descriptor %d of %s is not open for reading and writing: " HOW, fd,
            node, fd);
        return -EACCES;
    }
    if (!is_same_device(syscalls, node, status.st_rdev))
        (void)snprintf(node, PATH_MAX, "%s", entry);
    return 0;
}
