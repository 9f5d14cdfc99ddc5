/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_socket.c: how two processes meet at a path.
 *
 * A socket that nobody listens on may be left from a process that crashed. To
 * find that out, remove it and listen is one step for all others, because each
 * does it with the folder locked. The one that listens greets the one that
 * connects with one message, WELCOME or BUSY.
 */
#include "vdpa/peer_socket.h"

#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Longer than another holds the lock, or takes to get its loop to run. One
 * that takes longer is met all the same, later. */
#define LOCK_TRIES     100
#define LOCK_WAIT_NS   10000000L
#define GREETING_MS    1000
#define SOCKET_BUFFERS (4 * 1024 * 1024) /* bytes; the kernel may give less */

static const char welcome[] = "vmm peer 1";
static const char busy[] = "vmm peer busy";

static int report(const struct peer_socket *peer, const char *call, int error)
{
    log_error("%s: %s: %s: %s", peer->owner, peer->address.sun_path, call,
              strerror(-error));
    return error;
}

/* ---- The lock ---- */

/* The folder's descriptor, or -errno, logged. Closing it gives the lock up. */
static int lock_folder(const struct peer_socket *peer)
{
    const struct timespec pause = {.tv_nsec = LOCK_WAIT_NS};
    char folder[sizeof(peer->address.sun_path)];
    const char *slash = strrchr(peer->address.sun_path, '/');
    int fd, error;

    (void)snprintf(folder, sizeof(folder), "%s", peer->address.sun_path);
    if (slash)
        folder[slash - peer->address.sun_path + 1] = '\0';
    fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return report(peer, "opening its folder", -errno);
    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        (void)nanosleep(&pause, NULL);
    }
    error = -errno;
    close_fd(&fd);
    return report(peer, "locking its folder", error);
}

/* ---- Connecting ---- */

static int new_socket(const struct peer_socket *peer)
{
    const int size = SOCKET_BUFFERS;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return report(peer, "socket", -errno);
    /* Room for bursts; less will do. */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    return fd;
}

int peer_socket_take_greeting(struct peer_socket *peer)
{
    char text[sizeof(busy)] = "";
    ssize_t size = recv(peer->fd, text, sizeof(text), 0);

    if (size == sizeof(welcome) &&
        memcmp(text, welcome, sizeof(welcome)) == 0) {
        peer->is_greeted = true;
        return 0;
    }
    if (size == sizeof(busy) && memcmp(text, busy, sizeof(busy)) == 0) {
        log_error("%s: %s links two VMs already: a third needs a path of its "
                  "own",
                  peer->owner, peer->address.sun_path);
        return -EBUSY;
    }
    if (size < 0 && errno == EAGAIN)
        return -EAGAIN;
    if (size <= 0)
        return -ECONNRESET;
    log_error("%s: %s: something else listens there", peer->owner,
              peer->address.sun_path);
    return -EPROTO;
}

/* 0, or -ENOENT when nobody listens; that alone is not logged. */
static int connect_to_first(struct peer_socket *peer)
{
    int fd = new_socket(peer), error = 0;

    if (fd < 0)
        return fd;
    if (connect(fd, (const struct sockaddr *)&peer->address,
                sizeof(peer->address)) == 0) {
        peer->fd = fd;
        peer->is_greeted = false;
        return 0;
    }
    error = -errno;
    close_fd(&fd);
    if (error == -ENOENT || error == -ECONNREFUSED)
        return -ENOENT;
    return report(peer, "connect", error);
}

/* ---- Listening ---- */

/* Nobody listens: what is there is left over, unless it is something else. */
static int remove_stale(const struct peer_socket *peer)
{
    struct stat file;

    if (lstat(peer->address.sun_path, &file) < 0)
        return errno == ENOENT ? 0 : report(peer, "lstat", -errno);
    if (!S_ISSOCK(file.st_mode)) {
        log_error("%s: %s is there and is no socket", peer->owner,
                  peer->address.sun_path);
        return -EEXIST;
    }
    if (unlink(peer->address.sun_path) < 0)
        return report(peer, "removing a stale socket", -errno);
    return 0;
}

