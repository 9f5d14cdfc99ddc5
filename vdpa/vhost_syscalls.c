/* SPDX-License-Identifier: BSD-2-Clause */
/* vhost_syscalls.c: the real system calls of the vhost-vdpa backend. */
#include "vdpa/vhost_syscalls.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int host_open(void *context, const char *path, int flags)
{
    (void)context;
    return open(path, flags);
}

static int host_close(void *context, int fd)
{
    (void)context;
    return close(fd);
}

static int host_ioctl(void *context, int fd, unsigned long request,
                      void *argument)
{
    (void)context;
    return ioctl(fd, request, argument);
}

static void *host_mmap(void *context, size_t size, int protection, int flags,
                       int fd, off_t offset)
{
    (void)context;
    return mmap(NULL, size, protection, flags, fd, offset);
}

static int host_munmap(void *context, void *address, size_t size)
{
    (void)context;
    return munmap(address, size);
}

static ssize_t host_write(void *context, int fd, const void *bytes, size_t size)
{
    (void)context;
    return write(fd, bytes, size);
}

static int host_stat(void *context, const char *path, struct stat *status)
{
    (void)context;
    return stat(path, status);
}

static int host_get_memlock(void *context, struct rlimit *limit)
{
    (void)context;
    return getrlimit(RLIMIT_MEMLOCK, limit);
}

static int host_set_memlock(void *context, const struct rlimit *limit)
{
    (void)context;
    return setrlimit(RLIMIT_MEMLOCK, limit);
}

const struct vhost_syscalls vhost_host_syscalls = {
    .open = host_open,
    .close = host_close,
    .ioctl = host_ioctl,
    .mmap = host_mmap,
    .munmap = host_munmap,
    .write = host_write,
    .stat = host_stat,
    .get_memlock = host_get_memlock,
    .set_memlock = host_set_memlock,
    .dev_dir = "/dev",
    .proc_dir = "/proc",
    .sys_dir = "/sys",
};
