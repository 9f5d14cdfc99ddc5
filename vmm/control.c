/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.c: a UNIX socket by which others ask things of this process: its
 * life, and the thread of the commands.
 */
#include "vmm/control.h"

#include "vmm/control_private.h"
#include "vmm/fd.h"
#include "vmm/log.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

/* ---- Answers: from any thread ---- */

static struct control_client *client_of(struct control_call *call)
{
    return container_of(call, struct control_client, call);
}

static void finish(struct control_call *call)
{
    struct control *control = call->control;

    control_client_end_reply(client_of(call));
    pthread_mutex_lock(&control->lock);
    assert(client_of(call)->state == CONTROL_RUNNING);
    client_of(call)->state = CONTROL_ANSWERED;
    /* With the lock, so that control_destroy() does not come in between. */
    if (eventfd_write(control->answered.fd, 1) != 0)
        log_error("eventfd: write: %s", strerror(errno));
    pthread_mutex_unlock(&control->lock);
}

void control_reply(struct control_call *call, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    control_client_add_line(client_of(call), "", format, arguments);
    va_end(arguments);
}

void control_succeed(struct control_call *call)
{
    control_reply(call, "ok");
    finish(call);
}

void control_fail(struct control_call *call, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    control_client_add_line(client_of(call), "error: ", format, arguments);
    va_end(arguments);
    finish(call);
}

/* On the loop's thread. */
static void answered_ready(void *owner, uint32_t events)
{
    struct control *control = owner;
    eventfd_t count;

    (void)events;
    if (eventfd_read(control->answered.fd, &count) != 0)
        return;
    for (unsigned i = 0; i < CONTROL_MAX_CLIENTS; i++) {
        struct control_client *client = &control->clients[i];
        bool is_answered;

        pthread_mutex_lock(&control->lock);
        is_answered = client->state == CONTROL_ANSWERED;
        if (is_answered)
            client->state = CONTROL_READING;
        pthread_mutex_unlock(&control->lock);
        if (is_answered)
            control_client_serve(client);
    }
}

/* ---- The thread of the commands ---- */

/* With the lock held. */
static struct control_client *next_in_turn(struct control *control)
{
    struct control_client *next = NULL;

    for (unsigned i = 0; i < CONTROL_MAX_CLIENTS; i++) {
        struct control_client *client = &control->clients[i];

        if (client->state == CONTROL_WAITING &&
            (!next || client->turn < next->turn))
            next = client;
    }
    return next;
}

static void *run_commands(void *argument)
{
    struct control *control = argument;
    struct control_client *client;

    pthread_mutex_lock(&control->lock);
    while (!control->is_stopping) {
        client = next_in_turn(control);
        if (!client) {
            pthread_cond_wait(&control->changed, &control->lock);
            continue;
        }
        client->state = CONTROL_RUNNING;
        pthread_mutex_unlock(&control->lock);
        client->call.command->run(control->owner, &client->call);
        pthread_mutex_lock(&control->lock);
    }
    pthread_mutex_unlock(&control->lock);
    return NULL;
}

static int start_thread(struct control *control)
{
    int error = pthread_create(&control->thread, NULL, run_commands, control);

    if (error) {
        log_error("control: starting its thread: %s", strerror(error));
        return -error;
    }
    control->has_thread = true;
    pthread_setname_np(control->thread, "control");
    return 0;
}

void control_stop(struct control *control)
{
    if (!control->has_thread)
        return;
    pthread_mutex_lock(&control->lock);
    control->is_stopping = true;
    pthread_cond_signal(&control->changed);
    pthread_mutex_unlock(&control->lock);
    pthread_join(control->thread, NULL);
    control->has_thread = false;
}

/* ---- The socket ---- */

static void turn_away(int fd)
{
    static const char reason[] =
        "error: too many clients are connected: try again later\n";

    (void)send(fd, reason, sizeof(reason) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close_fd(&fd);
}

static bool is_free(struct control *control,
                    const struct control_client *client)
{
    bool is_free;

    pthread_mutex_lock(&control->lock);
    is_free = client->state == CONTROL_FREE;
    pthread_mutex_unlock(&control->lock);
    return is_free;
}

static void listener_ready(void *owner, uint32_t events)
{
    struct control *control = owner;
    int fd =
        accept4(control->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)events;
    if (fd < 0)
        return; /* it changed its mind */
    for (unsigned i = 0; i < CONTROL_MAX_CLIENTS; i++) {
        if (is_free(control, &control->clients[i])) {
            control_client_open(&control->clients[i], fd);
            return;
        }
    }
    turn_away(fd);
}

/* With the folder locked. */
static int take_path(struct control *control)
{
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error;

    if (probe < 0) {
        error = -errno;
        log_error("control: socket: %s", strerror(-error));
        return error;
    }
    error = socket_path_connect(&control->path, probe);
    if (error == 0) {
        log_error("--control %s: another process listens there: give another "
                  "path",
                  control->path.address.sun_path);
        close_fd(&probe);
        return -EADDRINUSE;
    }
    if (error != -ENOENT && error != -ECONNREFUSED) {
        close_fd(&probe);
        return error;
    }
    error = socket_path_listen(&control->path, probe);
    if (error)
        close_fd(&probe);
    else
        control->listener.fd = probe;
    return error;
}

static int open_listener(struct control *control, const char *path)
{
    int error = socket_path_init(&control->path, "--control", path);
    int folder_fd;

    if (error)
        return error;
    folder_fd = socket_path_lock(&control->path);
    if (folder_fd < 0)
        return folder_fd;
    error = take_path(control);
    close_fd(&folder_fd);
    return error;
}

static int watch(struct control *control)
{
    int error = 0;

    control->answered.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (control->answered.fd < 0) {
        error = -errno;
        log_error("control: eventfd: %s", strerror(-error));
    }
    if (!error)
        error = event_loop_add(control->loop, &control->answered);
    if (!error)
        error = event_loop_add(control->loop, &control->listener);
    return error;
}

int control_init(struct control *control, struct event_loop *loop,
                 const char *path, const struct control_command *commands,
                 size_t num_commands, void *owner)
{
    int error;

    assert(num_commands <= CONTROL_MAX_COMMANDS);
    memset(control, 0, sizeof(*control));
    control->loop = loop;
    control->commands = commands;
    control->num_commands = num_commands;
    control->owner = owner;
    pthread_mutex_init(&control->lock, NULL);
    pthread_cond_init(&control->changed, NULL);
    control->listener = (struct event_source){
        .fd = -1, .events = EPOLLIN, .ready = listener_ready, .owner = control};
    control->answered = (struct event_source){
        .fd = -1, .events = EPOLLIN, .ready = answered_ready, .owner = control};
    for (unsigned i = 0; i < CONTROL_MAX_CLIENTS; i++) {
        control->clients[i].source.fd = -1;
        control->clients[i].call.control = control;
    }
    error = open_listener(control, path);
    if (!error)
        error = watch(control);
    if (!error)
        error = start_thread(control);
    if (error)
        control_destroy(control);
    return error;
}

void control_destroy(struct control *control)
{
    if (!control->loop)
        return;
    control_stop(control);
    for (unsigned i = 0; i < CONTROL_MAX_CLIENTS; i++)
        control_client_close(&control->clients[i]);
    event_loop_remove(control->loop, &control->listener);
    event_loop_remove(control->loop, &control->answered);
    if (control->listener.fd >= 0)
        socket_path_remove(&control->path);
    close_fd(&control->listener.fd);
    close_fd(&control->answered.fd);
    control->loop = NULL;
}
