/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.h: a UNIX socket by which others ask things of this process.
 *
 * A client sends a line and gets lines back, of which the last is "ok" or
 * "error: REASON" and no other begins so; then it may send the next. What can
 * be asked is a table of the owner's: a row and a function a command.
 *
 * Threads: the sockets are served on the event loop's thread, which waits for
 * nothing. The functions run on a thread of their own, "control", one at a
 * time in the order of the requests, and may block.
 */
#ifndef VMM_CONTROL_H
#define VMM_CONTROL_H

#include "vmm/compiler.h"
#include "vmm/control_input.h"
#include "vmm/event_loop.h"
#include "vmm/socket_path.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define CONTROL_MAX_COMMANDS 16
#define CONTROL_MAX_CLIENTS  16
#define CONTROL_MAX_REPLY    (16 * 1024) /* bytes */

struct control;

/* One request, from run() until it is answered. */
struct control_call {
    struct control *control;
    const struct control_command *command;
    const char *argument; /* "" when there is none */
};

struct control_command {
    const char *name;     /* words, one blank apart */
    const char *argument; /* what is due after the name, or NULL: nothing */
    const char *help;     /* half a line */
    /*
     * Answers now, or keeps `call` and answers later, from any thread: lines
     * by control_reply(), then once control_succeed() or control_fail(). After
     * that, or control_destroy(), the call is gone.
     */
    void (*run)(void *owner, struct control_call *call);
};

enum control_state {
    CONTROL_FREE,     /* there is no client */
    CONTROL_READING,  /* waits for a request, or for room for a reply */
    CONTROL_WAITING,  /* its request waits for its turn */
    CONTROL_RUNNING,  /* its request is not answered yet */
    CONTROL_ANSWERED, /* it is; the reply was not looked at yet */
};

struct control_client {
    struct control_call call;
    enum control_state state; /* control.lock */
    unsigned long turn;       /* of its request; control.lock */
    /* The loop's thread's alone, but for the reply. */
    struct event_source source;
    bool is_watched;
    bool at_end; /* nothing more will come */
    struct control_input input;
    char line[CONTROL_MAX_LINE];
    /* The call's while it runs. */
    char reply[CONTROL_MAX_REPLY];
    size_t reply_size, reply_sent;
    bool is_cut; /* a line did not fit */
};

struct control {
    struct event_loop *loop;
    const struct control_command *commands; /* borrowed */
    size_t num_commands;
    void *owner;
    struct socket_path path;
    struct event_source listener, answered; /* the latter an eventfd */

    pthread_mutex_t lock; /* states and turns of clients, what follows */
    pthread_cond_t changed;
    unsigned long last_turn;
    bool is_stopping;
    bool has_thread;
    pthread_t thread;
    struct control_client clients[CONTROL_MAX_CLIENTS];
};

/*
 * Listens at `path`, for users who may open the socket: its own and root. A
 * socket that nobody listens on is replaced. Clients are served while the loop
 * runs. -EADDRINUSE when somebody else listens there, else -errno; logged.
 */
int control_init(struct control *control, struct event_loop *loop,
                 const char *path, const struct control_command *commands,
                 size_t num_commands, void *owner) MUST_CHECK;
/* Waits for the command that runs; from here on none does. Call when the loop
 * does not run any more. */
void control_stop(struct control *control);
/* Tells who waits for an answer that there will be none, and removes the
 * socket. Safe on a half-built or stopped one. */
void control_destroy(struct control *control);

/* One line of the reply, without its newline. */
void control_reply(struct control_call *call, const char *format, ...)
    PRINTF_FORMAT(2, 3);
/* The last line. */
void control_succeed(struct control_call *call);
void control_fail(struct control_call *call, const char *format, ...)
    PRINTF_FORMAT(2, 3);

#endif
