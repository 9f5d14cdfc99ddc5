/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slirp_stack.c: one network of libslirp: its clock, sockets and forwards.
 *
 * libslirp has neither thread nor clock: it names the sockets and the time it
 * waits for, and works when it is told that they are ready or when a frame
 * comes from the guest.
 */
#include "vdpa/slirp_stack.h"

#ifdef HAVE_LIBSLIRP

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_MS 1000000ULL

/* What slirp_pollfds_fill() answers when nothing is to be done in time. */
#define IDLE_TIMEOUT_MS 1000

/* libslirp's own; so far there is one, for router advertisements. */
struct slirp_timer {
    SlirpTimerCb callback;
    void *opaque;
    uint64_t when_ns; /* UINT64_MAX: not set */
    struct slirp_timer *next;
};

/* ---- libslirp's callbacks ---- */

static ssize_t send_packet(const void *frame, size_t size, void *opaque)
{
    const struct slirp_stack *stack = opaque;

    stack->receive(stack->owner, frame, size);
    return (ssize_t)size;
}

static int64_t clock_get_ns(void *opaque)
{
    struct timespec now;

    (void)opaque;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void guest_error(const char *message, void *opaque)
{
    struct slirp_stack *stack = opaque;

    log_guest(&stack->complaints, "%s: %s", stack->name, message);
}

static void *timer_new(SlirpTimerCb callback, void *callback_opaque,
                       void *opaque)
{
    struct slirp_stack *stack = opaque;
    struct slirp_timer *timer = calloc(1, sizeof(*timer));

    if (!timer)
        return NULL;
    *timer = (struct slirp_timer){.callback = callback,
                                  .opaque = callback_opaque,
                                  .when_ns = UINT64_MAX,
                                  .next = stack->timers};
    stack->timers = timer;
    return timer;
}

static void timer_free(void *argument, void *opaque)
{
    struct slirp_stack *stack = opaque;
    struct slirp_timer **link = &stack->timers;

    while (*link && *link != argument)
        link = &(*link)->next;
    if (*link)
        *link = (*link)->next;
    free(argument);
}

static void timer_mod(void *argument, int64_t when_ms, void *opaque)
{
    struct slirp_timer *timer = argument;

    (void)opaque;
    if (timer)
        timer->when_ns = when_ms > 0 ? (uint64_t)when_ms * NS_PER_MS : 0;
}

static void register_poll_fd(int fd, void *opaque)
{
    (void)fd;
    (void)opaque;
}

static void unregister_poll_fd(int fd, void *opaque)
{
    struct slirp_stack *stack = opaque;

    slirp_poll_forget(&stack->poll, fd);
}

/* Whatever it is, slirp_stack_update() comes after everything that makes
 * libslirp work. */
static void notify(void *opaque)
{
    (void)opaque;
}

/* Newer headers call two of these deprecated; the loaded library may not be
 * so new. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static const SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = clock_get_ns,
    .timer_new = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = register_poll_fd,
    .unregister_poll_fd = unregister_poll_fd,
    .notify = notify,
};
#pragma GCC diagnostic pop

/* ---- What libslirp waits for ---- */

static int add_poll(int fd, int events, void *opaque)
{
    struct slirp_stack *stack = opaque;

    return slirp_poll_add(&stack->poll, fd, events);
}

static int get_revents(int index, void *opaque)
{
    const struct slirp_stack *stack = opaque;

    return slirp_poll_events(&stack->poll, index);
}

static void set_timer(struct slirp_stack *stack, uint32_t timeout_ms)
{
    uint64_t when_ns = UINT64_MAX;

    if (timeout_ms < IDLE_TIMEOUT_MS)
        when_ns = (uint64_t)clock_get_ns(NULL) + timeout_ms * NS_PER_MS;
    for (const struct slirp_timer *timer = stack->timers; timer;
         timer = timer->next)
        if (timer->when_ns < when_ns)
            when_ns = timer->when_ns;
    slirp_poll_set_timer(&stack->poll, when_ns);
}

static void run_timers(struct slirp_stack *stack)
{
    uint64_t now_ns = (uint64_t)clock_get_ns(NULL);

    for (struct slirp_timer *timer = stack->timers; timer; timer = timer->next)
        if (timer->when_ns <= now_ns) {
            timer->when_ns = UINT64_MAX;
            timer->callback(timer->opaque);
        }
}

/* Library lock held, as for the rest that is static. Its clock, its timeouts
 * and what it has queued; sockets only if slirp_poll_collect() looked. */
static void work(struct slirp_stack *stack, bool with_sockets)
{
    run_timers(stack);
    stack->library->pollfds_poll(stack->slirp, !with_sockets, get_revents,
                                 stack);
}

static void list_sockets(struct slirp_stack *stack)
{
    uint32_t timeout_ms = UINT32_MAX;

    slirp_poll_begin(&stack->poll);
    stack->library->pollfds_fill(stack->slirp, &timeout_ms, add_poll, stack);
    slirp_poll_end(&stack->poll);
    set_timer(stack, timeout_ms);
}

void slirp_stack_serve(struct slirp_stack *stack)
{
    slirp_poll_collect(&stack->poll);
    slirp_library_lock();
    work(stack, true);
    slirp_library_unlock();
}

void slirp_stack_tick(struct slirp_stack *stack)
{
    slirp_library_lock();
    work(stack, false);
    slirp_library_unlock();
}

void slirp_stack_input(struct slirp_stack *stack, const uint8_t *frame,
                       size_t size)
{
    slirp_library_lock();
    stack->library->input(stack->slirp, frame, (int)size);
    slirp_library_unlock();
}

void slirp_stack_update(struct slirp_stack *stack, bool hold_input)
{
    stack->poll.is_input_held = hold_input;
    slirp_library_lock();
    list_sockets(stack);
    slirp_library_unlock();
}

/* ---- Life ---- */

static int create(struct slirp_stack *stack, bool restricted, uint16_t mtu)
{
    const SlirpConfig config = {
        .version = 1, /* nothing of the later ones is needed */
        .restricted = restricted,
        .in_enabled = true,
        .vnetwork.s_addr = htonl(0x0a000200),
        .vnetmask.s_addr = htonl(0xffffff00),
        .vhost.s_addr = htonl(0x0a000202),
        .vnameserver.s_addr = htonl(0x0a000203),
        .vdhcp_start.s_addr = htonl(0x0a00020f),
        .in6_enabled = true,
        .vprefix_addr6.s6_addr = {0xfe, 0xc0},
        .vprefix_len = 64,
        .vhost6.s6_addr = {0xfe, 0xc0, [15] = 2},
        .vnameserver6.s6_addr = {0xfe, 0xc0, [15] = 3},
        .if_mtu = mtu,
        .if_mru = mtu,
    };

    stack->slirp = stack->library->create(&config, &callbacks, stack);
    if (stack->slirp)
        return 0;
    log_error("%s: libslirp refuses to start", stack->name);
    return -EINVAL;
}

/* ---- Forwards ---- */

static int find_new(int fd, int events, void *opaque)
{
    struct slirp_stack *stack = opaque;

    (void)events;
    if (!slirp_poll_is_listed(&stack->poll, fd))
        stack->newest_fd = fd;
    return -1;
}

/* libslirp tells no stack, but the socket that it lists for the first time is
 * the forward's. */
static int learn_port(struct slirp_stack *stack, struct slirp_forward *forward)
{
    uint32_t timeout_ms = UINT32_MAX;
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof(address);
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    stack->newest_fd = -1;
    stack->library->pollfds_fill(stack->slirp, &timeout_ms, find_new, stack);
    if (getsockname(stack->newest_fd, (struct sockaddr *)&address, &size) < 0) {
        int error = -errno;

        log_error("%s: getsockname: %s", stack->name, strerror(-error));
        return error;
    }
    memcpy(&v4, &address, sizeof(v4));
    memcpy(&v6, &address, sizeof(v6));
    forward->host_port = ntohs(forward->is_ipv6 ? v6.sin6_port : v4.sin_port);
    return 0;
}

/* 0 or -errno. */
static int listen_on_host(struct slirp_stack *stack,
                          const struct slirp_forward *forward)
{
    int flags = forward->is_udp ? SLIRP_HOSTFWD_UDP : 0, result;
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_addr = forward->host.v6,
                              .sin6_port = htons(forward->host_port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_addr = forward->host.v4,
                             .sin_port = htons(forward->host_port)};
    /* No address: whichever the guest has. */
    struct sockaddr_in6 guest_v6 = {.sin6_family = AF_INET6,
                                    .sin6_port = htons(forward->guest_port)};
    struct sockaddr_in guest_v4 = {.sin_family = AF_INET,
                                   .sin_port = htons(forward->guest_port)};

    errno = 0;
    if (forward->is_ipv6)
        result = stack->library->add_hostxfwd(
            stack->slirp, (const struct sockaddr *)&v6, sizeof(v6),
            (const struct sockaddr *)&guest_v6, sizeof(guest_v6),
            flags | SLIRP_HOSTFWD_V6ONLY);
    else
        result = stack->library->add_hostxfwd(
            stack->slirp, (const struct sockaddr *)&v4, sizeof(v4),
            (const struct sockaddr *)&guest_v4, sizeof(guest_v4), flags);
    if (result == 0)
        return 0;
    return errno ? -errno : -EADDRNOTAVAIL;
}

int slirp_stack_forward(struct slirp_stack *stack,
                        struct slirp_forward *forward)
{
    char text[SLIRP_FORWARD_MAX_TEXT];
    int error;

    slirp_library_lock();
    error = listen_on_host(stack, forward);
    if (error) {
        slirp_forward_print(forward, text);
        log_error("%s: forwarding %s: %s%s", stack->name, text,
                  strerror(-error),
                  error == -EADDRINUSE ? "; host port 0 takes a free one" : "");
    } else {
        error = learn_port(stack, forward);
        list_sockets(stack);
    }
    slirp_library_unlock();
    return error;
}

int slirp_stack_start(struct slirp_stack *stack, bool restricted, uint16_t mtu)
{
    int error = slirp_poll_init(&stack->poll);

    if (error)
        return error;
    slirp_library_lock();
    error = create(stack, restricted, mtu);
    if (!error) {
        work(stack, false); /* sets its clock */
        list_sockets(stack);
    }
    slirp_library_unlock();
    return error;
}

void slirp_stack_destroy(struct slirp_stack *stack)
{
    if (stack->slirp) {
        slirp_library_lock();
        stack->library->cleanup(stack->slirp);
        slirp_library_unlock();
        stack->slirp = NULL;
    }
    while (stack->timers) {
        struct slirp_timer *timer = stack->timers;

        stack->timers = timer->next;
        free(timer);
    }
    slirp_poll_destroy(&stack->poll);
}

#endif
