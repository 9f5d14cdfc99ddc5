/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_rules_memory.c: rules on IOTLB messages and address spaces.
 */
#include "vdpa/trace_rules.h"

#include "vdpa/vhost_uapi.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <string.h>

#define BIT64(bit) (1ULL << (bit))
#define PAGE       4096

static uint64_t last_of(uint64_t iova, uint64_t size)
{
    uint64_t last;

    return __builtin_add_overflow(iova, size - 1, &last) ? UINT64_MAX : last;
}

/* The first mapping of `asid` that has a byte of the range, from `from` on. */
static struct trace_mapping *find_overlap(const struct trace_rules *rules,
                                          uint64_t asid, uint64_t iova,
                                          uint64_t size)
{
    for (size_t i = 0; i < rules->num_mappings && size > 0; i++) {
        struct trace_mapping *mapping = &rules->mappings[i];

        if (mapping->asid == asid && mapping->iova <= last_of(iova, size) &&
            iova <= last_of(mapping->iova, mapping->size))
            return mapping;
    }
    return NULL;
}

static void check_running(struct trace_rules *rules, const char *what)
{
    if (rules->status & VIRTIO_CONFIG_S_DRIVER_OK && !rules->is_suspended)
        trace_rules_breach(rules, "map-stopped",
                           "memory is %s while the device runs; expected "
                           "before DRIVER_OK or after a reset",
                           what);
}

static void check_range(struct trace_rules *rules,
                        const struct trace_line *line)
{
    uint64_t iova = line->values[TRACE_FIELD_IOVA];
    uint64_t size = line->values[TRACE_FIELD_SIZE];
    uint64_t uaddr = line->values[TRACE_FIELD_UADDR];
    uint64_t perm = line->values[TRACE_FIELD_PERM];

    if (size == 0 || !is_aligned(iova | size | uaddr, PAGE))
        trace_rules_breach(rules, "map-range",
                           "%#" PRIx64 " bytes of %#" PRIx64 " at %#" PRIx64
                           "; expected whole pages",
                           size, uaddr, iova);
    else if (rules->has_iova_range && (iova < rules->first_iova ||
                                       last_of(iova, size) > rules->last_iova))
        trace_rules_breach(rules, "map-range",
                           "%#" PRIx64 " bytes at %#" PRIx64
                           "; expected from %#" PRIx64 " to %#" PRIx64,
                           size, iova, rules->first_iova, rules->last_iova);
    if (trace_line_has(line, TRACE_FIELD_PERM) &&
        (perm < VHOST_ACCESS_RO || perm > VHOST_ACCESS_RW))
        trace_rules_breach(rules, "map-range",
                           "permission %" PRIu64 "; expected ro, wo or rw",
                           perm);
}

static int add(struct trace_rules *rules, const struct trace_line *line)
{
    struct trace_mapping *mappings;

    mappings = reallocarray(rules->mappings, rules->num_mappings + 1,
                            sizeof(*mappings));
    if (!mappings)
        return -ENOMEM;
    rules->mappings = mappings;
    mappings[rules->num_mappings++] =
        (struct trace_mapping){.asid = line->values[TRACE_FIELD_ASID],
                               .iova = line->values[TRACE_FIELD_IOVA],
                               .size = line->values[TRACE_FIELD_SIZE]};
    return 0;
}

static int update(struct trace_rules *rules, const struct trace_line *line)
{
    uint64_t iova = line->values[TRACE_FIELD_IOVA];
    uint64_t size = line->values[TRACE_FIELD_SIZE];
    const struct trace_mapping *other;

    if (!trace_line_has(line, TRACE_FIELD_IOVA) ||
        !trace_line_has(line, TRACE_FIELD_SIZE))
        return 0;
    check_running(rules, "mapped");
    check_range(rules, line);
    other = find_overlap(rules, line->values[TRACE_FIELD_ASID], iova, size);
    if (other)
        trace_rules_breach(rules, "map-overlap",
                           "%#" PRIx64 " bytes at %#" PRIx64
                           " overlap the %#" PRIx64 " at %#" PRIx64
                           "; expected to invalidate those first",
                           size, iova, other->size, other->iova);
    return line->failed || size == 0 ? 0 : add(rules, line);
}

/* As the kernel does: whatever a range touches goes, whole. */
static void invalidate(struct trace_rules *rules, const struct trace_line *line)
{
    uint64_t asid = line->values[TRACE_FIELD_ASID];
    uint64_t iova = line->values[TRACE_FIELD_IOVA];
    uint64_t size = line->values[TRACE_FIELD_SIZE];
    struct trace_mapping *mapping;

    if (!trace_line_has(line, TRACE_FIELD_IOVA) ||
        !trace_line_has(line, TRACE_FIELD_SIZE))
        return;
    check_running(rules, "unmapped");
    mapping = find_overlap(rules, asid, iova, size);
    if (!mapping || mapping->iova != iova || mapping->size != size)
        trace_rules_breach(rules, "unmap-exact",
                           "%#" PRIx64 " bytes at %#" PRIx64
                           "; expected a range as it was mapped: the kernel "
                           "removes all that it touches",
                           size, iova);
    for (; mapping && !line->failed;
         mapping = find_overlap(rules, asid, iova, size))
        *mapping = rules->mappings[--rules->num_mappings];
}

static void begin_batch(struct trace_rules *rules)
{
    if (rules->in_batch)
        trace_rules_breach(rules, "batch-balance",
                           "a batch begins inside of another; expected its end "
                           "first");
    rules->in_batch = true;
}

