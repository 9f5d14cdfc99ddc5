/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event_loop.c: callbacks for file descriptors, on one thread.
 */
#include "vmm/event_loop.h"

#include "vmm/fd.h"
#include "vmm/log.h"
#include "vmm/nap.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

int event_loop_init(struct event_loop *loop)
{
    /* The wake-up eventfd is the one entry without a source. */
    struct epoll_event woken_up = {.events = EPOLLIN, .data.ptr = NULL};
    const char *call = "epoll_create1";
    int error;

    loop->epoll_fd = -1;
    loop->wake_fd = -1;
    loop->lock = NULL;
    atomic_init(&loop->stopping, false);
    atomic_init(&loop->is_running, false);
    atomic_init(&loop->asked, 0);
    atomic_init(&loop->answered, 0);

    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0)
        goto fail;
    call = "eventfd";
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake_fd < 0)
        goto fail;
    call = "epoll_ctl";
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &woken_up) < 0)
        goto fail;
    return 0;

fail:
    error = -errno;
    log_error("event loop: %s: %s", call, strerror(-error));
    event_loop_destroy(loop);
    return error;
}

void event_loop_destroy(struct event_loop *loop)
{
    close_fd(&loop->wake_fd);
    close_fd(&loop->epoll_fd);
}

int event_loop_add(struct event_loop *loop, struct event_source *source)
{
    struct epoll_event event = {.events = source->events, .data.ptr = source};

    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) < 0) {
        int error = -errno;

        log_error("event loop: adding descriptor %d: %s", source->fd,
                  strerror(-error));
        return error;
    }
    return 0;
}

void event_loop_remove(struct event_loop *loop, struct event_source *source)
{
    /* Fails only for a descriptor that is not in the set. */
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
}

static void wake(struct event_loop *loop)
{
    if (eventfd_write(loop->wake_fd, 1) < 0) {
        /* Only a full counter fails, and that wakes the loop too. */
        assert(errno == EAGAIN);
    }
}

static void dispatch(struct event_loop *loop, const struct event_source *source,
                     uint32_t events)
{
    if (loop->lock)
        pthread_mutex_lock(loop->lock);
    source->ready(source->owner, events);
    if (loop->lock)
        pthread_mutex_unlock(loop->lock);
}

void event_loop_wait_idle(struct event_loop *loop)
{
    unsigned turn = atomic_fetch_add(&loop->asked, 1) + 1;

    wake(loop);
    while (atomic_load(&loop->is_running) &&
           !pthread_equal(loop->thread, pthread_self()) &&
           (int)(atomic_load(&loop->answered) - turn) < 0)
        nap();
}

static void woken(struct event_loop *loop)
{
    eventfd_t count;

    (void)eventfd_read(loop->wake_fd, &count);
    /* After the count was taken: whoever asks from now on wakes again. */
    atomic_store(&loop->answered, atomic_load(&loop->asked));
}

static int serve(struct event_loop *loop)
{
    while (!atomic_load(&loop->stopping)) {
        struct epoll_event event;
        const struct event_source *source;
        /* One at a time: a source that a callback removes, on this thread,
         * is not called again. epoll serves ready descriptors in turn. */
        int count = epoll_wait(loop->epoll_fd, &event, 1, -1);

        if (count < 0 && errno != EINTR) {
            int error = -errno;

            log_error("event loop: epoll_wait: %s", strerror(-error));
            return error;
        }
        if (count != 1)
            continue;
        source = event.data.ptr;
        if (source)
            dispatch(loop, source, event.events);
        else
            woken(loop);
    }
    return 0;
}

int event_loop_run(struct event_loop *loop)
{
    int error;

    loop->thread = pthread_self();
    atomic_store(&loop->is_running, true);
    error = serve(loop);
    atomic_store(&loop->is_running, false);
    return error;
}

void event_loop_stop(struct event_loop *loop)
{
    /* The flag first: the wake-up must find it set. */
    atomic_store(&loop->stopping, true);
    wake(loop);
}
