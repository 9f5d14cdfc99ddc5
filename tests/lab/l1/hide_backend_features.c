/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hide_backend_features.c: preloaded into a program, makes the kernel look as
 * if it had fewer vhost backend features, as older ones do.
 *
 * The bits of HIDE_BACKEND_FEATURES, a number, are not offered.
 */
#include <linux/vhost.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int ioctl(int fd, unsigned long request, ...)
{
    const char *hidden = getenv("HIDE_BACKEND_FEATURES");
    va_list arguments;
    void *argument;
    long result;

    va_start(arguments, request);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    result = syscall(SYS_ioctl, fd, request, argument);
    if (request == VHOST_GET_BACKEND_FEATURES && result == 0 && hidden)
        *(uint64_t *)argument &= ~(uint64_t)strtoull(hidden, NULL, 0);
    return (int)result;
}
