/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * preload.c: a trace of another program's calls on vhost-vdpa devices.
 *
 *     LD_PRELOAD=build/trace_preload VHOST_TRACE=FILE qemu-system-x86_64 ...
 *
 * strace shows that an ioctl of vhost was called, but not what its argument
 * points to, which is most of it. So the calls are taken inside of the
 * program, and written by what traces the VMM itself: such traces compare with
 * ours, and are held against the same rules.
 *
 * What is asked for here is done by system calls and not by libc, whose
 * functions these are now. For a program that makes the calls on one device
 * from one thread at a time.
 */
#include "vdpa/vhost_trace.h"
#include "vmm/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEVICE_PREFIX "/dev/vhost-vdpa-"
#define MAX_DEVICES   8
#define MAX_DOORBELLS 64

static struct device {
    struct vhost_trace trace;
    bool is_open;
    int fd;
    char path[64];
    void *doorbells[MAX_DOORBELLS]; /* mapped, or NULL */
} devices[MAX_DEVICES];

/* An address is a number to a system call, and libc's headers name the
 * parameters as no program may. */
/* NOLINTBEGIN(performance-no-int-to-ptr) */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

/* ---- The system calls ---- */

static int plain_open(void *context, const char *path, int flags)
{
    (void)context;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0);
}

static int plain_close(void *context, int fd)
{
    (void)context;
    return (int)syscall(SYS_close, fd);
}

static int plain_ioctl(void *context, int fd, unsigned long request,
                       void *argument)
{
    (void)context;
    return (int)syscall(SYS_ioctl, fd, request, argument);
}

static void *plain_mmap(void *context, size_t size, int protection, int flags,
                        int fd, off_t offset)
{
    (void)context;
    return (void *)syscall(SYS_mmap, NULL, size, protection, flags, fd, offset);
}

static int plain_munmap(void *context, void *address, size_t size)
{
    (void)context;
    return (int)syscall(SYS_munmap, address, size);
}

static ssize_t plain_write(void *context, int fd, const void *bytes,
                           size_t size)
{
    (void)context;
    return syscall(SYS_write, fd, bytes, size);
}

/* The rest is not asked for. */
static const struct vhost_syscalls plain_syscalls = {
    .open = plain_open,
    .close = plain_close,
    .ioctl = plain_ioctl,
    .mmap = plain_mmap,
    .munmap = plain_munmap,
    .write = plain_write,
};

/* ---- Which are of a device ---- */

static struct device *device_of(int fd)
{
    for (unsigned i = 0; i < MAX_DEVICES; i++)
        if (devices[i].is_open && devices[i].fd == fd)
            return &devices[i];
    return NULL;
}

static struct device *free_device(const char *path)
{
    const char *file = getenv("VHOST_TRACE");

    if (!file || strncmp(path, DEVICE_PREFIX, strlen(DEVICE_PREFIX)) != 0 ||
        strlen(path) >= sizeof(devices[0].path))
        return NULL;
    if (!trace_is_on() && trace_open(file) != 0)
        return NULL;
    for (unsigned i = 0; i < MAX_DEVICES; i++)
        if (!devices[i].is_open)
            return &devices[i];
    return NULL;
}

static int open_device(struct device *device, const char *path, int flags)
{
    memcpy(device->path, path, strlen(path) + 1);
    vhost_trace_init(&device->trace, &plain_syscalls, device->path);
    device->fd = device->trace.syscalls.open(&device->trace, path, flags);
    device->is_open = device->fd >= 0;
    return device->fd;
}

static int open_any(int folder, const char *path, int flags, mode_t mode)
{
    struct device *device = free_device(path);

    if (device)
        return open_device(device, path, flags);
    return (int)syscall(SYS_openat, folder, path, flags, mode);
}

/* ---- What the program calls ---- */

/* The mode follows only where a file may be made. */
#define OPEN_ANY(folder, path, flags)                                          \
    do {                                                                       \
        mode_t mode = 0;                                                       \
        va_list arguments;                                                     \
                                                                               \
        va_start(arguments, flags);                                            \
        if ((flags) & (O_CREAT | __O_TMPFILE))                                 \
            mode = va_arg(arguments, mode_t);                                  \
        va_end(arguments);                                                     \
        return open_any(folder, path, flags, mode);                            \
    } while (0)

int open(const char *path, int flags, ...)
{
    OPEN_ANY(AT_FDCWD, path, flags);
}

int open64(const char *path, int flags, ...)
{
    OPEN_ANY(AT_FDCWD, path, flags);
}

int openat(int folder, const char *path, int flags, ...)
{
    OPEN_ANY(folder, path, flags);
}

int openat64(int folder, const char *path, int flags, ...)
{
    OPEN_ANY(folder, path, flags);
}

int close(int fd)
{
    struct device *device = device_of(fd);
    int result;

    if (!device)
        return plain_close(NULL, fd);
    device->is_open = false;
    result = device->trace.syscalls.close(&device->trace, fd);
    vhost_trace_destroy(&device->trace);
    return result;
}

int ioctl(int fd, unsigned long request, ...)
{
    struct device *device = device_of(fd);
    va_list arguments;
    void *argument;

    va_start(arguments, request);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    if (!device)
        return plain_ioctl(NULL, fd, request, argument);
    return device->trace.syscalls.ioctl(&device->trace, fd, request, argument);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    struct device *device = device_of(fd);

    if (!device)
        return plain_write(NULL, fd, bytes, size);
    return device->trace.syscalls.write(&device->trace, fd, bytes, size);
}

static void remember_doorbell(struct device *device, void *address)
{
    for (unsigned i = 0; i < MAX_DOORBELLS; i++) {
        if (device->doorbells[i])
            continue;
        device->doorbells[i] = address;
        return;
    }
}

void *mmap(void *address, size_t size, int protection, int flags, int fd,
           off_t offset)
{
    struct device *device = fd >= 0 ? device_of(fd) : NULL;
    void *mapped;

    if (!device)
        return (void *)syscall(SYS_mmap, address, size, protection, flags, fd,
                               offset);
    mapped = device->trace.syscalls.mmap(&device->trace, size, protection,
                                         flags, fd, offset);
    if (mapped != MAP_FAILED)
        remember_doorbell(device, mapped);
    return mapped;
}

void *mmap64(void *address, size_t size, int protection, int flags, int fd,
             off64_t offset)
{
    return mmap(address, size, protection, flags, fd, offset);
}

int munmap(void *address, size_t size)
{
    for (unsigned i = 0; i < MAX_DEVICES * MAX_DOORBELLS; i++) {
        struct device *device = &devices[i / MAX_DOORBELLS];
        void **doorbell = &device->doorbells[i % MAX_DOORBELLS];

        if (!address || *doorbell != address)
            continue;
        *doorbell = NULL;
        return device->trace.syscalls.munmap(&device->trace, address, size);
    }
    return plain_munmap(NULL, address, size);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
/* NOLINTEND(performance-no-int-to-ptr) */
