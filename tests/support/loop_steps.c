/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop_steps.c: an event loop without a thread of its own.
 */
#include "tests/support/loop_steps.h"

#include <stddef.h>
#include <sys/epoll.h>

unsigned loop_serve_ready(const struct event_loop *loop)
{
    struct epoll_event event = {.events = 0};
    unsigned steps = 0;

    while (steps < LOOP_STEPS_MAX &&
           epoll_wait(loop->epoll_fd, &event, 1, 0) == 1) {
        const struct event_source *source = event.data.ptr;

        if (source)
            source->ready(source->owner, event.events);
        steps++;
    }
    return steps;
}
