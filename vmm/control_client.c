/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_client.c: the clients of a control socket: requests in, replies out.
 *
 * While a request is answered, its client is not watched: more requests, and
 * the end of the connection, wait in the kernel.
 */
#include "vmm/control_private.h"

#include "vmm/fd.h"
#include "vmm/nearest_word.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* How much of a request comes back in a complaint of it. */
#define QUOTED 40

static const char overflow[] = "error: the reply is too long\n";

/* ---- Replies ---- */

void control_client_add_line(struct control_client *client, const char *start,
                             const char *format, va_list arguments)
{
    char *line = client->reply + client->reply_size;
    /* There is always room for this last line. */
    size_t room = sizeof(client->reply) - sizeof(overflow) - client->reply_size;
    size_t size = strlen(start);
    int length;

    if (size + 1 >= room) {
        client->is_cut = true;
        return;
    }
    memcpy(line, start, size);
    length = vsnprintf(line + size, room - size, format, arguments);
    if (length < 0 || (size_t)length + 1 >= room - size) {
        client->is_cut = true;
        return;
    }
    size += (size_t)length;
    /* Names and reasons may come from anywhere; a line stays one. */
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    line[size] = '\n';
    client->reply_size += size + 1;
}

void control_client_end_reply(struct control_client *client)
{
    if (!client->is_cut)
        return;
    memcpy(client->reply + client->reply_size, overflow, sizeof(overflow) - 1);
    client->reply_size += sizeof(overflow) - 1;
}

static void add_line(struct control_client *client, const char *format, ...)
    PRINTF_FORMAT(2, 3);

static void add_line(struct control_client *client, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    control_client_add_line(client, "", format, arguments);
    va_end(arguments);
}

/* ---- Requests ---- */

static void help(struct control_client *client)
{
    const struct control *control = client->call.control;

    add_line(client, "%-28s %s", "help", "list the commands");
    for (size_t i = 0; i < control->num_commands; i++) {
        const struct control_command *command = &control->commands[i];
        char usage[64];

        snprintf(usage, sizeof(usage), "%s%s%s", command->name,
                 command->argument ? " " : "",
                 command->argument ? command->argument : "");
        add_line(client, "%-28s %s", usage, command->help);
    }
    add_line(client, "ok");
}

static void complain_of_unknown(struct control_client *client, const char *line)
{
    const struct control *control = client->call.control;
    const char *words[CONTROL_MAX_COMMANDS], *nearest;

    for (size_t i = 0; i < control->num_commands; i++)
        words[i] = control->commands[i].name;
    nearest = nearest_word(line, words, (unsigned)control->num_commands);
    if (nearest)
        add_line(client,
                 "error: unknown command \"%.*s\": did you mean \"%s\"?",
                 QUOTED, line, nearest);
    else
        add_line(client,
                 "error: unknown command \"%.*s\": \"help\" lists the "
                 "commands",
                 QUOTED, line);
}

/* False when it was answered at once. */
static bool bind_argument(struct control_client *client,
                          const struct control_command *command,
                          const char *argument)
{
    if (command->argument && argument[0] == '\0') {
        add_line(client, "error: %s: give %s after it", command->name,
                 command->argument);
        return false;
    }
    if (!command->argument && argument[0] != '\0') {
        add_line(client, "error: %s: nothing is due after it, not \"%.*s\"",
                 command->name, QUOTED, argument);
        return false;
    }
    client->call.command = command;
    client->call.argument = argument;
    return true;
}

/* False when it was answered at once. */
static bool parse_request(struct control_client *client)
{
    const struct control *control = client->call.control;
    const char *argument = control_match_words("help", client->line);

    if (argument && argument[0] == '\0') {
        help(client);
        return false;
    }
    for (size_t i = 0; i < control->num_commands; i++) {
        argument = control_match_words(control->commands[i].name, client->line);
        if (argument)
            return bind_argument(client, &control->commands[i], argument);
    }
    complain_of_unknown(client, client->line);
    return false;
}

