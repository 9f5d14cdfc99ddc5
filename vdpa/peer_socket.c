/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_socket.c: how two processes meet at a path. The one that listens greets
 * the one that connects with one message, WELCOME or BUSY.
 */
#include "vdpa/peer_socket.h"

#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Longer than another takes to get its loop to run. One that takes longer is
 * met all the same, later. */
#define GREETING_MS    1000
#define SOCKET_BUFFERS (4 * 1024 * 1024) /* bytes; the kernel may give less */

static const char welcome[] = "vmm peer 1";
static const char busy[] = "vmm peer busy";

static int report(const struct peer_socket *peer, const char *call, int error)
{
    log_error("%s: %s: %s: %s", peer->path.owner, peer->path.address.sun_path,
              call, strerror(-error));
    return error;
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
                  peer->path.owner, peer->path.address.sun_path);
        return -EBUSY;
    }
    if (size < 0 && errno == EAGAIN)
        return -EAGAIN;
    if (size <= 0)
        return -ECONNRESET;
    log_error("%s: %s: something else listens there", peer->path.owner,
              peer->path.address.sun_path);
    return -EPROTO;
}

/* 0, or -ENOENT when nobody listens; that alone is not logged. */
static int connect_to_first(struct peer_socket *peer)
{
    int fd = new_socket(peer), error;

    if (fd < 0)
        return fd;
    error = socket_path_connect(&peer->path, fd);
    if (error) {
        close_fd(&fd);
        return error == -ECONNREFUSED ? -ENOENT : error;
    }
    peer->fd = fd;
    peer->is_greeted = false;
    return 0;
}

/* ---- Listening ---- */

static int listen_as_first(struct peer_socket *peer)
{
    int error;

    peer->listener_fd = new_socket(peer);
    if (peer->listener_fd < 0)
        return peer->listener_fd;
    error = socket_path_listen(&peer->path, peer->listener_fd);
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
    int folder_fd = socket_path_lock(&peer->path), error;

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

    *peer = (struct peer_socket){.listener_fd = -1, .fd = -1};
    error = socket_path_init(&peer->path, owner, path);
    if (error)
        return error;
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

void peer_socket_close(struct peer_socket *peer)
{
    if (peer->listener_fd >= 0)
        socket_path_remove(&peer->path);
    close_fd(&peer->listener_fd);
    close_fd(&peer->fd);
}
