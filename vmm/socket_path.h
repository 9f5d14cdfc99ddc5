/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket_path.h: a UNIX socket at a path, for one process at a time.
 *
 * A socket that nobody listens on may be left from a process that died. To
 * find that out, remove it and listen is one step for all others, because each
 * does it with the folder locked.
 */
#ifndef VMM_SOCKET_PATH_H
#define VMM_SOCKET_PATH_H

#include "vmm/compiler.h"

#include <sys/stat.h>
#include <sys/un.h>

struct socket_path {
    const char *owner; /* for messages: "net0"; borrowed */
    struct sockaddr_un address;
    struct stat file; /* the socket's, as made by socket_path_listen() */
};

/* -EINVAL, logged, when the path is empty or too long for a socket. */
int socket_path_init(struct socket_path *path, const char *owner,
                     const char *name) MUST_CHECK;

/* The descriptor of the folder, or -errno, logged. Closing it gives the lock
 * up. */
int socket_path_lock(const struct socket_path *path) MUST_CHECK;

/* Connects `fd`. -ENOENT when there is no socket, -ECONNREFUSED when nobody
 * listens on it: these two are not logged. */
int socket_path_connect(const struct socket_path *path, int fd) MUST_CHECK;

/* With the lock held, and after nobody was found to listen: removes what is
 * left over and makes `fd` listen, for its own user alone. -errno, logged. */
int socket_path_listen(struct socket_path *path, int fd) MUST_CHECK;

/* Removes the socket that socket_path_listen() made, unless another took its
 * place. Takes the lock. */
void socket_path_remove(const struct socket_path *path);

#endif