static int listen_as_first(struct peer_socket *peer)
{
    int error = remove_stale(peer);

    if (error)
        return error;
    peer->listener_fd = new_socket(peer);
    if (peer->listener_fd < 0)
        return peer->listener_fd;
    /* The file gets the mode of the socket. */
    if (fchmod(peer->listener_fd, 0600) < 0 ||
        bind(peer->listener_fd, (const struct sockaddr *)&peer->address,
             sizeof(peer->address)) < 0)
        error = report(peer, "bind", -errno);
    else if (lstat(peer->address.sun_path, &peer->file) < 0)
        error = report(peer, "lstat", -errno);
    else if (listen(peer->listener_fd, 4) < 0)
        error = report(peer, "listen", -errno);
    if (error)
        close_fd(&peer->listener_fd);
    return error;
}

bool peer_socket_accept(struct peer_socket *peer)
{
    int fd =
        accept4(peer->listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    bool is_peer = peer->fd < 0;
    const int size = SOCKET_BUFFERS;

    if (fd < 0)
        return false; /* it changed its mind */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    /* It may be gone again: its end of the cable tells. */
    if (is_peer)
        (void)send(fd, welcome, sizeof(welcome), MSG_NOSIGNAL);
    else
        (void)send(fd, busy, sizeof(busy), MSG_NOSIGNAL);
    if (!is_peer) {
        close_fd(&fd);
        return false;
    }
    peer->fd = fd;
    peer->is_greeted = true;
    return true;
}

/* ---- Life ---- */

static int meet(struct peer_socket *peer)
{
    int folder_fd = lock_folder(peer), error;

    if (folder_fd < 0)
        return folder_fd;
    error = connect_to_first(peer);
    if (error == -ENOENT)
        error = listen_as_first(peer);
    close_fd(&folder_fd);
    return error;
}

/* Waits for it, a while. */
static int await_greeting(struct peer_socket *peer)
{
    struct pollfd wait = {.fd = peer->fd, .events = POLLIN};
    int error;

    (void)poll(&wait, 1, GREETING_MS);
    error = peer_socket_take_greeting(peer);
    return error == -EAGAIN ? 0 : error;
}

int peer_socket_open(struct peer_socket *peer, const char *owner,
                     const char *path)
{
    int error;

    *peer = (struct peer_socket){.owner = owner,
                                 .address.sun_family = AF_UNIX,
                                 .listener_fd = -1,
                                 .fd = -1};
    if (path[0] == '\0' || strlen(path) >= sizeof(peer->address.sun_path)) {
        log_error("%s: \"%s\": a socket's path has 1 to %zu characters", owner,
                  path, sizeof(peer->address.sun_path) - 1);
        return -EINVAL;
    }
    memcpy(peer->address.sun_path, path, strlen(path));
    /* The first may go away before it greets: then we are first. */
    do {
        error = peer_socket_renew(peer);
        if (!error && peer->fd >= 0)
            error = await_greeting(peer);
    } while (error == -ECONNRESET);
    return error;
}

int peer_socket_renew(struct peer_socket *peer)
{
    close_fd(&peer->fd);
    peer->is_greeted = false;
    return peer->listener_fd >= 0 ? 0 : meet(peer);
}

/* Another may have taken our place at the path. */
static void remove_own_file(const struct peer_socket *peer)
{
    int folder_fd = lock_folder(peer);
    struct stat file;

    if (folder_fd < 0)
        return;
    if (lstat(peer->address.sun_path, &file) == 0 &&
        file.st_dev == peer->file.st_dev && file.st_ino == peer->file.st_ino)
        (void)unlink(peer->address.sun_path);
    close_fd(&folder_fd);
}

void peer_socket_close(struct peer_socket *peer)
{
    if (peer->listener_fd >= 0)
        remove_own_file(peer);
    close_fd(&peer->listener_fd);
    close_fd(&peer->fd);
}
