/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.c: one line per message, on stderr unless a sink is set.
 *
 * A line leaves in a single write(2), so lines of different threads, and of
 * other processes on the same pipe, do not mix. Messages may quote what the
 * guest wrote, so nothing but printable ASCII reaches a terminal.
 */
#include "vmm/log.h"

#include "vmm/fd.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Longest line, prefix, newline and NUL included: below PIPE_BUF, so that
 * one write to a pipe is atomic (POSIX write()). */
#define LINE_CAPACITY    1024
#define GUEST_WINDOW_MS  5000
#define GUEST_PER_WINDOW 10

static const char *const prefixes[] = {
    [LOG_LEVEL_ERROR] = "vmm: ",
    [LOG_LEVEL_WARNING] = "vmm: warning: ",
    [LOG_LEVEL_INFO] = "vmm: ",
    [LOG_LEVEL_DEBUG] = "vmm: debug: ",
};
static const char cut_mark[] = " [...]";

static log_sink *current_sink; /* set before threads start */
static void *current_context;
static int copy_fd = -1; /* the same */
static const char *copy_path;
static atomic_bool copy_is_cut;
static atomic_int current_level = LOG_LEVEL_INFO;
static atomic_bool is_within_line; /* stderr, by others */
static pthread_mutex_t limit_lock = PTHREAD_MUTEX_INITIALIZER;

void log_set_sink(log_sink *sink, void *context)
{
    current_sink = sink;
    current_context = context;
}

int log_copy_to(const char *path)
{
    int fd =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);

    if (fd < 0) {
        int error = -errno;

        log_error("--log %s: %s: give a file that can be written", path,
                  strerror(-error));
        return error;
    }
    copy_fd = fd;
    copy_path = path;
    atomic_store(&copy_is_cut, false);
    return 0;
}

bool log_copy_is_whole(void)
{
    return !atomic_load(&copy_is_cut);
}

void log_close_copy(void)
{
    close_fd(&copy_fd);
}

void log_follow(char last)
{
    atomic_store(&is_within_line, last != '\n');
}

void log_set_level(enum log_level level)
{
    atomic_store(&current_level, (int)level);
}

/* Copies `text` with everything but printable ASCII as \xNN. Cuts, with a
 * mark, what does not fit `capacity`. Returns the length without the NUL. */
static size_t escape(char *out, size_t capacity, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    size_t limit = capacity - sizeof(cut_mark);
    size_t length = 0;

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        size_t needed = c >= ' ' && c <= '~' ? 1 : 4;

        if (needed > limit - length) {
            memcpy(out + length, cut_mark, sizeof(cut_mark));
            return length + sizeof(cut_mark) - 1;
        }
        if (needed == 1) {
            out[length++] = (char)c;
        } else {
            out[length++] = '\\';
            out[length++] = 'x';
            out[length++] = digits[c >> 4];
            out[length++] = digits[c & 15];
        }
    }
    out[length] = '\0';
    return length;
}

/* 0 or -errno: the line is lost. */
static int write_line(int fd, const char *line, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, line, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? -errno : -EIO;
        line += written;
        length -= (size_t)written;
    }
    return 0;
}

/* The first time; where lines are missing, no more are added. */
static void cut_copy(int error)
{
    char line[LINE_CAPACITY];

    if (atomic_exchange(&copy_is_cut, true))
        return;
    (void)snprintf(line, sizeof(line), "%s--log %.512s: %s: it ends here\n",
                   prefixes[LOG_LEVEL_ERROR], copy_path, strerror(-error));
    (void)write_line(STDERR_FILENO, line, strlen(line));
}

static bool is_shown(enum log_level level)
{
    return (int)level <= atomic_load(&current_level);
}

static bool is_copied(enum log_level level)
{
    return copy_fd >= 0 && log_copy_is_whole() &&
           (level <= LOG_LEVEL_INFO || is_shown(level));
}

static bool level_passes(enum log_level level)
{
    return is_shown(level) || is_copied(level);
}

static void emit(enum log_level level, const char *message)
{
    char begun[1 + LINE_CAPACITY] = "\n", *line = begun + 1;
    size_t prefix = current_sink ? 0 : strlen(prefixes[level]);
    size_t length;
    int error;

    memcpy(line, prefixes[level], prefix);
    length =
        prefix + escape(line + prefix, LINE_CAPACITY - prefix - 1, message);
    if (current_sink) {
        current_sink(level, line, current_context);
        return;
    }
    line[length++] = '\n';
    /* Nothing can be done about a stderr that fails. */
    if (is_shown(level) && atomic_exchange(&is_within_line, false))
        (void)write_line(STDERR_FILENO, begun, length + 1);
    else if (is_shown(level))
        (void)write_line(STDERR_FILENO, line, length);
    if (!is_copied(level))
        return;
    error = write_line(copy_fd, line, length);
    if (error)
        cut_copy(error);
}

/* Callers log on their way out with an errno: it is kept. */
static void log_message(enum log_level level, const char *format,
                        va_list arguments) PRINTF_FORMAT(2, 0);
static void log_message(enum log_level level, const char *format,
                        va_list arguments)
{
    int saved_errno = errno;
    char message[LINE_CAPACITY];

    if (!level_passes(level))
        return;
    (void)vsnprintf(message, sizeof(message), format, arguments);
    emit(level, message);
    errno = saved_errno;
}

void log_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_message(LOG_LEVEL_ERROR, format, arguments);
    va_end(arguments);
}

void log_warning(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_message(LOG_LEVEL_WARNING, format, arguments);
    va_end(arguments);
}

void log_info(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_message(LOG_LEVEL_INFO, format, arguments);
    va_end(arguments);
}

void log_debug(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_message(LOG_LEVEL_DEBUG, format, arguments);
    va_end(arguments);
}

static int64_t now_ms(void)
{
    struct timespec now;
    int error = clock_gettime(CLOCK_MONOTONIC, &now);

    assert(error == 0);
    (void)error;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* True when one more message may pass; `dropped` then is how many did not
 * since the last that did. */
static bool limit_passes(struct log_limit *limit, unsigned *dropped)
{
    int64_t now = now_ms();
    bool passes;

    pthread_mutex_lock(&limit_lock);
    if (now - limit->window_start_ms >= GUEST_WINDOW_MS) {
        limit->window_start_ms = now;
        limit->in_window = 0;
    }
    passes = limit->in_window < GUEST_PER_WINDOW;
    if (passes) {
        limit->in_window++;
        *dropped = limit->dropped;
        limit->dropped = 0;
    } else {
        limit->dropped++;
    }
    pthread_mutex_unlock(&limit_lock);
    return passes;
}

void log_guest(struct log_limit *limit, const char *format, ...)
{
    /* Room for the note about dropped messages after a cut message. */
    char message[LINE_CAPACITY + 64];
    int saved_errno = errno;
    va_list arguments;
    unsigned dropped;
    size_t used;

    if (!level_passes(LOG_LEVEL_WARNING) || !limit_passes(limit, &dropped))
        return;
    used = 0;
    if (dropped > 0)
        used = (size_t)snprintf(message, sizeof(message),
                                "(after %u dropped messages) ", dropped);
    va_start(arguments, format);
    (void)vsnprintf(message + used, sizeof(message) - used, format, arguments);
    va_end(arguments);
    emit(LOG_LEVEL_WARNING, message);
    errno = saved_errno;
}
