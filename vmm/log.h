/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h: one line per message, on stderr unless a sink is set.
 *
 * Messages end without a newline. The function whose system call failed logs
 * once, naming the object, the call and the cause; its callers only return.
 * Safe to call from every thread.
 */
#ifndef VMM_LOG_H
#define VMM_LOG_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
};

/* Receives every line that passes the level. Must not log. */
typedef void log_sink(enum log_level level, const char *line, void *context);

/* NULL restores stderr. Call before other threads start. */
void log_set_sink(log_sink *sink, void *context);
/* Lines go to the file `path`, borrowed, too, which is made anew: those of
 * LOG_LEVEL_INFO even when the level is lower. Call before other threads start.
 * -errno, logged. */
int log_copy_to(const char *path) MUST_CHECK;
/* False once a line could not be written there, which is said once. */
bool log_copy_is_whole(void);
void log_close_copy(void);
/* Bytes that are not the log's went to stderr, `last` at their end: if that is
 * no newline, the next message begins with one. From any thread. */
void log_follow(char last);
/* Messages above `level` are dropped; LOG_LEVEL_INFO unless set. */
void log_set_level(enum log_level level);

void log_error(const char *format, ...) PRINTF_FORMAT(1, 2);
void log_warning(const char *format, ...) PRINTF_FORMAT(1, 2);
void log_info(const char *format, ...) PRINTF_FORMAT(1, 2);
void log_debug(const char *format, ...) PRINTF_FORMAT(1, 2);

/*
 * How much a guest may write to the log: one per thing that the guest can
 * get wrong again and again. Zero-initialised is ready to use.
 */
struct log_limit {
    int64_t window_start_ms;
    unsigned in_window, dropped;
};

/* A warning about what the guest did; at most 10 in 5 seconds per `limit`,
 * with the number of dropped ones in the next that passes. */
void log_guest(struct log_limit *limit, const char *format, ...)
    PRINTF_FORMAT(2, 3);

#endif
