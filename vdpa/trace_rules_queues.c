/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_rules_queues.c: rules on virtqueues.
 */
#include "vdpa/trace_rules.h"

#include "vdpa/vhost_uapi.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIT64(bit) (1ULL << (bit))

/* Positions after a reset: the index of a split ring; for packed rings both
 * indices with their wrap counters set (vhost's VHOST_SET_VRING_BASE). */
#define SPLIT_START  0
#define PACKED_START 0x80008000

static bool is_packed(const struct trace_rules *rules)
{
    return (rules->features & BIT64(VIRTIO_F_RING_PACKED)) != 0;
}

static bool is_running(const struct trace_rules *rules)
{
    return (rules->status & VIRTIO_CONFIG_S_DRIVER_OK) != 0 &&
           !rules->is_suspended;
}

/* The queue of a call, NULL with *error 0 when it has none that counts. */
static struct trace_queue *queue_of(struct trace_rules *rules,
                                    const struct trace_line *line, int *error)
{
    uint64_t index = line->values[TRACE_FIELD_QUEUE];
    size_t room = rules->queue_room;
    struct trace_queue *queues;

    *error = 0;
    if (!trace_line_has(line, TRACE_FIELD_QUEUE) ||
        index >= TRACE_RULES_MAX_QUEUES)
        return NULL;
    if (index < room)
        return &rules->queues[index];
    queues = reallocarray(rules->queues, index + 1, sizeof(*queues));
    if (!queues) {
        *error = -ENOMEM;
        return NULL;
    }
    memset(queues + room, 0, (index + 1 - room) * sizeof(*queues));
    rules->queues = queues;
    rules->queue_room = index + 1;
    return &queues[index];
}

static void check_index(struct trace_rules *rules,
                        const struct trace_line *line)
{
    uint64_t index = line->values[TRACE_FIELD_QUEUE];

    /* Before their number is known, a probe may go beyond. */
    if (rules->has_num_queues && trace_line_has(line, TRACE_FIELD_QUEUE) &&
        index >= rules->num_queues)
        trace_rules_breach(rules, "queue-exists",
                           "queue %" PRIu64 "; expected less than the %" PRIu64
                           " of VHOST_VDPA_GET_VQS_COUNT",
                           index, rules->num_queues);
}

static void check_time(struct trace_rules *rules)
{
    if (is_running(rules))
        trace_rules_breach(rules, "queue-set-up",
                           "a queue is set up while the device runs; expected "
                           "before DRIVER_OK, or while it is suspended");
    else if (!(rules->status & VIRTIO_CONFIG_S_FEATURES_OK))
        trace_rules_breach(rules, "queue-set-up",
                           "a queue is set up before FEATURES_OK; expected "
                           "after it: the features say what a ring is");
}

static void set_size(struct trace_rules *rules, struct trace_queue *queue,
                     const struct trace_line *line)
{
    uint64_t size = line->values[TRACE_FIELD_VALUE];
    uint64_t max = queue->max_size ? queue->max_size : rules->max_size;

    check_time(rules);
    if (trace_line_has(line, TRACE_FIELD_VALUE)) {
        if (!is_power_of_two(size) || (max != 0 && size > max))
            trace_rules_breach(rules, "queue-size",
                               "%" PRIu64 " descriptors; expected a power of "
                               "two up to %" PRIu64,
                               size, max);
    }
    if (line->failed)
        return;
    queue->size = size;
    queue->has_size = true;
}

static void set_rings(struct trace_rules *rules, struct trace_queue *queue,
                      const struct trace_line *line)
{
    /* virtio 1.2, 2.7 and 2.8.10.1 */
    uint64_t driver = is_packed(rules) ? 4 : 2;

    check_time(rules);
    queue->desc = line->values[TRACE_FIELD_DESC];
    queue->avail = line->values[TRACE_FIELD_AVAIL];
    queue->used = line->values[TRACE_FIELD_USED];
    queue->knows_rings = trace_line_has(line, TRACE_FIELD_DESC) &&
                         trace_line_has(line, TRACE_FIELD_AVAIL) &&
                         trace_line_has(line, TRACE_FIELD_USED);
    if (queue->knows_rings &&
        (!is_aligned(queue->desc, 16) || !is_aligned(queue->avail, driver) ||
         !is_aligned(queue->used, 4)))
        trace_rules_breach(rules, "queue-alignment",
                           "rings at %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64
                           "; expected multiples of 16, %" PRIu64 ", 4",
                           queue->desc, queue->avail, queue->used, driver);
    queue->has_rings |= !line->failed;
}

