/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_control.c: `vmm status` and its like: one request of a running vmm.
 *
 * The socket's protocol is that of control.h: lines, of which the last is "ok"
 * or "error: REASON".
 */
#include "vmm/command_control.h"

#include "vmm/control_input.h"
#include "vmm/exit_status.h"
#include "vmm/fd.h"
#include "vmm/log.h"
#include "vmm/socket_path.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const char error_start[] = "error: ";

static int complain(const struct control_options *options, const char *why)
{
    log_error("%s: %s", options->socket, why);
    return EXIT_STATUS_FAILED;
}

static int connect_to(const struct control_options *options)
{
    struct socket_path path;
    int fd, error;

    if (socket_path_init(&path, options->request, options->socket) != 0)
        return -EINVAL;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        error = -errno;
        log_error("socket: %s", strerror(-error));
        return error;
    }
    error = socket_path_connect(&path, fd);
    if (!error)
        return fd;
    close_fd(&fd);
    if (error == -ENOENT)
        complain(options, "No such file or directory: give the SOCKET of a "
                          "\"vmm run --control SOCKET\"");
    else if (error == -ECONNREFUSED)
        complain(options, "nobody listens there: the vmm that did has ended, "
                          "or it is no control socket");
    return error;
}

/* Up to the last line; the exit status. */
static int print_reply(const struct control_options *options, FILE *stream)
{
    int status = EXIT_STATUS_FAILED;
    bool is_complete = false;
    char *line = NULL;
    size_t room = 0;
    ssize_t size;

    while (!is_complete && (size = getline(&line, &room, stream)) > 0) {
        if (line[size - 1] != '\n')
            break;
        line[size - 1] = '\0';
        is_complete = true;
        if (strcmp(line, "ok") == 0)
            status = EXIT_SUCCESS;
        else if (strncmp(line, error_start, strlen(error_start)) == 0)
            complain(options, line + strlen(error_start));
        else {
            puts(line);
            is_complete = false;
        }
    }
    free(line);
    if (!is_complete)
        complain(options, "the vmm there ended before it had answered");
    if (fflush(stdout) != 0) {
        log_error("stdout: %s: the reply went nowhere", strerror(errno));
        status = EXIT_STATUS_FAILED;
    }
    return status;
}

static int send_request(int fd, const struct control_options *options)
{
    char line[CONTROL_MAX_LINE];
    int size = snprintf(line, sizeof(line), "%s%s%s\n", options->request,
                        options->argument ? " " : "",
                        options->argument ? options->argument : "");

    if (size >= (int)sizeof(line))
        return complain(options, "the request is longer than a line may be");
    /* To a fresh connection, whose buffer takes it whole. A vmm that ends
     * meanwhile is told of by the missing reply. */
    (void)send(fd, line, (size_t)size, MSG_NOSIGNAL);
    return 0;
}

int command_control(const struct control_options *options)
{
    int fd = connect_to(options), status;
    FILE *stream;

    if (fd < 0)
        return EXIT_STATUS_FAILED;
    if (send_request(fd, options) != 0) {
        close_fd(&fd);
        return EXIT_STATUS_FAILED;
    }
    stream = fdopen(fd, "r");
    if (!stream) {
        status = complain(options, strerror(errno));
        close_fd(&fd);
        return status;
    }
    status = print_reply(options, stream);
    (void)fclose(stream);
    return status;
}
