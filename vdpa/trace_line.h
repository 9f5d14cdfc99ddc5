/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_line.h: one line of a trace (vmm/trace.h), read back. Pure.
 */
#ifndef VDPA_TRACE_LINE_H
#define VDPA_TRACE_LINE_H

#include "vdpa/vhost_requests.h"
#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_LINE_MAX_WORD 64 /* bytes, with the final NUL */

enum trace_call {
    TRACE_CALL_NONE, /* a comment, an event, or a call of no consequence */
    TRACE_CALL_OPEN,
    TRACE_CALL_CLOSE,
    TRACE_CALL_IOCTL,   /* `request` says which */
    TRACE_CALL_MESSAGE, /* `message` says which */
};

/* The numbers that calls come with. */
enum trace_field {
    TRACE_FIELD_QUEUE,
    TRACE_FIELD_GROUP,
    TRACE_FIELD_ASID,
    TRACE_FIELD_VALUE, /* num, base, count, enable, id: what it is about */
    TRACE_FIELD_SIZE,  /* the same for some, else bytes */
    TRACE_FIELD_STATUS,
    TRACE_FIELD_FEATURES, /* of the device, or of vhost-vdpa */
    TRACE_FIELD_OFFSET,
    TRACE_FIELD_LENGTH,
    TRACE_FIELD_FIRST,
    TRACE_FIELD_LAST,
    TRACE_FIELD_IOVA,
    TRACE_FIELD_UADDR,
    TRACE_FIELD_PERM, /* VHOST_ACCESS_* */
    TRACE_FIELD_DESC,
    TRACE_FIELD_AVAIL,
    TRACE_FIELD_USED,
    TRACE_NUM_FIELDS
};

struct trace_line {
    char device[TRACE_LINE_MAX_WORD]; /* empty in comments */
    enum trace_call call;
    const struct vhost_request_info *request;
    uint8_t message;  /* VHOST_IOTLB_* */
    bool failed;      /* the call */
    uint32_t present; /* bit set of enum trace_field */
    uint64_t values[TRACE_NUM_FIELDS];
    char file[TRACE_LINE_MAX_WORD]; /* "call0", "none"; empty without one */
};

/* `text` is without its newline. -EINVAL, with the reason in `reason`, for
 * what no trace has. */
int trace_line_parse(struct trace_line *line, const char *text,
                     const char **reason) MUST_CHECK;

static inline bool trace_line_has(const struct trace_line *line,
                                  enum trace_field field)
{
    return (line->present >> field & 1) != 0;
}

#endif