static void set_base(struct trace_rules *rules, struct trace_queue *queue,
                     const struct trace_line *line)
{
    uint64_t base = line->values[TRACE_FIELD_VALUE];
    uint64_t start = is_packed(rules) ? PACKED_START : SPLIT_START;

    check_time(rules);
    queue->has_base |= !line->failed;
    if (trace_line_has(line, TRACE_FIELD_VALUE) && base != start &&
        !(queue->has_position && base == queue->position))
        trace_rules_breach(rules, "queue-base",
                           "base %#" PRIx64 "; expected %#" PRIx64
                           " after a reset, or what VHOST_GET_VRING_BASE said",
                           base, start);
}

static void set_call(struct trace_rules *rules, struct trace_queue *queue,
                     const struct trace_line *line)
{
    bool is_none = strcmp(line->file, "none") == 0;

    if (is_running(rules))
        trace_rules_breach(rules, "queue-call",
                           "the call eventfd is set while the device runs; "
                           "expected before DRIVER_OK: a device that has its "
                           "own interrupt does not hear of it");
    if (!is_none && queue->call_file[0] &&
        strcmp(queue->call_file, line->file) != 0)
        trace_rules_breach(rules, "queue-one-call",
                           "%s takes the place of %s; expected one call "
                           "eventfd for the life of the queue",
                           line->file, queue->call_file);
    if (line->failed)
        return;
    queue->has_call = !is_none;
    queue->had_call |= !is_none;
    if (!is_none)
        memcpy(queue->call_file, line->file, sizeof(line->file));
}

static void set_enable(struct trace_rules *rules, struct trace_queue *queue,
                       const struct trace_line *line)
{
    bool enable = line->values[TRACE_FIELD_VALUE] != 0;
    bool may_be_late =
        rules->backend_acked & BIT64(VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK);

    if (enable && is_running(rules) && !may_be_late)
        trace_rules_breach(rules, "enable-in-time",
                           "queue %" PRIu64 " is enabled after DRIVER_OK and "
                           "without ENABLE_AFTER_DRIVER_OK; expected before "
                           "DRIVER_OK",
                           line->values[TRACE_FIELD_QUEUE]);
    if (enable && (!queue->has_size || !queue->has_rings))
        trace_rules_breach(rules, "enable-set-up",
                           "queue %" PRIu64 " is enabled without %s since the "
                           "reset; expected after it",
                           line->values[TRACE_FIELD_QUEUE],
                           queue->has_size ? "VHOST_SET_VRING_ADDR"
                                           : "VHOST_SET_VRING_NUM");
    if (!line->failed)
        queue->is_enabled = enable;
}

static void learn(struct trace_queue *queue, const struct trace_line *line)
{
    switch (line->request->number) {
    case VHOST_VDPA_GET_VRING_SIZE:
        /* Later it is the size that was set. */
        if (!queue->has_size)
            queue->max_size = line->values[TRACE_FIELD_SIZE];
        break;
    case VHOST_GET_VRING_BASE:
        queue->position = line->values[TRACE_FIELD_VALUE];
        queue->has_position = trace_line_has(line, TRACE_FIELD_VALUE);
        break;
    case VHOST_SET_VRING_KICK:
        queue->has_kick = strcmp(line->file, "none") != 0;
        break;
    default:
        break;
    }
}