/* ---- The connection ---- */

static void unwatch(struct control_client *client)
{
    if (client->is_watched)
        event_loop_remove(client->call.control->loop, &client->source);
    client->is_watched = false;
}

static void set_state(struct control_client *client, enum control_state state)
{
    struct control *control = client->call.control;

    pthread_mutex_lock(&control->lock);
    client->state = state;
    if (state == CONTROL_WAITING) {
        client->turn = ++control->last_turn;
        pthread_cond_signal(&control->changed);
    }
    pthread_mutex_unlock(&control->lock);
}

static void drop(struct control_client *client)
{
    unwatch(client);
    close_fd(&client->source.fd);
    set_state(client, CONTROL_FREE);
}

static void watch(struct control_client *client, uint32_t events)
{
    if (client->is_watched && client->source.events == events)
        return;
    unwatch(client);
    client->source.events = events;
    client->is_watched =
        event_loop_add(client->call.control->loop, &client->source) == 0;
    if (!client->is_watched)
        drop(client);
}

/* False when the rest must wait, or the client was dropped. */
static bool send_reply(struct control_client *client)
{
    while (client->reply_sent < client->reply_size) {
        ssize_t count =
            send(client->source.fd, client->reply + client->reply_sent,
                 client->reply_size - client->reply_sent,
                 MSG_NOSIGNAL | MSG_DONTWAIT);

        if (count < 0 && errno == EAGAIN)
            watch(client, EPOLLOUT);
        else if (count < 0)
            drop(client);
        if (count < 0)
            return false;
        client->reply_sent += (size_t)count;
    }
    client->reply_size = client->reply_sent = 0;
    client->is_cut = false;
    return true;
}

void control_client_serve(struct control_client *client)
{
    while (send_reply(client)) {
        switch (control_input_take(&client->input, client->line)) {
        case CONTROL_LINE_TOO_LONG:
            add_line(client, "error: a request has up to %d bytes",
                     CONTROL_MAX_LINE - 1);
            break;
        case CONTROL_LINE_NO_TEXT:
            add_line(client, "error: a request is a line of text");
            break;
        case CONTROL_LINE_READY:
            if (!parse_request(client))
                break;
            unwatch(client);
            /* From here on it is the commands' thread's. */
            set_state(client, CONTROL_WAITING);
            return;
        case CONTROL_LINE_NONE:
        default:
            if (client->at_end)
                drop(client);
            else
                watch(client, EPOLLIN);
            return;
        }
    }
}

static void read_input(struct control_client *client)
{
    struct control_input *input = &client->input;
    ssize_t count = recv(client->source.fd, input->bytes + input->size,
                         sizeof(input->bytes) - input->size, MSG_DONTWAIT);

    if (count > 0)
        input->size += (size_t)count;
    else if (count == 0 || errno != EAGAIN)
        /* A request without its newline may be half of one: it is dropped. */
        client->at_end = true;
}

static void client_ready(void *owner, uint32_t events)
{
    struct control_client *client = owner;

    (void)events;
    /* Only with an empty reply, and so with room for input. */
    if (client->source.events == EPOLLIN)
        read_input(client);
    control_client_serve(client);
}

void control_client_open(struct control_client *client, int fd)
{
    client->source =
        (struct event_source){.fd = fd, .ready = client_ready, .owner = client};
    client->at_end = client->is_cut = false;
    client->input.size = 0;
    client->input.is_too_long = false;
    client->reply_size = client->reply_sent = 0;
    set_state(client, CONTROL_READING);
    watch(client, EPOLLIN);
}

void control_client_close(struct control_client *client)
{
    if (client->state == CONTROL_WAITING || client->state == CONTROL_RUNNING) {
        client->reply_size = 0;
        client->is_cut = false;
        add_line(client, "error: the guest has ended");
    }
    /* What is not taken at once is dropped, as perhaps the client is. */
    if (client->state != CONTROL_FREE)
        (void)send_reply(client);
    drop(client);
}
