/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_syscalls.h: the host as the vhost-vdpa backend sees it.
 *
 * Everything the backend asks of the kernel goes through this table, so that
 * tests can put the kernel's rules behind it (tests/support/fake_vhost).
 */
#ifndef VDPA_VHOST_SYSCALLS_H
#define VDPA_VHOST_SYSCALLS_H

#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>

struct vhost_syscalls {
    void *context; /* first argument of every call */

    /* Each is the system call of its name: -1, or MAP_FAILED, and errno on
     * failure. The kernel chooses the address of a mapping. */
    int (*open)(void *context, const char *path, int flags);
    int (*close)(void *context, int fd);
    int (*ioctl)(void *context, int fd, unsigned long request, void *argument);
    void *(*mmap)(void *context, size_t size, int protection, int flags, int fd,
                  off_t offset);
    int (*munmap)(void *context, void *address, size_t size);
    ssize_t (*write)(void *context, int fd, const void *bytes, size_t size);
    int (*stat)(void *context, const char *path, struct stat *status);
    /* getrlimit() and setrlimit() of RLIMIT_MEMLOCK. */
    int (*get_memlock)(void *context, struct rlimit *limit);
    int (*set_memlock)(void *context, const struct rlimit *limit);

    /* Where the kernel's file systems are mounted. */
    const char *dev_dir, *proc_dir, *sys_dir;
};

/* The real ones. */
extern const struct vhost_syscalls vhost_host_syscalls;

#endif
