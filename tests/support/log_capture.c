/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_capture.c: log lines, for a test to look at instead of stderr.
 */
#include "tests/support/log_capture.h"

#include <stdio.h>

static void capture_line(enum log_level level, const char *line, void *context)
{
    struct log_capture *capture = context;

    capture->lines++;
    capture->last_level = level;
    (void)snprintf(capture->last, sizeof(capture->last), "%s", line);
}

void log_capture_start(struct log_capture *capture)
{
    *capture = (struct log_capture){0};
    log_set_sink(capture_line, capture);
}

void log_capture_stop(void)
{
    log_set_sink(NULL, NULL);
}
