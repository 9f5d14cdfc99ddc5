/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_keys.h: the keys of --net, and which kind of network has which.
 */
#ifndef VMM_NET_KEYS_H
#define VMM_NET_KEYS_H

#include "vmm/compiler.h"
#include "vmm/key_value.h"
#include "vmm/net_options.h"

#include <stdbool.h>
#include <stddef.h>

#define NET_KEY_FOR(kind)    (1U << (kind))
#define NET_KEY_FOR_ANY_TYPE (1U << NET_KINDS) /* of --vdpa, too */

struct net_key {
    struct key_value_rule rule;
    unsigned kinds; /* that have it: NET_KEY_FOR...() of each */
    /* Takes the value as typed, "" for none: -EINVAL with the reason, to be
     * put after the key, in `error`. */
    int (*set)(struct net_options *net, const char *value, char *error,
               size_t error_size);
    /* Why others do not have it, with what to do; NULL: that is plain. */
    const char *why_not;
};

/* Whether the card that `net` is to be has the key. */
bool net_keys_fit(const struct net_key *key, const struct net_options *net);

/* The key that says that a network is of this kind. */
const char *net_kind_key(enum net_kind kind);

const struct net_key *net_keys_all(unsigned *count);
/* The key that is called the first `length` bytes of `name`, or NULL. */
const struct net_key *net_keys_find(const char *name, size_t length);

/* Each takes a value as typed, once: -EINVAL with the reason, to be put after
 * the name of the option, in `error`. */
int net_keys_set_mac(struct net_options *net, const char *value, char *error,
                     size_t error_size) MUST_CHECK;
int net_keys_set_mtu(struct net_options *net, const char *value, char *error,
                     size_t error_size) MUST_CHECK;
int net_keys_set_polling(struct net_options *net, const char *value,
                         char *error, size_t error_size) MUST_CHECK;

#endif
