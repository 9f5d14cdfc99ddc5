/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feature_wishes.h: which features of a device its driver is not to see, and
 * which it must be offered: "-packed", "+mq".
 */
#ifndef VMM_FEATURE_WISHES_H
#define VMM_FEATURE_WISHES_H

#include "vmm/compiler.h"

#include <stddef.h>
#include <stdint.h>

/* Zeroed: none. No bit stands in both, VERSION_1 is not hidden, and
 * ACCESS_PLATFORM, which no guest sees, is in neither. */
struct feature_wishes {
    uint64_t hidden, required; /* feature bits of the device */
};

/* Adds "-NAME" or "+NAME", for a device of type `device_id` (VIRTIO_ID_*).
 * -EINVAL with the reason, to be put after the name of the option, in
 * `error`. */
int feature_wishes_add(struct feature_wishes *wishes, uint32_t device_id,
                       const char *text, char *error,
                       size_t error_size) MUST_CHECK;

/* Whether a device can do as wished: -ENOTSUP, logged with its `name`, when it
 * lacks, by its own `features`, what is to be hidden, or what is required is
 * not among those that its driver is `shown`. */
int feature_wishes_check(const struct feature_wishes *wishes, const char *name,
                         uint32_t device_id, uint64_t features,
                         uint64_t shown) MUST_CHECK;

#endif