static void end_batch(struct trace_rules *rules)
{
    if (!rules->in_batch)
        trace_rules_breach(rules, "batch-balance",
                           "a batch ends that did not begin; expected its "
                           "begin first");
    rules->in_batch = false;
}

static void check_message(struct trace_rules *rules,
                          const struct trace_line *line)
{
    uint64_t asid = line->values[TRACE_FIELD_ASID];
    bool changes = line->message == VHOST_IOTLB_UPDATE ||
                   line->message == VHOST_IOTLB_INVALIDATE;

    if (!rules->is_owned)
        trace_rules_breach(rules, "owner-first",
                           "an IOTLB message without an owner; expected "
                           "VHOST_SET_OWNER before it");
    if (asid != 0 &&
        !(rules->backend_acked & BIT64(VHOST_BACKEND_F_IOTLB_ASID)))
        trace_rules_breach(rules, "asid-acked",
                           "address space %" PRIu64
                           " without iotlb_asid, which "
                           "the kernel takes for 0; expected it to be acked",
                           asid);
    if (changes && !rules->in_batch &&
        rules->backend_acked & BIT64(VHOST_BACKEND_F_IOTLB_BATCH))
        trace_rules_breach(rules, "batch-used",
                           "a change outside of a batch; expected between "
                           "VHOST_IOTLB_BATCH_BEGIN and _END");
    rules->has_message = true;
}

static int message(struct trace_rules *rules, const struct trace_line *line)
{
    check_message(rules, line);
    switch (line->message) {
    case VHOST_IOTLB_UPDATE:
        return update(rules, line);
    case VHOST_IOTLB_INVALIDATE:
        invalidate(rules, line);
        return 0;
    case VHOST_IOTLB_BATCH_BEGIN:
        begin_batch(rules);
        return 0;
    case VHOST_IOTLB_BATCH_END:
        end_batch(rules);
        return 0;
    default:
        trace_rules_breach(rules, "not-for-vdpa",
                           "%s is no message to vhost-vdpa; expected others",
                           vhost_message_name(line->message));
        return 0;
    }
}

int trace_rules_memory(struct trace_rules *rules, const struct trace_line *line)
{
    uint64_t group = line->values[TRACE_FIELD_GROUP];

    if (line->call == TRACE_CALL_MESSAGE)
        return message(rules, line);
    if (line->failed)
        return 0;
    if (line->request->number == VHOST_VDPA_GET_IOVA_RANGE) {
        rules->first_iova = line->values[TRACE_FIELD_FIRST];
        rules->last_iova = line->values[TRACE_FIELD_LAST];
        rules->has_iova_range = trace_line_has(line, TRACE_FIELD_LAST);
    } else if (line->request->number == VHOST_VDPA_SET_GROUP_ASID &&
               group < ARRAY_SIZE(rules->asids)) {
        rules->asids[group] = line->values[TRACE_FIELD_ASID];
    }
    return 0;
}

bool trace_rules_is_mapped(const struct trace_rules *rules, uint64_t iova,
                           uint64_t size)
{
    for (size_t i = 0; i < rules->num_mappings; i++) {
        const struct trace_mapping *mapping = &rules->mappings[i];

        if (range_is_inside(iova, size, mapping->iova, mapping->size))
            return true;
    }
    return false;
}

void trace_rules_reset_memory(struct trace_rules *rules)
{
    memset(rules->asids, 0, sizeof(rules->asids));
    if (rules->backend_acked & BIT64(VHOST_BACKEND_F_IOTLB_PERSIST))
        return;
    for (size_t i = 0; i < rules->num_mappings; i++)
        rules->mappings[i].is_stale = true;
}

static bool has_mapping(const struct trace_rules *rules, uint64_t asid)
{
    for (size_t i = 0; i < rules->num_mappings; i++)
        if (rules->mappings[i].asid == asid)
            return true;
    return false;
}

void trace_rules_start_memory(struct trace_rules *rules)
{
    if (rules->in_batch)
        trace_rules_breach(rules, "batch-balance",
                           "DRIVER_OK inside of a batch; expected its end "
                           "first");
    for (size_t group = 0; group < ARRAY_SIZE(rules->asids); group++) {
        if (has_mapping(rules, rules->asids[group]))
            continue;
        trace_rules_breach(rules, "map-first",
                           "nothing is mapped in address space %" PRIu64
                           "; expected all memory before DRIVER_OK",
                           rules->asids[group]);
        break;
    }
    for (size_t i = 0; i < rules->num_mappings; i++) {
        if (!rules->mappings[i].is_stale)
            continue;
        trace_rules_breach(rules, "map-after-reset",
                           "what is mapped at %#" PRIx64
                           " was mapped before the reset, and iotlb_persist "
                           "was not acked; expected to be invalidated and "
                           "mapped again",
                           rules->mappings[i].iova);
        break;
    }
}

void trace_rules_close_memory(struct trace_rules *rules)
{
    if (rules->in_batch)
        trace_rules_breach(rules, "batch-balance",
                           "closed inside of a batch; expected its end first");
    if (rules->num_mappings > 0)
        trace_rules_breach(rules, "unmap-at-end",
                           "closed with %zu ranges mapped; expected to be "
                           "invalidated before, or a VDUSE process keeps the "
                           "memory",
                           rules->num_mappings);
}
