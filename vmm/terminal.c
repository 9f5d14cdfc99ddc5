/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terminal.c: two descriptors, mostly stdin and stdout, as a guest's console.
 *
 * The descriptors stay blocking, for the shell and other processes share
 * their open files: a read is tried only when it cannot block.
 */
#include "vmm/terminal.h"

#include "vmm/fd.h"
#include "vmm/log.h"
#include "vmm/terminal_mode.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* A shell that brings a running job to the foreground does not say so: look
 * this often, while in the background only. */
#define BACKGROUND_CHECK_MS 500
#define ROOM_CHECK_MS       50

void terminal_fill_closed_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        /* The lowest closed number is what open() gives, so `fd`. */
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
            return;
    }
}

/* Makes serve() run on the loop's thread, from any thread. */
static void wake_after(struct terminal *terminal, long ms)
{
    struct itimerspec delay = {.it_value = {
                                   .tv_sec = ms / 1000,
                                   .tv_nsec = ms % 1000 * 1000000 + 1,
                               }};

    (void)timerfd_settime(terminal->wake.fd, 0, &delay, NULL);
}

static void set_watched(struct terminal *terminal, bool watched)
{
    if (watched == terminal->is_watched || !terminal->is_pollable)
        return;
    if (!watched)
        event_loop_remove(terminal->loop, &terminal->input);
    else if (event_loop_add(terminal->loop, &terminal->input) < 0)
        return;
    terminal->is_watched = watched;
}

/* Offers the client what is buffered. True when it took all. */
static bool deliver(struct terminal *terminal)
{
    size_t taken;

    if (terminal->buffered == 0)
        return true;
    taken = terminal->client->receive(terminal->owner, terminal->buffer,
                                      terminal->buffered);
    terminal->buffered -= taken;
    memmove(terminal->buffer, terminal->buffer + taken, terminal->buffered);
    return terminal->buffered == 0;
}

static void show_help(struct terminal *terminal)
{
    char key = escape_key_letter(terminal->keys.key);
    char help[256];
    int length = snprintf(help, sizeof(help),
                          "\nvmm: Ctrl-%c x  quit\n"
                          "vmm: Ctrl-%c b  send a break (Linux: SysRq)\n"
                          "vmm: Ctrl-%c h  this text\n"
                          "vmm: Ctrl-%c Ctrl-%c  send Ctrl-%c\n",
                          key, key, key, key, key, key);

    terminal_write(terminal, help, (size_t)length);
}

/* A terminal's byte that finds the buffer full is lost, as in the kernel's own
 * line buffer. */
static void take_key(struct terminal *terminal, uint8_t byte)
{
    switch (escape_keys_take(&terminal->keys, byte)) {
    case ESCAPE_PASS:
        if (terminal->buffered < sizeof(terminal->buffer))
            terminal->buffer[terminal->buffered++] = byte;
        break;
    case ESCAPE_QUIT:
        terminal->client->quit(terminal->owner);
        break;
    case ESCAPE_BREAK:
        (void)deliver(terminal); /* what was typed before it */
        terminal->client->send_break(terminal->owner);
        break;
    case ESCAPE_HELP:
        show_help(terminal);
        break;
    case ESCAPE_DROP:
        break;
    }
}

static ssize_t read_keys(struct terminal *terminal)
{
    uint8_t keys[256];
    ssize_t count = read(terminal->in_fd, keys, sizeof(keys));

    for (ssize_t i = 0; i < count; i++)
        take_key(terminal, keys[i]);
    return count;
}

/* Reads what is there, when it is there. */
static void read_input(struct terminal *terminal)
{
    ssize_t count;

    if (terminal->is_terminal)
        count = read_keys(terminal);
    else
        count = read(terminal->in_fd, terminal->buffer + terminal->buffered,
                     sizeof(terminal->buffer) - terminal->buffered);

    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) {
        /* EIO is a terminal that was hung up; the guest is told nothing, as
         * when a cable is pulled. */
        terminal->at_end = true;
        set_watched(terminal, false);
    } else if (count > 0 && !terminal->is_terminal) {
        terminal->buffered += (size_t)count;
    }
}

/* Moves input on as far as it goes, and sees to it that more will come. */
static void serve(struct terminal *terminal)
{
    bool room = deliver(terminal);

    if (terminal->at_end)
        return;
    if (terminal->is_terminal) {
        bool foreground = terminal_mode_enter();

        set_watched(terminal, foreground);
        if (!foreground)
            wake_after(terminal, BACKGROUND_CHECK_MS);
        return;
    }
    set_watched(terminal, room);
    if (!terminal->is_pollable && room) {
        read_input(terminal);
        wake_after(terminal, 0);
    }
}

