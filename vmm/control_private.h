/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_private.h: shared by the files of the control socket: control.c has
 * its life and the thread of the commands, control_client.c the clients.
 */
#ifndef VMM_CONTROL_PRIVATE_H
#define VMM_CONTROL_PRIVATE_H

#include "vmm/control.h"

#include <stdarg.h>

/* On the loop's thread: takes over `fd`, a client's. */
void control_client_open(struct control_client *client, int fd);
/* On the loop's thread: goes on with a client that has no request under way. */
void control_client_serve(struct control_client *client);
/* After the loop and the commands' thread: says that no answer will come if
 * one is due, and sends what the socket takes. */
void control_client_close(struct control_client *client);

/* On the thread that answers: `start`, then what the format says, as a line
 * of the reply. */
void control_client_add_line(struct control_client *client, const char *start,
                             const char *format, va_list arguments)
    PRINTF_FORMAT(3, 0);
/* After the last line. */
void control_client_end_reply(struct control_client *client);

#endif
