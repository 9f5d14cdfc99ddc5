/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_check.h: a trace held against what a vhost-vdpa device may be asked
 * for, and in which order. Pure.
 *
 * The kernel accepts much that then does not work: a queue enabled too late, an
 * eventfd that a device never hears of, memory that a reset took away. Those
 * are the rules here, each with a name that docs/vmm.1 explains.
 */
#ifndef VDPA_TRACE_CHECK_H
#define VDPA_TRACE_CHECK_H

#include "vmm/compiler.h"

#include <stddef.h>

/* A breach: "LINE: RULE: what it was; what is expected". */
typedef void trace_report(void *owner, unsigned long line, const char *rule,
                          const char *text);

struct trace_rules;

struct trace_check {
    trace_report *report;
    void *owner;                 /* of report */
    unsigned long line;          /* of the trace, from 1 */
    unsigned long count;         /* of breaches */
    const char *reason;          /* of the last -EINVAL */
    struct trace_rules *devices; /* owned */
    size_t num_devices;
};

void trace_check_init(struct trace_check *check, trace_report *report,
                      void *owner);
/* The next line, without its newline. -EINVAL, with `reason`, if no trace has
 * such a line; -ENOMEM. */
int trace_check_line(struct trace_check *check, const char *text) MUST_CHECK;
void trace_check_destroy(struct trace_check *check);

#endif
