/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_device.h: one open vhost-vdpa file and the calls on it.
 *
 * Every call is traced at debug level, with its name and outcome.
 */
#ifndef VDPA_VHOST_DEVICE_H
#define VDPA_VHOST_DEVICE_H

#include "vdpa/vhost_syscalls.h"
#include "vmm/compiler.h"

#include <stdint.h>

/* Memory that a device works on is either pinned, and then counts against
 * RLIMIT_MEMLOCK, or reached through the process's page tables. No ioctl
 * tells which; the parent's driver in sysfs does. */
enum vhost_pinning {
    VHOST_PINNING_UNKNOWN,
    VHOST_PINNING_NEVER,
    VHOST_PINNING_ALWAYS,
};

#define VHOST_NAME_SIZE 64 /* bytes, with the terminating zero */

/* What sysfs says about a device; empty strings where it says nothing. */
struct vhost_parent {
    char device[VHOST_NAME_SIZE]; /* as `vdpa dev show` names it */
    char driver[VHOST_NAME_SIZE]; /* "vdpa_sim", "vduse", "vp-vdpa", ... */
    enum vhost_pinning pinning;
};

struct vhost_device {
    const struct vhost_syscalls *syscalls;
    int fd; /* -1 while not open */
    char *path;
    struct vhost_parent parent;
};

/*
 * An ioctl, by its name: 0 or -errno. `argument` must be what the request
 * asks for. VHOST_REQUEST logs a failure as an error; VHOST_TRY leaves it to
 * the caller, for requests that may be missing or refused.
 */
#define VHOST_REQUEST(device, request, argument)                               \
    vhost_request(device, request, #request, argument)
#define VHOST_TRY(device, request, argument)                                   \
    vhost_try(device, request, #request, argument)

int vhost_request(const struct vhost_device *device, unsigned long request,
                  const char *request_name, void *argument) MUST_CHECK;
int vhost_try(const struct vhost_device *device, unsigned long request,
              const char *request_name, void *argument) MUST_CHECK;

/* The errno that the kernel uses inside for "not supported"; vhost-vdpa lets
 * it out, and <errno.h> does not have it. */
#define VHOST_ENOTSUPP 524

/* Sizes are logged in KiB. */
static inline uint64_t vhost_kib(uint64_t bytes)
{
    return bytes >> 10;
}

/* strerror() that knows VHOST_ENOTSUPP. `error` is positive. */
const char *vhost_strerror(int error);

#endif
