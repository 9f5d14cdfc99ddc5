/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slirp_poll.h: the descriptors and the time that libslirp waits for, behind
 * one descriptor that an event loop can poll.
 *
 * libslirp names all its sockets again before each wait. They stay in an epoll
 * instance of their own, and only what differs from the last time costs a
 * system call.
 */
#ifndef VDPA_SLIRP_POLL_H
#define VDPA_SLIRP_POLL_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct slirp_poll_socket;

struct slirp_poll {
    int epoll_fd; /* ready when one of the below is */
    int timer_fd;
    struct slirp_poll_socket *sockets; /* by descriptor */
    unsigned num_sockets;              /* size of the array */
    int *active;                       /* descriptors in the epoll set */
    unsigned num_active, max_active;
    unsigned round;
    uint64_t timer_ns; /* CLOCK_MONOTONIC; UINT64_MAX: none set */
    /* Sockets of which data came are left alone: there is no room for it. */
    bool is_input_held;
};

/* -errno, logged. Either way slirp_poll_destroy() cleans up. */
int slirp_poll_init(struct slirp_poll *poll) MUST_CHECK;
void slirp_poll_destroy(struct slirp_poll *poll);

/* A new list of sockets, between begin and end. Events are libslirp's
 * SLIRP_POLL_*; the index is what slirp_poll_events() takes, -1 on failure. */
void slirp_poll_begin(struct slirp_poll *poll);
int slirp_poll_add(struct slirp_poll *poll, int fd, int events);
void slirp_poll_end(struct slirp_poll *poll);

/* The socket is about to be closed, and its number may be another's. */
void slirp_poll_forget(struct slirp_poll *poll, int fd);

/* Looks what is ready, without waiting, for slirp_poll_events() to tell until
 * the next call. */
void slirp_poll_collect(struct slirp_poll *poll);
int slirp_poll_events(const struct slirp_poll *poll, int index);

/* Be ready at `when_ns` of CLOCK_MONOTONIC, UINT64_MAX for never; a time that
 * is set may pass in vain when a later one is asked for. */
void slirp_poll_set_timer(struct slirp_poll *poll, uint64_t when_ns);

/* The sockets of the current list, to find those that came last. */
bool slirp_poll_is_listed(const struct slirp_poll *poll, int fd);

#endif
