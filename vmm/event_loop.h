/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event_loop.h: callbacks for file descriptors, on one thread. The machine
 * has one on its I/O thread, a software network device one on its own.
 *
 * Adding, removing and stopping are safe from any thread. A removal does not
 * wait for a callback that is running or about to run: a source that ends
 * before the loop does is removed and then waits, by event_loop_wait_idle().
 */
#ifndef VMM_EVENT_LOOP_H
#define VMM_EVENT_LOOP_H

#include "vmm/compiler.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct event_source {
    int fd;
    uint32_t events; /* EPOLLIN, EPOLLOUT */
    /* Called on the thread of event_loop_run(). Must not block. */
    void (*ready)(void *owner, uint32_t events);
    void *owner;
};

struct event_loop {
    int epoll_fd;
    int wake_fd; /* eventfd */
    atomic_bool stopping;
    atomic_bool is_running;
    pthread_t thread; /* while it runs */
    /* Who waits for the end of callbacks counts up `asked`; between two
     * callbacks `answered` follows. */
    atomic_uint asked, answered;
    /* Held during every callback, for an owner whose other threads must keep
     * out of them; set before the loop runs. NULL: none. */
    pthread_mutex_t *lock;
};

int event_loop_init(struct event_loop *loop) MUST_CHECK;
void event_loop_destroy(struct event_loop *loop);

int event_loop_add(struct event_loop *loop,
                   struct event_source *source) MUST_CHECK;
/* A source that was not added is left alone. */
void event_loop_remove(struct event_loop *loop, struct event_source *source);

/* Returns when the callback of every source that has been removed is over: on
 * the loop's own thread at once. Not while holding what a callback waits
 * for. */
void event_loop_wait_idle(struct event_loop *loop);

/* Serves callbacks until event_loop_stop(); 0 or -errno. */
int event_loop_run(struct event_loop *loop) MUST_CHECK;
void event_loop_stop(struct event_loop *loop);

#endif
