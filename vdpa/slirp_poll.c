/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slirp_poll.c: the descriptors and the time that libslirp waits for, behind
 * one descriptor that an event loop can poll.
 */
#include "vdpa/slirp_poll.h"

#include "vdpa/slirp_library.h"

#ifdef HAVE_LIBSLIRP

#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

#define MAX_EVENTS 64 /* in one look; the rest stays ready */
#define NS_PER_S   1000000000U

struct slirp_poll_socket {
    uint32_t registered; /* EPOLL* in the epoll set; 0: not in it */
    uint32_t wanted;     /* ... as of `round` */
    unsigned round;
    uint32_t ready;     /* ... as of `collected` */
    unsigned collected; /* the round in which it was */
    bool is_active;     /* in `active` */
};

static const struct {
    int slirp;
    uint32_t epoll;
} event_names[] = {
    {SLIRP_POLL_IN, EPOLLIN},   {SLIRP_POLL_OUT, EPOLLOUT},
    {SLIRP_POLL_PRI, EPOLLPRI}, {SLIRP_POLL_ERR, EPOLLERR},
    {SLIRP_POLL_HUP, EPOLLHUP},
};

/* What makes libslirp read, and so bring frames for the guest. */
static const uint32_t input_events = EPOLLIN | EPOLLPRI | EPOLLHUP | EPOLLERR;

int slirp_poll_init(struct slirp_poll *poll)
{
    struct epoll_event event = {.events = EPOLLIN};
    const char *call = "epoll_create1";
    int error;

    *poll = (struct slirp_poll){
        .epoll_fd = -1, .timer_fd = -1, .timer_ns = UINT64_MAX, .round = 1};
    poll->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (poll->epoll_fd < 0)
        goto fail;
    call = "timerfd_create";
    poll->timer_fd =
        timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (poll->timer_fd < 0)
        goto fail;
    call = "epoll_ctl";
    event.data.fd = poll->timer_fd;
    if (epoll_ctl(poll->epoll_fd, EPOLL_CTL_ADD, poll->timer_fd, &event) < 0)
        goto fail;
    return 0;

fail:
    error = -errno;
    log_error("user-mode network: %s: %s", call, strerror(-error));
    return error;
}

void slirp_poll_destroy(struct slirp_poll *poll)
{
    close_fd(&poll->epoll_fd);
    close_fd(&poll->timer_fd);
    free(poll->sockets);
    free(poll->active);
    poll->sockets = NULL;
    poll->active = NULL;
    poll->num_sockets = poll->num_active = poll->max_active = 0;
}

/* ---- The list ---- */

static bool grow_sockets(struct slirp_poll *poll, unsigned fd)
{
    unsigned count = fd < 64 ? 64 : fd * 2;
    struct slirp_poll_socket *sockets;

    if (fd < poll->num_sockets)
        return true;
    sockets = realloc(poll->sockets, count * sizeof(*sockets));
    if (!sockets)
        return false;
    memset(sockets + poll->num_sockets, 0,
           (count - poll->num_sockets) * sizeof(*sockets));
    poll->sockets = sockets;
    poll->num_sockets = count;
    return true;
}

static bool activate(struct slirp_poll *poll, int fd)
{
    struct slirp_poll_socket *socket = &poll->sockets[fd];

    if (socket->is_active)
        return true;
    if (poll->num_active == poll->max_active) {
        unsigned count = poll->max_active * 2 + 16;
        int *active = realloc(poll->active, count * sizeof(*active));

        if (!active)
            return false;
        poll->active = active;
        poll->max_active = count;
    }
    poll->active[poll->num_active++] = fd;
    socket->is_active = true;
    return true;
}

void slirp_poll_begin(struct slirp_poll *poll)
{
    poll->round++;
}

int slirp_poll_add(struct slirp_poll *poll, int fd, int events)
{
    struct slirp_poll_socket *socket;

    if (fd < 0 || !grow_sockets(poll, (unsigned)fd) || !activate(poll, fd))
        return -1;
    socket = &poll->sockets[fd];
    socket->round = poll->round;
    socket->wanted = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(event_names); i++)
        if (events & event_names[i].slirp)
            socket->wanted |= event_names[i].epoll;
    return fd;
}

