/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terminal.c: a terminal for the command, with the host's one behind it.
 */
#include "guest/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int master = -1;

void terminal_open(void)
{
    master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || unlockpt(master) != 0)
        give_up("opening a terminal: %s", strerror(errno));
}

void terminal_enter(void)
{
    char name[64];
    int slave;

    if (ptsname_r(master, name, sizeof(name)) != 0)
        give_up("opening a terminal: %s", strerror(errno));
    slave = open(name, O_RDWR);
    if (slave < 0)
        give_up("%s: %s", name, strerror(errno));
    ioctl(slave, TIOCSCTTY, 0);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        dup2(slave, fd);
    if (slave > STDERR_FILENO)
        close(slave);
}

void terminal_resize(unsigned columns, unsigned rows)
{
    const struct winsize size = {.ws_col = (unsigned short)columns,
                                 .ws_row = (unsigned short)rows};

    if (master >= 0)
        ioctl(master, TIOCSWINSZ, &size);
}

void terminal_poll_fds(struct pollfd *in, struct pollfd *out,
                       const struct ports *ports)
{
    in->fd = ports->in;
    out->fd = master;
}

void terminal_pass_in(struct pollfd *in)
{
    char bytes[1024];
    ssize_t size = read(in->fd, bytes, sizeof(bytes));

    if (size > 0) {
        write_all(master, bytes, (size_t)size);
    } else {
        /* The host's end of file: the key that says so. */
        write_all(master, "\004", 1);
        in->fd = -1;
    }
}

void terminal_pass_out(struct pollfd *out, const struct ports *ports)
{
    char bytes[4096];
    ssize_t size = read(master, bytes, sizeof(bytes));

    if (size > 0)
        write_all(ports->out, bytes, (size_t)size);
    else if (size == 0 || errno != EINTR)
        out->fd = -1; /* nobody has it open any more */
}

void terminal_drain(const struct ports *ports)
{
    struct pollfd out = {.fd = master, .events = POLLIN};

    while (out.fd >= 0 && poll(&out, 1, 0) == 1)
        terminal_pass_out(&out, ports);
}
