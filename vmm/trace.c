/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.c: a record of what was asked of devices, and done to them.
 */
#include "vmm/trace.h"

#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* Longest line, newline and NUL included: no longer than PIPE_BUF, so that
 * one write to a pipe is atomic (POSIX write()). */
#define LINE_CAPACITY 4096

static int trace_fd = -1; /* set before threads start */
static atomic_bool is_on;
static bool is_stderr;
static atomic_bool has_lost;
static int64_t opened_at;

static int64_t clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t trace_now(void)
{
    return trace_is_on() ? clock_now() - opened_at : 0;
}

bool trace_is_on(void)
{
    return atomic_load(&is_on);
}

static void lose(int error)
{
    atomic_store(&is_on, false);
    if (!atomic_exchange(&has_lost, true))
        log_error("--trace: write: %s: the trace ends here", strerror(error));
}

/* Takes `length` bytes of text without a newline, and room for one. What a
 * name may hold beside printable characters must not begin a line. */
static void write_line(char *line, int length)
{
    int saved_errno = errno;
    size_t size = (size_t)length;
    ssize_t written;

    if (size > LINE_CAPACITY - 1)
        size = LINE_CAPACITY - 1;
    for (size_t i = 0; i < size; i++)
        if (line[i] != '\t' && (line[i] < ' ' || line[i] > '~'))
            line[i] = '?';
    line[size++] = '\n';
    do
        written = write(trace_fd, line, size);
    while (written < 0 && errno == EINTR);
    if (written != (ssize_t)size)
        lose(written < 0 ? errno : ENOSPC);
    errno = saved_errno;
}

int trace_open(const char *path)
{
    struct utsname host;

    is_stderr = path == NULL;
    trace_fd = is_stderr ? STDERR_FILENO
                         : open(path,
                                O_WRONLY | O_CREAT | O_TRUNC | O_APPEND |
                                    O_CLOEXEC | O_NOCTTY,
                                0666);
    if (trace_fd < 0) {
        int error = -errno;

        log_error("--trace %s: %s: give a file that can be written", path,
                  strerror(-error));
        return error;
    }
    opened_at = clock_now();
    atomic_store(&has_lost, false);
    atomic_store(&is_on, true);
    if (uname(&host) == 0)
        trace_comment("%s\t%s %s %s", TRACE_TITLE, host.sysname, host.release,
                      host.machine);
    return 0;
}

int trace_close(void)
{
    bool failed = atomic_load(&has_lost);

    if (trace_fd < 0)
        return 0;
    atomic_store(&is_on, false);
    if (!is_stderr && close(trace_fd) < 0 && !failed) {
        lose(errno);
        failed = true;
    }
    trace_fd = -1;
    return failed ? -EIO : 0;
}

/* Words are separated by blanks: a name with one must stay one word. */
static void print_device(char *name, size_t size, const char *device)
{
    const char *slash = strrchr(device, '/');

    (void)snprintf(name, size, "%s", slash ? slash + 1 : device);
    for (; *name; name++)
        if (*name <= ' ')
            *name = '?';
}

static void print_time(char *text, size_t size, int64_t time)
{
    (void)snprintf(text, size, "%lld.%06lld", (long long)(time / 1000000000),
                   (long long)(time / 1000 % 1000000));
}

void trace_event(const char *device, const char *format, ...)
{
    char line[LINE_CAPACITY], name[64], event[1024], time[32];
    va_list arguments;
    int length;

    if (!trace_is_on())
        return;
    print_device(name, sizeof(name), device);
    print_time(time, sizeof(time), trace_now());
    va_start(arguments, format);
    (void)vsnprintf(event, sizeof(event), format, arguments);
    va_end(arguments);
    length = snprintf(line, sizeof(line), "%s %s\t%s", name, event, time);
    write_line(line, length);
}

void trace_call(const char *device, int64_t started, const char *text,
                const char *varying)
{
    char line[LINE_CAPACITY], name[64], time[32], duration[32];
    int length;

    if (!trace_is_on())
        return;
    print_device(name, sizeof(name), device);
    print_time(time, sizeof(time), started);
    print_time(duration, sizeof(duration), trace_now() - started);
    length = snprintf(line, sizeof(line), "%s   %s\t%s +%s%s%s", name, text,
                      time, duration, varying[0] ? "\t" : "", varying);
    write_line(line, length);
}

void trace_comment(const char *format, ...)
{
    char line[LINE_CAPACITY] = "# ";
    va_list arguments;
    int length;

    if (!trace_is_on())
        return;
    va_start(arguments, format);
    length = vsnprintf(line + 2, sizeof(line) - 2, format, arguments);
    va_end(arguments);
    write_line(line, length + 2);
}
