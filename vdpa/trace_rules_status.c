/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_rules_status.c: rules on status, features, configuration and requests
 * that vhost-vdpa does not serve.
 */
#include "vdpa/trace_rules.h"

#include "vdpa/vhost_uapi.h"
#include "vmm/bit_names.h"
#include "vmm/feature_names.h"

#include <inttypes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>

#define BIT64(bit) (1ULL << (bit))

/* What needs more than vhost-vdpa has: dirty logging, data in notifications,
 * a reset of one queue, virtual functions, an administration queue. The bits
 * are those of virtio 1.3, 6; Debian 12's headers lack the newer ones. */
#define BEYOND_VHOST                                                           \
    (BIT64(26) | BIT64(37) | BIT64(38) | BIT64(39) | BIT64(40) | BIT64(41))

static void check_backend_features(struct trace_rules *rules,
                                   const struct trace_line *line)
{
    uint64_t features = line->values[TRACE_FIELD_FEATURES];
    char names[BIT_NAMES_SIZE];

    if (rules->has_message)
        trace_rules_breach(rules, "backend-first",
                           "backend features after an IOTLB message; expected "
                           "before the first one, which depends on them");
    else if (rules->was_reset)
        trace_rules_breach(rules, "backend-first",
                           "backend features after a reset; expected before "
                           "the first one, which depends on IOTLB_PERSIST");
    if (rules->has_backend_offered && features & ~rules->backend_offered) {
        bit_names_print(bit_names_backend, 0,
                        features & ~rules->backend_offered, names);
        trace_rules_breach(rules, "backend-offered",
                           "acked %s; expected bits that are offered alone",
                           names);
    }
    if (features & BIT64(VHOST_BACKEND_F_DESC_ASID) &&
        !(features & BIT64(VHOST_BACKEND_F_IOTLB_ASID)))
        trace_rules_breach(rules, "backend-offered",
                           "acked desc_asid without iotlb_asid; expected both");
}

static void breach_features(struct trace_rules *rules, uint64_t bits,
                            const char *what)
{
    char names[BIT_NAMES_SIZE];

    bit_names_print(feature_names_get, VIRTIO_ID_NET, bits, names);
    trace_rules_breach(rules, "features-valid", "%s %s", names, what);
}

static void check_features(struct trace_rules *rules,
                           const struct trace_line *line)
{
    uint64_t features = line->values[TRACE_FIELD_FEATURES];
    uint64_t needed = BIT64(VIRTIO_F_VERSION_1) |
                      (rules->offered & BIT64(VIRTIO_F_ACCESS_PLATFORM));

    if (rules->status & VIRTIO_CONFIG_S_FEATURES_OK)
        trace_rules_breach(rules, "features-order",
                           "features after FEATURES_OK; expected before it");
    if (!trace_line_has(line, TRACE_FIELD_FEATURES))
        return;
    if (rules->has_offered && features & ~rules->offered)
        breach_features(rules, features & ~rules->offered,
                        "accepted; expected features that the device "
                        "offers");
    if (features & BEYOND_VHOST)
        breach_features(rules, features & BEYOND_VHOST,
                        "accepted, which vhost-vdpa cannot carry; expected "
                        "to be hidden from the guest");
    if (needed & ~features)
        breach_features(rules, needed & ~features,
                        "not accepted; expected with every device");
}

/* DRIVER_OK: what has to be there. */
static void check_start(struct trace_rules *rules)
{
    if (!(rules->status & VIRTIO_CONFIG_S_FEATURES_OK))
        trace_rules_breach(rules, "status-order",
                           "DRIVER_OK before FEATURES_OK; expected after the "
                           "device kept it");
    if (!rules->config_call_is_set && rules->had_config_call)
        trace_rules_breach(rules, "again-after-reset",
                           "no VHOST_VDPA_SET_CONFIG_CALL since the reset; "
                           "expected again, before DRIVER_OK");
    else if (!rules->config_call_is_set && !rules->config_call_is_missing)
        trace_rules_breach(rules, "config-call",
                           "no VHOST_VDPA_SET_CONFIG_CALL; expected before "
                           "DRIVER_OK");
    trace_rules_start_queues(rules);
    trace_rules_start_memory(rules);
}

/* A reset that failed was one all the same: the device's state is lost. */
static void reset(struct trace_rules *rules)
{
    rules->status = 0;
    rules->unread = 0;
    rules->was_reset = true;
    rules->features_are_set = false;
    rules->config_call_is_set = false;
    rules->is_suspended = false;
    trace_rules_reset_queues(rules);
    trace_rules_reset_memory(rules);
}

static void check_status(struct trace_rules *rules, uint64_t status)
{
    /* virtio 1.2, 3.1.1 */
    const uint64_t begin = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
    uint64_t fresh = status & ~rules->status;
    char names[BIT_NAMES_SIZE];

    bit_names_print(bit_names_status, 0, rules->unread, names);
    if (rules->unread)
        trace_rules_breach(rules, "status-read-back",
                           "%s was not read back; expected "
                           "VHOST_VDPA_GET_STATUS, for the device may refuse "
                           "without an error",
                           names);
    rules->unread = 0;
    if (status == 0)
        return;
    bit_names_print(bit_names_status, 0, rules->status & ~status, names);
    if (rules->status & ~status)
        trace_rules_breach(rules, "status-grows",
                           "the status lost %s; expected all bits that are "
                           "set, or 0",
                           names);
    if (fresh & VIRTIO_CONFIG_S_FEATURES_OK && !rules->features_are_set)
        trace_rules_breach(rules, "features-order",
                           "FEATURES_OK without VHOST_SET_FEATURES since the "
                           "reset; expected before it");
    if (fresh & VIRTIO_CONFIG_S_FEATURES_OK && begin & ~status)
        trace_rules_breach(rules, "status-order",
                           "FEATURES_OK without ACKNOWLEDGE|DRIVER; expected "
                           "after both");
    if (fresh & VIRTIO_CONFIG_S_DRIVER_OK)
        check_start(rules);
}

