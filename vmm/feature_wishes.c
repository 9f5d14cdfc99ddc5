/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feature_wishes.c: which features of a device its driver is not to see, and
 * which it must be offered.
 */
#include "vmm/feature_wishes.h"

#include "vmm/feature_names.h"
#include "vmm/log.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <stdio.h>

static int fail_name(uint32_t device_id, const char *text, char *error,
                     size_t error_size)
{
    const char *nearest = feature_names_nearest(device_id, text + 1);
    const char *list =
        device_id == VIRTIO_ID_NET ? "\"vmm run --help\"" : "vmm(1)";

    if (nearest != NULL)
        snprintf(error, error_size,
                 "\"%.64s\" names no feature: did you mean \"%c%s\"? %s lists "
                 "the names",
                 text, text[0], nearest, list);
    else
        snprintf(error, error_size,
                 "\"%.64s\" names no feature: %s lists the names", text, list);
    return -EINVAL;
}

/* What no guest could do without, or does not decide. */
static const char *why_not(char sign, int bit)
{
    if (bit == VIRTIO_F_VERSION_1 && sign == '-')
        return "no guest can use the device without it";
    if (bit == VIRTIO_F_ACCESS_PLATFORM)
        return "it is set by the VMM and no guest sees it";
    return NULL;
}

int feature_wishes_add(struct feature_wishes *wishes, uint32_t device_id,
                       const char *text, char *error, size_t error_size)
{
    const char sign = text[0];
    uint64_t *same = sign == '-' ? &wishes->hidden : &wishes->required;
    uint64_t *other = sign == '-' ? &wishes->required : &wishes->hidden;
    const char *reason;
    int bit;

    if ((sign != '-' && sign != '+') || text[1] == '\0') {
        snprintf(error, error_size,
                 "\"%s\" says neither: give a minus to hide a feature or a "
                 "plus to insist on one, such as -mrg_rxbuf",
                 text);
        return -EINVAL;
    }
    bit = feature_names_find(device_id, text + 1);
    if (bit < 0)
        return fail_name(device_id, text, error, error_size);
    reason = why_not(sign, bit);
    if (reason == NULL && *other & UINT64_C(1) << bit)
        reason = "it is wished otherwise, too: give one of both";
    if (reason != NULL) {
        snprintf(error, error_size, "\"%s\" cannot be: %s", text, reason);
        return -EINVAL;
    }
    *same |= UINT64_C(1) << bit;
    return 0;
}

/* Of the lowest bit that is set. */
static int refuse(const char *name, uint32_t device_id, const char *what,
                  uint64_t bits, const char *why)
{
    unsigned bit = (unsigned)__builtin_ctzll(bits);
    const char *known = feature_names_get(device_id, bit);

    log_error("%s: refusing to %s feature %u (%s): %s", name, what, bit,
              known != NULL ? known : "nameless", why);
    return -ENOTSUP;
}

int feature_wishes_check(const struct feature_wishes *wishes, const char *name,
                         uint32_t device_id, uint64_t features, uint64_t shown)
{
    const uint64_t missing = wishes->required & ~shown;

    if (wishes->hidden & ~features)
        return refuse(name, device_id, "hide", wishes->hidden & ~features,
                      "the device lacks it: leave it out");
    if (missing & ~features)
        return refuse(name, device_id, "go without", missing & ~features,
                      "the device lacks it: take another one, or do not "
                      "insist on it");
    if (missing)
        return refuse(name, device_id, "go without", missing,
                      "the device has it, but it cannot be offered: either "
                      "the VMM cannot carry it, or what it depends on is "
                      "missing or hidden");
    return 0;
}
