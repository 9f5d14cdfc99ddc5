/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fd.h: closing a file descriptor once.
 */
#ifndef VMM_FD_H
#define VMM_FD_H

#include <errno.h>
#include <unistd.h>

/* Closes `*fd` unless it is negative, sets it to -1, keeps errno. */
static inline void close_fd(int *fd)
{
    int saved_errno = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = saved_errno;
}

#endif
