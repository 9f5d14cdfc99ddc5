/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * init.c: the first process of a guest that runs one command for the host.
 */
#include "guest/init/init.h"

#include "guest/init/network.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

/* What the host says last; no other line of its has the character. */
#define END_MARK '.'

static struct ports ports = {
    .control = -1, .in = -1, .out = -1, .error = -1, .files = -1};

void write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, bytes, size);

        if (done < 0 && errno != EINTR)
            return;
        if (done > 0) {
            bytes += done;
            size -= (size_t)done;
        }
    }
}

static void tell_line(const char *format, va_list arguments)
{
    char line[512];
    int length = vsnprintf(line, sizeof(line) - 1, format, arguments);

    if (length < 0)
        return;
    if ((size_t)length > sizeof(line) - 2)
        length = (int)sizeof(line) - 2;
    line[length++] = '\n';
    write_all(ports.control >= 0 ? ports.control : STDERR_FILENO, line,
              (size_t)length);
}

void tell(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    tell_line(format, arguments);
    va_end(arguments);
}

/* Until the host has everything. */
static void wait_for_host(void)
{
    char byte;

    while (ports.control >= 0 && read(ports.control, &byte, 1) == 1)
        if (byte == END_MARK)
            return;
}

_Noreturn void power_off(void)
{
    sync();
    wait_for_host();
    reboot(RB_POWER_OFF);
    /* Without a way to power off, stay; the host ends us. */
    for (;;)
        pause();
}

_Noreturn void give_up(const char *format, ...)
{
    va_list arguments;
    char reason[256];

    dprintf(STDERR_FILENO, "vmm init: ");
    va_start(arguments, format);
    vdprintf(STDERR_FILENO, format, arguments);
    va_end(arguments);
    dprintf(STDERR_FILENO, "\n");

    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    tell("failed %s", reason);
    power_off();
}

int main(void)
{
    static struct config config;

    mount_all();
    config_read(&config);
    load_modules();
    ports_open(&ports, config.collects[0] != NULL);
    place_files();
    tell("init");
    network_set_up(&config);
    command_run(&config, &ports);
    power_off();
}
