/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_capture.h: log lines, for a test to look at instead of stderr.
 */
#ifndef TESTS_SUPPORT_LOG_CAPTURE_H
#define TESTS_SUPPORT_LOG_CAPTURE_H

#include "vmm/log.h"

struct log_capture {
    unsigned lines;
    enum log_level last_level;
    char last[1024];
};

/* From now on lines go to `capture`, which must outlive the capturing. */
void log_capture_start(struct log_capture *capture);
/* Back to stderr. */
void log_capture_stop(void);

#endif