static void input_ready(void *owner, uint32_t events)
{
    struct terminal *terminal = owner;

    (void)events; /* a hang-up shows when reading */
    /* The shell's input while in the background: reading would stop us. */
    if (!terminal->is_terminal || terminal_mode_enter())
        read_input(terminal);
    serve(terminal);
}

static void woken(void *owner, uint32_t events)
{
    struct terminal *terminal = owner;
    uint64_t expirations;

    (void)events;
    /* Before the client is asked: if it resumes meanwhile, that is seen. */
    if (read(terminal->wake.fd, &expirations, sizeof(expirations)) > 0)
        serve(terminal);
}

/* epoll takes neither files nor /dev/null, from which reading never blocks. */
static bool can_be_polled(int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    bool pollable = epoll_fd < 0 ||
                    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ||
                    errno != EPERM;

    close_fd(&epoll_fd);
    return pollable;
}

int terminal_init(struct terminal *terminal, struct event_loop *loop, int in_fd,
                  int out_fd, const struct terminal_client *client, void *owner)
{
    int error;

    *terminal = (struct terminal){
        .in_fd = in_fd,
        .out_fd = out_fd,
        .client = client,
        .owner = owner,
        .loop = loop,
        .input = {in_fd, EPOLLIN, input_ready, terminal},
        .wake = {-1, EPOLLIN, woken, terminal},
        .keys = {.key = ESCAPE_KEY_DEFAULT},
        .is_pollable = can_be_polled(in_fd),
        .at_end = fcntl(in_fd, F_GETFD) < 0,
    };
    terminal->wake.fd =
        timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (terminal->wake.fd < 0) {
        error = -errno;
        log_error("terminal: timerfd_create: %s", strerror(-error));
        goto fail;
    }
    error = event_loop_add(loop, &terminal->wake);
    if (error < 0)
        goto fail;
    if (isatty(in_fd)) {
        error = terminal_mode_init(in_fd, terminal->wake.fd);
        if (error < 0)
            goto fail;
        terminal->is_terminal = true;
    }
    wake_after(terminal, 0);
    return 0;

fail:
    terminal_destroy(terminal);
    return error;
}

void terminal_destroy(struct terminal *terminal)
{
    if (terminal->is_terminal)
        terminal_mode_destroy();
    terminal->is_terminal = false;
    set_watched(terminal, false);
    if (terminal->wake.fd >= 0)
        event_loop_remove(terminal->loop, &terminal->wake);
    close_fd(&terminal->wake.fd);
}

void terminal_set_escape_key(struct terminal *terminal, uint8_t key)
{
    terminal->keys = (struct escape_keys){.key = key};
}

void terminal_resume(struct terminal *terminal)
{
    wake_after(terminal, 0);
}

static void drop_output(struct terminal *terminal, int error)
{
    if (!atomic_exchange(&terminal->output_failed, true))
        log_warning("console: write: %s: its output is dropped from here on",
                    strerror(error));
}

/* Waits for room in a pipe; false when the machine ends meanwhile. Looks up
 * from time to time: a signal may come just before poll() does. */
static bool wait_for_room(struct terminal *terminal)
{
    struct pollfd writable = {.fd = terminal->out_fd, .events = POLLOUT};

    while (poll(&writable, 1, ROOM_CHECK_MS) <= 0)
        if (atomic_load(&terminal->is_ending))
            return false;
    return true;
}

void terminal_write(struct terminal *terminal, const void *bytes, size_t size)
{
    const uint8_t *next = bytes;

    while (size > 0 && !atomic_load(&terminal->output_failed)) {
        /* Where there is room at all, a pipe takes so much at once. */
        size_t part = size < PIPE_BUF ? size : PIPE_BUF;
        ssize_t count;

        if (!wait_for_room(terminal))
            return;
        count = write(terminal->out_fd, next, part);
        if (count >= 0) {
            next += count;
            size -= (size_t)count;
        } else if (errno != EINTR && errno != EAGAIN) {
            /* EAGAIN: another process has made the shared open file
             * non-blocking. */
            drop_output(terminal, errno);
        }
    }
}

void terminal_stop_waiting(struct terminal *terminal)
{
    atomic_store(&terminal->is_ending, true);
}
