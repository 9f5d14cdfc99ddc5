/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket_path.c: a UNIX socket at a path, for one process at a time.
 */
#include "vmm/socket_path.h"

#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Longer than another holds the lock. */
#define LOCK_TRIES   100
#define LOCK_WAIT_NS 10000000L
#define BACKLOG      4

static int report(const struct socket_path *path, const char *call, int error)
{
    log_error("%s: %s: %s: %s", path->owner, path->address.sun_path, call,
              strerror(-error));
    return error;
}

int socket_path_init(struct socket_path *path, const char *owner,
                     const char *name)
{
    *path = (struct socket_path){.owner = owner, .address.sun_family = AF_UNIX};
    if (name[0] == '\0' || strlen(name) >= sizeof(path->address.sun_path)) {
        log_error("%s: \"%s\": a socket's path has 1 to %zu characters", owner,
                  name, sizeof(path->address.sun_path) - 1);
        return -EINVAL;
    }
    memcpy(path->address.sun_path, name, strlen(name));
    return 0;
}

int socket_path_lock(const struct socket_path *path)
{
    const struct timespec pause = {.tv_nsec = LOCK_WAIT_NS};
    char folder[sizeof(path->address.sun_path)];
    const char *slash = strrchr(path->address.sun_path, '/');
    int fd, error;

    (void)snprintf(folder, sizeof(folder), "%s", path->address.sun_path);
    if (slash)
        folder[slash - path->address.sun_path + 1] = '\0';
    fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        error = -errno;
        log_error("%s: %s: opening its folder: %s: give a path in a folder "
                  "that is there",
                  path->owner, path->address.sun_path, strerror(-error));
        return error;
    }
    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        (void)nanosleep(&pause, NULL);
    }
    error = -errno;
    close_fd(&fd);
    return report(path, "locking its folder", error);
}

int socket_path_connect(const struct socket_path *path, int fd)
{
    int error;

    if (connect(fd, (const struct sockaddr *)&path->address,
                sizeof(path->address)) == 0)
        return 0;
    error = -errno;
    if (error == -ENOENT || error == -ECONNREFUSED)
        return error;
    return report(path, "connect", error);
}

/* Nobody listens: what is there is left over, unless it is something else. */
static int remove_stale(const struct socket_path *path)
{
    struct stat file;

    if (lstat(path->address.sun_path, &file) < 0)
        return errno == ENOENT ? 0 : report(path, "lstat", -errno);
    if (!S_ISSOCK(file.st_mode)) {
        log_error("%s: %s is there and is no socket: remove it, or give "
                  "another path",
                  path->owner, path->address.sun_path);
        return -EEXIST;
    }
    if (unlink(path->address.sun_path) < 0)
        return report(path, "removing a stale socket", -errno);
    return 0;
}

int socket_path_listen(struct socket_path *path, int fd)
{
    int error = remove_stale(path);

    if (error)
        return error;
    /* The file gets the mode of the socket. */
    if (fchmod(fd, 0600) < 0 ||
        bind(fd, (const struct sockaddr *)&path->address,
             sizeof(path->address)) < 0)
        return report(path, "bind", -errno);
    if (lstat(path->address.sun_path, &path->file) < 0)
        return report(path, "lstat", -errno);
    if (listen(fd, BACKLOG) < 0)
        return report(path, "listen", -errno);
    return 0;
}

void socket_path_remove(const struct socket_path *path)
{
    int folder_fd = socket_path_lock(path);
    struct stat file;

    if (folder_fd < 0)
        return;
    if (lstat(path->address.sun_path, &file) == 0 &&
        file.st_dev == path->file.st_dev && file.st_ino == path->file.st_ino)
        (void)unlink(path->address.sun_path);
    close_fd(&folder_fd);
}
