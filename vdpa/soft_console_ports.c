/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_console_ports.c: the streams of the software console device, each
 * between two queues and two descriptors.
 *
 * The descriptors stay blocking, for other processes share their open files: a
 * read or write is tried only when it cannot block, and one to a pipe never
 * takes more than what POLLOUT promises.
 */
#include "vdpa/soft_console_private.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Buffers of one look at a queue, so that the other ports get their turn. */
#define MAX_BURST 64

static unsigned index_of(const struct soft_console_port *port)
{
    return (unsigned)(port - port->console->ports);
}

/* Descriptors that cannot be waited for, such as files, are always ready. */
static bool is_ready(int fd, short events)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};

    return poll(&poll_fd, 1, 0) == 1;
}

static void set_watched(struct soft_console_port *port,
                        struct event_source *source, bool *is_watched,
                        bool watched)
{
    struct event_loop *loop = &port->console->device.loop;

    if (watched == *is_watched)
        return;
    if (!watched)
        event_loop_remove(loop, source);
    else if (event_loop_add(loop, source) != 0)
        return;
    *is_watched = watched;
}

void soft_console_unwatch(struct soft_console_port *port)
{
    set_watched(port, &port->in, &port->in_is_watched, false);
    set_watched(port, &port->out, &port->out_is_watched, false);
}

/* ---- For the guest ---- */

static size_t take_waiting(struct soft_console_port *port, uint8_t *bytes,
                           size_t size)
{
    if (size > port->num_waiting)
        size = port->num_waiting;
    memcpy(bytes, port->waiting, size);
    port->num_waiting -= size;
    memmove(port->waiting, port->waiting + size, port->num_waiting);
    if (port->room_is_owed) {
        struct soft_console *console = port->console;

        port->room_is_owed = false;
        console->client->has_room(console->owner, index_of(port));
    }
    return size;
}

/* The end of the file, or an error, which ends it just as well. */
static void end_in(struct soft_console_port *port, ssize_t result)
{
    if (result < 0)
        log_error("%s: %s: read: %s", port->console->device.backend.name,
                  port->options.name, strerror(errno));
    port->in_ended = true;
    port->must_close = true;
    soft_console_serve_control(port->console);
}

static bool has_input(const struct soft_console_port *port)
{
    if (port->num_waiting > 0)
        return true;
    return port->options.in_fd >= 0 && !port->in_ended &&
           is_ready(port->options.in_fd, POLLIN);
}

/* Fills console->chain; bytes, 0 at the end of the file, or -1. */
static ssize_t fill(struct soft_console_port *port)
{
    struct soft_console *console = port->console;
    uint8_t bytes[PIPE_BUF];
    size_t room = console->chain.writable_size;
    ssize_t size;

    if (room > sizeof(bytes))
        room = sizeof(bytes);
    if (port->num_waiting > 0)
        size = (ssize_t)take_waiting(port, bytes, room);
    else
        size = read(port->options.in_fd, bytes, room);
    if (size > 0)
        virtqueue_write(&console->chain, 0, bytes, (size_t)size);
    return size;
}

/* Moves what fits into one buffer; false when that is all for now. */
static bool move_in(struct soft_console_port *port, unsigned queue)
{
    struct soft_console *console = port->console;
    ssize_t size;

    if (!has_input(port)) {
        set_watched(port, &port->in, &port->in_is_watched,
                    port->options.in_fd >= 0 && !port->in_ended);
        return false;
    }
    if (!soft_console_take(console, queue)) {
        /* Its next buffer brings us back. */
        set_watched(port, &port->in, &port->in_is_watched, false);
        return false;
    }
    if (console->chain.writable_size == 0) {
        virtqueue_break(&console->device.queues[queue].ring,
                        "a receive buffer without room");
        return false;
    }
    size = fill(port);
    if (size > 0) {
        soft_console_return(console, queue, (size_t)size);
        return true;
    }
    soft_console_put_back(console, queue);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    set_watched(port, &port->in, &port->in_is_watched, false);
    end_in(port, size);
    return false;
}