/* Makes the epoll set wait for `events` of `fd`; 0: not at all. */
static void apply(struct slirp_poll *poll, int fd, uint32_t events)
{
    struct slirp_poll_socket *socket = &poll->sockets[fd];
    struct epoll_event event = {.events = events, .data.fd = fd};
    int operation = EPOLL_CTL_MOD;

    if (socket->registered == events)
        return;
    if (events == 0)
        operation = EPOLL_CTL_DEL;
    else if (socket->registered == 0)
        operation = EPOLL_CTL_ADD;
    if (epoll_ctl(poll->epoll_fd, operation, fd, &event) < 0 && events != 0)
        log_error("user-mode network: epoll_ctl: %s", strerror(errno));
    socket->registered = events;
}

/* While input is held, what waits for it stays as it is, until it is ready:
 * the guest mostly has room again before that. */
static uint32_t events_to_register(const struct slirp_poll *poll,
                                   const struct slirp_poll_socket *socket)
{
    if (!poll->is_input_held)
        return socket->wanted;
    return (socket->wanted & ~input_events) |
           (socket->wanted & socket->registered);
}

void slirp_poll_end(struct slirp_poll *poll)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < poll->num_active; i++) {
        int fd = poll->active[i];
        struct slirp_poll_socket *socket = &poll->sockets[fd];

        if (slirp_poll_is_listed(poll, fd)) {
            apply(poll, fd, events_to_register(poll, socket));
            poll->active[kept++] = fd;
        } else {
            apply(poll, fd, 0);
            socket->is_active = false;
        }
    }
    poll->num_active = kept;
}

bool slirp_poll_is_listed(const struct slirp_poll *poll, int fd)
{
    return fd >= 0 && (unsigned)fd < poll->num_sockets &&
           poll->sockets[fd].round == poll->round;
}

void slirp_poll_forget(struct slirp_poll *poll, int fd)
{
    if (fd < 0 || (unsigned)fd >= poll->num_sockets)
        return;
    apply(poll, fd, 0);
    poll->sockets[fd].round = 0;
    poll->sockets[fd].ready = 0;
}

/* ---- What is ready ---- */

/* Data that there is no room for: not to be told of again. */
static uint32_t hold_input(struct slirp_poll *poll, int fd, uint32_t events)
{
    struct slirp_poll_socket *socket = &poll->sockets[fd];

    if (!poll->is_input_held || !(events & input_events))
        return events;
    apply(poll, fd, socket->registered & ~input_events);
    return events & ~input_events;
}

static void take_timer(struct slirp_poll *poll)
{
    uint64_t count;

    if (read(poll->timer_fd, &count, sizeof(count)) == sizeof(count))
        poll->timer_ns = UINT64_MAX;
}

void slirp_poll_collect(struct slirp_poll *poll)
{
    struct epoll_event events[MAX_EVENTS];
    int count = epoll_wait(poll->epoll_fd, events, MAX_EVENTS, 0);

    poll->round++;
    for (int i = 0; i < count; i++) {
        int fd = events[i].data.fd;

        if (fd == poll->timer_fd) {
            take_timer(poll);
            continue;
        }
        poll->sockets[fd].ready = hold_input(poll, fd, events[i].events);
        poll->sockets[fd].collected = poll->round;
    }
}

int slirp_poll_events(const struct slirp_poll *poll, int index)
{
    const struct slirp_poll_socket *socket;
    int events = 0;

    if (index < 0 || (unsigned)index >= poll->num_sockets)
        return 0;
    socket = &poll->sockets[index];
    if (socket->collected != poll->round)
        return 0;
    for (unsigned i = 0; i < ARRAY_SIZE(event_names); i++)
        if (socket->ready & event_names[i].epoll)
            events |= event_names[i].slirp;
    return events;
}

/* ---- Time ---- */

void slirp_poll_set_timer(struct slirp_poll *poll, uint64_t when_ns)
{
    const struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(when_ns / NS_PER_S),
                     .tv_nsec = (long)(when_ns % NS_PER_S)}};

    /* Waking up too early is cheaper than setting the timer each time. */
    if (when_ns >= poll->timer_ns)
        return;
    if (timerfd_settime(poll->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) < 0)
        log_error("user-mode network: timerfd_settime: %s", strerror(errno));
    poll->timer_ns = when_ns;
}

#endif