static void set_status(struct trace_rules *rules, const struct trace_line *line)
{
    const uint64_t answers =
        VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK;
    uint64_t status = line->values[TRACE_FIELD_STATUS];

    if (!trace_line_has(line, TRACE_FIELD_STATUS))
        return;
    check_status(rules, status);
    if (status == 0) {
        reset(rules);
    } else if (!line->failed) {
        rules->unread = status & ~rules->status & answers;
        rules->status = status;
    }
}

static void get_status(struct trace_rules *rules, const struct trace_line *line)
{
    if (line->failed)
        return;
    rules->unread = 0;
    if (trace_line_has(line, TRACE_FIELD_STATUS))
        rules->status = line->values[TRACE_FIELD_STATUS];
}

static void check_config(struct trace_rules *rules,
                         const struct trace_line *line)
{
    uint64_t offset = line->values[TRACE_FIELD_OFFSET];
    uint64_t length = line->values[TRACE_FIELD_LENGTH];

    /* Before its size is known a probe may go beyond. */
    if (rules->has_config_size && trace_line_has(line, TRACE_FIELD_LENGTH) &&
        (length == 0 || offset > rules->config_size ||
         length > rules->config_size - offset))
        trace_rules_breach(rules, "config-range",
                           "%" PRIu64 " bytes at %" PRIu64
                           "; expected 1 or more inside of the %" PRIu64
                           " of the configuration",
                           length, offset, rules->config_size);
}

static void check_suspend(struct trace_rules *rules, unsigned bit)
{
    if (!(rules->backend_acked & BIT64(bit)))
        trace_rules_breach(rules, "suspend-acked",
                           "backend feature %s was not acked; expected before "
                           "its use",
                           bit_names_backend(0, bit));
}

static void set_config_call(struct trace_rules *rules,
                            const struct trace_line *line)
{
    rules->config_call_is_missing = line->failed;
    if (line->failed)
        return;
    rules->config_call_is_set = true;
    rules->had_config_call = true;
}

static void learn_features(struct trace_rules *rules,
                           const struct trace_line *line)
{
    uint64_t features = line->values[TRACE_FIELD_FEATURES];

    if (line->failed)
        return;
    switch (line->request->number) {
    case VHOST_GET_FEATURES:
        rules->offered = features;
        rules->has_offered = trace_line_has(line, TRACE_FIELD_FEATURES);
        break;
    case VHOST_SET_FEATURES:
        rules->features = features;
        rules->has_features = trace_line_has(line, TRACE_FIELD_FEATURES);
        rules->features_are_set = true;
        break;
    case VHOST_GET_BACKEND_FEATURES:
        rules->backend_offered = features;
        rules->has_backend_offered = trace_line_has(line, TRACE_FIELD_FEATURES);
        break;
    default:
        rules->backend_acked = features;
        break;
    }
}

void trace_rules_status(struct trace_rules *rules,
                        const struct trace_line *line)
{
    switch (line->request->number) {
    case VHOST_RESET_OWNER:
    case VHOST_SET_MEM_TABLE:
    case VHOST_SET_LOG_BASE:
    case VHOST_SET_LOG_FD:
        trace_rules_breach(rules, "not-for-vdpa",
                           "%s does nothing for vhost-vdpa; expected IOTLB "
                           "messages, and no dirty logging",
                           line->request->name);
        break;
    case VHOST_SET_OWNER:
        rules->is_owned |= !line->failed;
        break;
    case VHOST_SET_BACKEND_FEATURES:
        check_backend_features(rules, line);
        learn_features(rules, line);
        break;
    case VHOST_SET_FEATURES:
        check_features(rules, line);
        learn_features(rules, line);
        break;
    case VHOST_GET_FEATURES:
    case VHOST_GET_BACKEND_FEATURES:
        learn_features(rules, line);
        break;
    case VHOST_VDPA_SET_STATUS:
        set_status(rules, line);
        break;
    case VHOST_VDPA_GET_STATUS:
        get_status(rules, line);
        break;
    case VHOST_VDPA_GET_CONFIG:
    case VHOST_VDPA_SET_CONFIG:
        check_config(rules, line);
        break;
    case VHOST_VDPA_GET_CONFIG_SIZE:
        rules->has_config_size = !line->failed;
        rules->config_size = line->values[TRACE_FIELD_SIZE];
        break;
    case VHOST_VDPA_SET_CONFIG_CALL:
        set_config_call(rules, line);
        break;
    case VHOST_VDPA_SUSPEND:
        check_suspend(rules, VHOST_BACKEND_F_SUSPEND);
        rules->is_suspended |= !line->failed;
        break;
    case VHOST_VDPA_RESUME:
        check_suspend(rules, VHOST_BACKEND_F_RESUME);
        rules->is_suspended = rules->is_suspended && line->failed;
        break;
    default:
        break;
    }
}
