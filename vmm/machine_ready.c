/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_ready.c: tells who started the program that its guest is there.
 *
 * The pidfile appears at once and complete, by a new name for a file that was
 * written before: its being there is the message.
 */
#include "vmm/machine_ready.h"

#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int machine_ready_claim(const struct options *options)
{
    int fd = options->ready_fd, flags;

    if (fd < 0)
        return 0;
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
        log_error("--ready-fd %d: %s: leave one open that can be written, as "
                  "in %d>file",
                  fd, flags < 0 ? strerror(errno) : "it is open for reading",
                  fd);
        return -EBADF;
    }
    return 0;
}

static int fail_pidfile(const char *path, int error)
{
    log_error("--pidfile %s: %s: give a file that can be written", path,
              strerror(-error));
    return error;
}

/* Where the pidfile is to be, there may only be an older one. */
static int remove_old(const char *path)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return 0;
    return -errno;
}

static int write_pid(const char *path)
{
    int fd =
        open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    int error = 0;

    if (fd < 0)
        return -errno;
    if (dprintf(fd, "%d\n", getpid()) < 0)
        error = -errno;
    if (close(fd) != 0 && !error)
        error = -errno;
    if (error)
        (void)unlink(path);
    return error;
}

int machine_ready_init(struct machine_ready *ready,
                       const struct options *options)
{
    int error, length;

    ready->options = options;
    if (!options->pidfile)
        return 0;
    length = snprintf(ready->waiting_path, sizeof(ready->waiting_path), "%s.%d",
                      options->pidfile, getpid());
    if ((size_t)length >= sizeof(ready->waiting_path))
        error = -ENAMETOOLONG;
    else
        error = remove_old(options->pidfile);
    if (!error)
        error = write_pid(ready->waiting_path);
    if (!error)
        return 0;
    ready->waiting_path[0] = '\0';
    return fail_pidfile(options->pidfile, error);
}

void machine_ready_tell(struct machine_ready *ready)
{
    const struct options *options = ready->options;

    if (atomic_exchange(&ready->is_told, true))
        return;
    if (options->pidfile && rename(ready->waiting_path, options->pidfile) != 0)
        (void)fail_pidfile(options->pidfile, -errno);
    if (options->ready_fd < 0)
        return;
    if (dprintf(options->ready_fd, "ready\n") < 0)
        log_error("--ready-fd: %s", strerror(errno));
    close(options->ready_fd);
}

void machine_ready_destroy(struct machine_ready *ready)
{
    if (!ready->options || !ready->waiting_path[0])
        return;
    (void)unlink(atomic_load(&ready->is_told) ? ready->options->pidfile
                                              : ready->waiting_path);
    ready->waiting_path[0] = '\0';
}