static void set_up_queue(struct trace_rules *rules, struct trace_queue *queue,
                         const struct trace_line *line)
{
    switch (line->request->number) {
    case VHOST_SET_VRING_NUM:
        set_size(rules, queue, line);
        break;
    case VHOST_SET_VRING_ADDR:
        set_rings(rules, queue, line);
        break;
    case VHOST_SET_VRING_BASE:
        set_base(rules, queue, line);
        break;
    case VHOST_SET_VRING_CALL:
        set_call(rules, queue, line);
        break;
    case VHOST_VDPA_SET_VRING_ENABLE:
        set_enable(rules, queue, line);
        break;
    default:
        if (!line->failed)
            learn(queue, line);
        break;
    }
}

int trace_rules_queue(struct trace_rules *rules, const struct trace_line *line)
{
    struct trace_queue *queue;
    int error;

    if (line->request->number == VHOST_VDPA_GET_VQS_COUNT && !line->failed) {
        rules->num_queues = line->values[TRACE_FIELD_VALUE];
        rules->has_num_queues = trace_line_has(line, TRACE_FIELD_VALUE);
    }
    if (line->request->number == VHOST_VDPA_GET_VRING_NUM && !line->failed)
        rules->max_size = line->values[TRACE_FIELD_VALUE];
    check_index(rules, line);
    queue = queue_of(rules, line, &error);
    if (queue)
        set_up_queue(rules, queue, line);
    return error;
}

void trace_rules_reset_queues(struct trace_rules *rules)
{
    for (size_t i = 0; i < rules->queue_room; i++) {
        struct trace_queue *queue = &rules->queues[i];

        queue->has_size = queue->has_rings = queue->has_base = false;
        queue->has_call = queue->is_enabled = false;
    }
}

/* virtio 1.2, 2.7 and 2.8: bytes of the three parts of a ring. */
static void check_rings(struct trace_rules *rules, size_t index)
{
    const struct trace_queue *queue = &rules->queues[index];
    uint64_t size = queue->size;
    bool packed = is_packed(rules);

    if (trace_rules_is_mapped(rules, queue->desc, 16 * size) &&
        trace_rules_is_mapped(rules, queue->avail, packed ? 4 : 6 + 2 * size) &&
        trace_rules_is_mapped(rules, queue->used, packed ? 4 : 6 + 8 * size))
        return;
    trace_rules_breach(rules, "queue-mapped",
                       "queue %zu has its rings at %#" PRIx64 ", %#" PRIx64
                       ", %#" PRIx64 "; expected in memory that is mapped",
                       index, queue->desc, queue->avail, queue->used);
}

static void start_queue(struct trace_rules *rules, size_t index)
{
    const struct trace_queue *queue = &rules->queues[index];

    if (!queue->has_call)
        trace_rules_breach(
            rules, queue->had_call ? "again-after-reset" : "queue-call",
            "queue %zu has no call eventfd%s; expected before DRIVER_OK", index,
            queue->had_call ? " since the reset" : "");
    if (!queue->has_kick)
        trace_rules_breach(rules, "queue-kick",
                           "queue %zu has no kick eventfd; expected before "
                           "DRIVER_OK",
                           index);
    if (is_packed(rules) && !queue->has_base)
        trace_rules_breach(rules, "queue-base",
                           "packed queue %zu has no base since the reset; "
                           "expected %#x: a device may begin with 0",
                           index, PACKED_START);
    if (queue->knows_rings && queue->has_rings)
        check_rings(rules, index);
}

void trace_rules_start_queues(struct trace_rules *rules)
{
    bool may_be_late =
        rules->backend_acked & BIT64(VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK);

    for (size_t i = 0; i < rules->queue_room; i++) {
        const struct trace_queue *queue = &rules->queues[i];
        bool is_set_up = queue->has_size && queue->has_rings;

        if (is_set_up && !queue->is_enabled && !may_be_late)
            trace_rules_breach(rules, "enable-in-time",
                               "queue %zu is set up but not enabled; expected "
                               "before DRIVER_OK",
                               i);
        if (is_set_up || queue->is_enabled)
            start_queue(rules, i);
    }
}
