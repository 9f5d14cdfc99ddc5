/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_rules.h: what a trace has told so far of one device, and the rules
 * that its next call is held against. For trace_check.c alone.
 *
 * A call that failed is held against the rules like any other, but changes
 * nothing.
 */
#ifndef VDPA_TRACE_RULES_H
#define VDPA_TRACE_RULES_H

#include "vdpa/trace_line.h"
#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_check;

/* More than any device has: what is beyond is held against no rule. */
#define TRACE_RULES_MAX_QUEUES 4096

struct trace_queue {
    uint64_t max_size, size; /* descriptors; 0: not known */
    uint64_t desc, avail, used;
    bool knows_rings;
    /* Since the last reset. */
    bool has_size, has_rings, has_base, has_call, is_enabled;
    bool has_kick; /* since the file was opened */
    /* At any time: after a reset it has to be there again. */
    bool had_call;
    uint64_t position; /* as VHOST_GET_VRING_BASE said */
    bool has_position;
    char call_file[TRACE_LINE_MAX_WORD];
};

struct trace_mapping {
    uint64_t asid, iova, size;
    bool is_stale; /* a reset has taken it from the device since */
};

struct trace_rules {
    char device[TRACE_LINE_MAX_WORD];
    struct trace_check *check; /* that hears of breaches */

    bool is_owned, has_message, was_reset, has_offered, has_features;
    bool has_backend_offered, features_are_set, config_call_is_set;
    bool had_config_call, config_call_is_missing, in_batch, is_suspended;
    uint64_t offered, features, backend_offered, backend_acked;
    uint64_t status; /* as last read or written */
    uint64_t unread; /* of the bits written, those not yet read back */
    uint64_t num_queues, max_size, config_size;
    uint64_t first_iova, last_iova;
    bool has_num_queues, has_config_size, has_iova_range;
    uint64_t asids[64]; /* of groups */

    struct trace_queue *queues; /* owned, as many as were spoken of */
    size_t queue_room;
    struct trace_mapping *mappings; /* owned */
    size_t num_mappings;
};

/* Of the file's state: status, features, requests that are none's. */
void trace_rules_status(struct trace_rules *rules,
                        const struct trace_line *line);
/* -ENOMEM, as from trace_rules_memory(). */
int trace_rules_queue(struct trace_rules *rules,
                      const struct trace_line *line) MUST_CHECK;
int trace_rules_memory(struct trace_rules *rules,
                       const struct trace_line *line) MUST_CHECK;

/* What a reset, DRIVER_OK and the end ask of the others. */
void trace_rules_reset_queues(struct trace_rules *rules);
void trace_rules_start_queues(struct trace_rules *rules);
void trace_rules_reset_memory(struct trace_rules *rules);
void trace_rules_start_memory(struct trace_rules *rules);
void trace_rules_close_memory(struct trace_rules *rules);
/* Whether the bytes are mapped in one piece. */
bool trace_rules_is_mapped(const struct trace_rules *rules, uint64_t iova,
                           uint64_t size);

void trace_rules_destroy(struct trace_rules *rules);

/* A breach of `rule` in the current line. */
void trace_rules_breach(struct trace_rules *rules, const char *rule,
                        const char *format, ...) PRINTF_FORMAT(3, 4);

#endif
