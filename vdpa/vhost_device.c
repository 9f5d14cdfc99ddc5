/* SPDX-License-Identifier: BSD-2-Clause */
/* vhost_device.c: traced ioctls on a vhost-vdpa file. */
#include "vdpa/vhost_device.h"

#include "vmm/log.h"

#include <errno.h>
#include <string.h>

const char *vhost_strerror(int error)
{
    return error == VHOST_ENOTSUPP ? "Not supported by the device's driver"
                                   : strerror(error);
}

int vhost_try(const struct vhost_device *device, unsigned long request,
              const char *request_name, void *argument)
{
    const struct vhost_syscalls *syscalls = device->syscalls;
    int error = 0;

    if (syscalls->ioctl(syscalls->context, device->fd, request, argument) < 0)
        error = -errno;
    log_debug("%s: %s: %s", device->path, request_name,
              error ? vhost_strerror(-error) : "ok");
    return error;
}

int vhost_request(const struct vhost_device *device, unsigned long request,
                  const char *request_name, void *argument)
{
    int error = vhost_try(device, request, request_name, argument);

    if (error)
        log_error("%s: %s: %s", device->path, request_name,
                  vhost_strerror(-error));
    return error;
}
