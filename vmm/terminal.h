/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terminal.h: two descriptors, mostly stdin and stdout, as a guest's console.
 *
 * Whatever they are serves: a terminal, which is made raw and has the escape
 * keys, a pipe or file, which is passed on byte for byte to its end, or
 * something closed. Input is read, and the client called, on the event loop's
 * thread; terminal_write() and terminal_resume() may come from any.
 */
#ifndef VMM_TERMINAL_H
#define VMM_TERMINAL_H

#include "vmm/compiler.h"
#include "vmm/escape_keys.h"
#include "vmm/event_loop.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a terminal's own line buffer holds. */
#define TERMINAL_BUFFER_SIZE 4096

struct terminal_client {
    /* Takes `size` bytes or fewer and returns how many. What it did not take
     * is offered again after terminal_resume(); until then a pipe is not read
     * any further, while of a terminal only the escape keys count once the
     * buffer is full. */
    size_t (*receive)(void *owner, const uint8_t *bytes, size_t size);
    void (*send_break)(void *owner); /* the escape key, then b */
    void (*quit)(void *owner);       /* the escape key, then x */
};

struct terminal {
    int in_fd, out_fd; /* borrowed */
    const struct terminal_client *client;
    void *owner;
    struct event_loop *loop;
    struct event_source input, wake; /* the latter a timerfd */
    bool is_terminal;                /* in_fd is one: raw mode, escape keys */
    bool is_pollable;                /* else it is always ready: a file */
    bool is_watched;                 /* the loop has `input` */
    bool at_end;
    atomic_bool output_failed;
    atomic_bool is_ending; /* nobody waits for a slow reader any more */
    struct escape_keys keys;
    uint8_t buffer[TERMINAL_BUFFER_SIZE]; /* read, not yet received */
    size_t buffered;
};

/* Opens /dev/null in place of those of descriptors 0 to 2 that are closed, so
 * that nothing else gets their numbers. Call before anything is opened. */
void terminal_fill_closed_descriptors(void);

/* `client`, `owner` and the descriptors are borrowed. Input is read once the
 * loop runs. 0 or -errno, logged. */
int terminal_init(struct terminal *terminal, struct event_loop *loop, int in_fd,
                  int out_fd, const struct terminal_client *client,
                  void *owner) MUST_CHECK;
/* Call when the loop does not run any more. Sets the mode back. */
void terminal_destroy(struct terminal *terminal);

/* Another than Ctrl-A, or ESCAPE_KEY_NONE. Call before the loop runs. */
void terminal_set_escape_key(struct terminal *terminal, uint8_t key);

/* The client has room again. */
void terminal_resume(struct terminal *terminal);

/* Blocks while the reader of a pipe is slow. When output fails, that is
 * logged once and the rest is dropped. */
void terminal_write(struct terminal *terminal, const void *bytes, size_t size);

/* From here on terminal_write() drops what it would have to wait for, so that
 * a reader that does not read cannot keep the machine from ending. From any
 * thread; a write that waits already ends within a moment. */
void terminal_stop_waiting(struct terminal *terminal);

#endif
