/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_net_queues.c: which queue of a network device is which.
 */
#include "devices/virtio_net_queues.h"

#include "vmm/log.h"

#include <errno.h>
#include <stdbool.h>

#define CONTROL (1ULL << VIRTIO_NET_F_CTRL_VQ)

static bool has_control(uint64_t features)
{
    return features & CONTROL;
}

/* Whether what is negotiated makes more than one pair usable. */
static bool is_multiple(uint64_t features)
{
    return has_control(features) && features & VIRTIO_NET_QUEUES_MULTIPLE;
}

/* How many pairs the device has: 1 unless its number and its queues say
 * more. Features that they contradict become unusable. */
static unsigned count_pairs(struct virtio_net_queues *queues,
                            const struct virtio_net_queues_facts *facts)
{
    if (has_control(facts->features) && facts->num_queues < 3) {
        log_warning("%s: the device offers a control queue, but has %u "
                    "queues: its guest gets none",
                    facts->name, facts->num_queues);
        queues->unusable = CONTROL | VIRTIO_NET_QUEUES_MULTIPLE;
        return 1;
    }
    if (!is_multiple(facts->features))
        return 1;
    /* virtio 1.2, 5.1.4.1: 1 to 0x8000 */
    if (facts->max_pairs < 1 || facts->max_pairs > 0x8000 ||
        2 * facts->max_pairs + 1 > facts->num_queues) {
        log_warning("%s: the device claims %u pairs of queues, but has %u "
                    "queues: its guest gets one pair",
                    facts->name, facts->max_pairs, facts->num_queues);
        queues->unusable = VIRTIO_NET_QUEUES_MULTIPLE;
        return 1;
    }
    return facts->max_pairs;
}

int virtio_net_queues_plan(struct virtio_net_queues *queues,
                           const struct virtio_net_queues_facts *facts)
{
    uint64_t features;

    *queues = (struct virtio_net_queues){.unusable = 0};
    queues->device_pairs = count_pairs(queues, facts);
    if (facts->limit > queues->device_pairs) {
        log_error("%s: queues=%u is more than the device has: %u pair%s of "
                  "queues",
                  facts->name, facts->limit, queues->device_pairs,
                  queues->device_pairs == 1 ? "" : "s");
        return -ERANGE;
    }
    queues->pairs = facts->limit ? facts->limit : queues->device_pairs;
    if (queues->pairs == 1 && queues->device_pairs > 1)
        queues->unusable |= VIRTIO_NET_QUEUES_MULTIPLE;
    features = facts->features & ~queues->unusable;
    queues->count = 2 * queues->pairs + (has_control(features) ? 1 : 0);
    if (queues->count > facts->num_queues)
        queues->count = facts->num_queues;
    return 0;
}

/* The guest's number of its control queue. */
static unsigned control_index(const struct virtio_net_queues *queues,
                              uint64_t features)
{
    return is_multiple(features) ? 2 * queues->pairs : 2;
}

unsigned virtio_net_queues_device_index(const struct virtio_net_queues *queues,
                                        uint64_t features, unsigned index)
{
    if (is_multiple(features) && index == 2 * queues->pairs)
        return 2 * queues->device_pairs;
    return index;
}

const char *virtio_net_queues_role(const struct virtio_net_queues *queues,
                                   uint64_t features, unsigned index)
{
    unsigned control = control_index(queues, features);

    if (queues->pairs == 0)
        return "";
    if (index == control && has_control(features))
        return "control";
    if (index >= control)
        return "";
    return index % 2 == 0 ? "receive" : "transmit";
}
