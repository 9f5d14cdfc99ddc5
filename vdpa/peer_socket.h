/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_socket.h: how two processes meet at a path: one listens, the other
 * connects, and who is who is settled under a lock.
 */
#ifndef VDPA_PEER_SOCKET_H
#define VDPA_PEER_SOCKET_H

#include "vmm/compiler.h"
#include "vmm/socket_path.h"

#include <stdbool.h>

struct peer_socket {
    struct socket_path path;
    int listener_fd; /* the one that came first; else -1 */
    int fd;          /* the peer; -1 while there is none */
    bool is_greeted; /* the peer has taken us for its own: frames may flow */
};

/* Meets the peer, or begins to wait for it. -EBUSY when there are two already,
 * else -errno; logged. Either way peer_socket_close() cleans up. */
int peer_socket_open(struct peer_socket *peer, const char *owner,
                     const char *path) MUST_CHECK;
void peer_socket_close(struct peer_socket *peer);

/* After listener_fd was ready: takes the peer, or turns a third one away. True
 * when `fd` is new. */
bool peer_socket_accept(struct peer_socket *peer);

/* After `fd` was ready and is not greeted yet. 0, -EAGAIN, -ECONNRESET when
 * it is gone, else -errno, logged, as from open. */
int peer_socket_take_greeting(struct peer_socket *peer) MUST_CHECK;

/* The peer is gone: goes on listening, or meets another at the path. Does not
 * wait for its greeting. -errno, logged. */
int peer_socket_renew(struct peer_socket *peer) MUST_CHECK;

#endif