void soft_console_serve_in(struct soft_console_port *port)
{
    unsigned queue = soft_console_rx_queue(index_of(port));

    for (unsigned i = 0; i < MAX_BURST && port->is_open; i++)
        if (!move_in(port, queue))
            return;
    if (port->is_open)
        soft_console_look_again(port->console, queue);
}

static void in_ready(void *owner, uint32_t events)
{
    struct soft_console_port *port = owner;

    (void)events;
    /* It would be ready for ever; the kicks after a resume have both served. */
    if (!port->console->device.is_running) {
        soft_console_unwatch(port);
        return;
    }
    soft_console_serve_in(port);
    soft_console_finish(port->console);
}

/* ---- From the guest ---- */

static void fail_out(struct soft_console_port *port, int error)
{
    port->out_ended = true;
    port->console->client->out_failed(port->console->owner, index_of(port),
                                      error);
}

/* Passes bytes on, or drops them when nobody wants them. False when the reader
 * has to read first. */
static bool pass(struct soft_console_port *port, const uint8_t *bytes,
                 size_t size, size_t *passed)
{
    struct soft_console *console = port->console;
    ssize_t written;

    *passed = size;
    if (port->options.out_fd < 0) {
        console->client->received(console->owner, index_of(port), bytes, size);
        return true;
    }
    if (port->out_ended)
        return true;
    *passed = 0;
    if (!is_ready(port->options.out_fd, POLLOUT))
        return false;
    written = write(port->options.out_fd, bytes, size);
    if (written < 0) {
        if (errno == EAGAIN)
            return false;
        if (errno != EINTR)
            fail_out(port, errno);
        return true;
    }
    *passed = (size_t)written;
    if (written > 0 && console->client->passed)
        console->client->passed(console->owner, index_of(port),
                                bytes[written - 1]);
    return true;
}

/* Writes console->chain from port->out_done on; false when not all went. */
static bool pass_chain(struct soft_console_port *port)
{
    const struct virtqueue_chain *chain = &port->console->chain;
    uint8_t bytes[PIPE_BUF];

    while (port->out_done < chain->readable_size) {
        size_t size =
            virtqueue_read(chain, port->out_done, bytes, sizeof(bytes));
        size_t passed;

        if (!pass(port, bytes, size, &passed))
            return false;
        port->out_done += passed;
    }
    port->out_done = 0;
    return true;
}

void soft_console_serve_out(struct soft_console_port *port)
{
    struct soft_console *console = port->console;
    unsigned queue = soft_console_tx_queue(index_of(port));

    port->out_is_blocked = false;
    for (unsigned i = 0; i < MAX_BURST; i++) {
        if (!soft_console_take(console, queue)) {
            set_watched(port, &port->out, &port->out_is_watched, false);
            return;
        }
        if (!pass_chain(port)) {
            soft_console_put_back(console, queue);
            port->out_is_blocked = true;
            set_watched(port, &port->out, &port->out_is_watched, true);
            return;
        }
        soft_console_return(console, queue, 0);
    }
    port->out_is_blocked = true;
    soft_console_look_again(port->console, queue);
}

static void out_ready(void *owner, uint32_t events)
{
    struct soft_console_port *port = owner;

    (void)events;
    if (!port->console->device.is_running) {
        soft_console_unwatch(port);
        return;
    }
    soft_console_serve_out(port);
    soft_console_finish(port->console);
}

void soft_console_init_port(struct soft_console_port *port,
                            struct soft_console *console,
                            const struct soft_console_port_options *options)
{
    port->console = console;
    port->options = *options;
    port->in = (struct event_source){.fd = options->in_fd,
                                     .events = EPOLLIN,
                                     .ready = in_ready,
                                     .owner = port};
    port->out = (struct event_source){.fd = options->out_fd,
                                      .events = EPOLLOUT,
                                      .ready = out_ready,
                                      .owner = port};
}
