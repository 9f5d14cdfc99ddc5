/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.h: a record of what was asked of devices, and done to them.
 *
 * Text, one line a step, in which nothing that differs from run to run stands
 * before a line's first tab, so that two traces compare:
 *
 *     diff <(cut -f1 one) <(cut -f1 other)
 *
 *     # vmm trace vdpa 1<tab>what this ran on
 *     DEVICE WHO: EVENT<tab>TIME
 *     DEVICE   CALL = RESULT<tab>TIME +DURATION<tab>WHAT DIFFERS
 *
 * Times are seconds since the trace was opened. Everything is safe to call
 * from every thread, and while the trace is off; a line leaves in a single
 * write(2). docs/vmm.1 has an example.
 */
#ifndef VMM_TRACE_H
#define VMM_TRACE_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/* The comment that is the first line, up to its tab. */
#define TRACE_TITLE "vmm trace vdpa 1"

/* NULL is standard error. Before other threads start; -errno, logged. */
int trace_open(const char *path) MUST_CHECK;
/* After they ended. -EIO, logged when it happened, if lines were lost. */
int trace_close(void);
bool trace_is_on(void);
/* Nanoseconds, for trace_call(). */
int64_t trace_now(void);

/* What someone asked for: "guest: status DRIVER". Of `device` only what comes
 * after the last slash is shown. */
void trace_event(const char *device, const char *format, ...)
    PRINTF_FORMAT(2, 3);

/* A call on `device`, begun at `started`, that has ended; `varying` is what
 * differs from run to run, or "". */
void trace_call(const char *device, int64_t started, const char *text,
                const char *varying);

/* Something for the reader alone. */
void trace_comment(const char *format, ...) PRINTF_FORMAT(1, 2);

#endif
