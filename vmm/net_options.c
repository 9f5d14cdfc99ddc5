/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_options.c: what --net says about a network card: the list of keys.
 */
#include "vmm/net_options.h"

#include "vmm/nearest_word.h"
#include "vmm/net_keys.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAX_REASON 512 /* bytes, with the final NUL */

/* NULL after the last one. */
static const char *next_item(const char *item)
{
    const char *comma = strchr(item, ',');

    return comma == NULL ? NULL : comma + 1;
}

/* The kind whose key this is, or -1. */
static int kind_of_word(const char *word, size_t length)
{
    for (int i = 0; i < NET_KINDS; i++) {
        const char *key = net_kind_key((enum net_kind)i);

        if (strlen(key) == length && strncmp(key, word, length) == 0)
            return i;
    }
    return -1;
}

#define KINDS                                                                  \
    "vdpa=/dev/vhost-vdpa-0, vdpa-fd=3, user, tap=tap0 or peer=/run/net0.sock"

static int fail_kindless(const char *text, char *error, size_t error_size)
{
    const char *words[NET_KINDS], *nearest = NULL;
    size_t length = strcspn(text, "=,");
    char typed[64];

    for (int i = 0; i < NET_KINDS; i++)
        words[i] = net_kind_key((enum net_kind)i);
    snprintf(typed, sizeof(typed), "%.*s", (int)length, text);
    if (net_keys_find(text, length) == NULL)
        nearest = nearest_word(typed, words, ARRAY_SIZE(words));
    if (nearest != NULL)
        snprintf(error, error_size,
                 "\"%.128s\" names no network: did you mean \"%s\"? "
                 "Give " KINDS,
                 text, nearest);
    else
        snprintf(error, error_size, "\"%.128s\" names no network: give " KINDS,
                 text);
    return -EINVAL;
}

/* Exactly one kind must be named, wherever in the list. */
static int find_kind(const char *text, enum net_kind *kind, char *error,
                     size_t error_size)
{
    int found = text[0] == '/' ? NET_VDPA : -1;

    for (const char *item = text; item != NULL; item = next_item(item)) {
        int other = kind_of_word(item, strcspn(item, "=,"));

        if (found >= 0 && other >= 0 && found != other) {
            snprintf(error, error_size,
                     "\"%s\" and \"%s\" are two networks: give each a --net "
                     "of its own",
                     net_kind_key((enum net_kind)found),
                     net_kind_key((enum net_kind)other));
            return -EINVAL;
        }
        if (other >= 0)
            found = other;
    }
    if (found < 0)
        return fail_kindless(text, error, error_size);
    *kind = (enum net_kind)found;
    return 0;
}

/* A key of other kinds is no typing error, so no near miss is looked for. */
static int refuse_keys_of_others(const struct net_options *net,
                                 const char *text, char *error,
                                 size_t error_size)
{
    const struct net_key *key = NULL, *keys;
    char known[128] = "";
    size_t used = 0;
    unsigned count;

    for (const char *item = text; item != NULL; item = next_item(item)) {
        key = net_keys_find(item, strcspn(item, "=,"));
        if (key != NULL && !net_keys_fit(key, net))
            break;
        key = NULL;
    }
    if (key == NULL)
        return 0;
    if (key->why_not != NULL) {
        snprintf(error, error_size, "%s has no \"%s\": %s",
                 net_kind_key(net->kind), key->rule.key, key->why_not);
        return -EINVAL;
    }
    keys = net_keys_all(&count);
    for (unsigned i = 0; i < count && used < sizeof(known); i++) {
        if (net_keys_fit(&keys[i], net))
            used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
                                     used == 0 ? "" : ", ", keys[i].rule.key);
    }
    snprintf(error, error_size, "%s has no \"%s\": known are %s",
             net->is_any_type ? "a device of any type"
                              : net_kind_key(net->kind),
             key->rule.key, known);
    return -EINVAL;
}

int net_options_parse(struct net_options *net, const char *text, char *error,
                      size_t error_size)
{
    struct key_value_rule rules[KEY_VALUE_MAX_RULES];
    struct key_value_list list = {.count = 0};
    unsigned num_keys, num_rules = 0;
    const struct net_key *keys = net_keys_all(&num_keys);

    if (find_kind(text, &net->kind, error, error_size) < 0 ||
        refuse_keys_of_others(net, text, error, error_size) < 0)
        return -EINVAL;
    for (unsigned i = 0; i < num_keys; i++) {
        if (!net_keys_fit(&keys[i], net))
            continue;
        assert(num_rules < KEY_VALUE_MAX_RULES);
        rules[num_rules++] = keys[i].rule;
    }
    if (key_value_parse(&list, text, text[0] == '/' ? "vdpa" : NULL, rules,
                        num_rules, error, error_size) < 0)
        return -EINVAL;

    for (unsigned i = 0; i < list.count; i++) {
        const struct key_value *item = &list.items[i];
        const char *value = item->value == NULL ? "" : item->value;
        const struct net_key *key = net_keys_find(item->key, strlen(item->key));
        char reason[MAX_REASON];

        assert(key != NULL); /* one of the rules */
        if (key->set(net, value, reason, sizeof(reason)) < 0) {
            snprintf(error, error_size, "%s %s", item->key, reason);
            return -EINVAL;
        }
    }
    return guest_net_check(&net->guest, error, error_size);
}

int net_options_parse_vdpa(struct net_options *net, const char *text,
                           char *error, size_t error_size)
{
    enum net_kind kind = NET_VDPA;

    if (text[0] != '/' && (find_kind(text, &kind, error, error_size) < 0 ||
                           !net_kind_is_vdpa(kind))) {
        snprintf(error, error_size,
                 "\"%.128s\" names no device: give /dev/vhost-vdpa-0 or "
                 "vdpa-fd=3",
                 text);
        return -EINVAL;
    }
    net->is_any_type = true;
    return net_options_parse(net, text, error, error_size);
}

int net_options_resolve(struct net_options *net, uint32_t device_id,
                        char *error, size_t error_size)
{
    for (unsigned i = 0; i < net->num_wishes; i++) {
        char reason[MAX_REASON];

        if (feature_wishes_add(&net->features, device_id, net->wishes[i],
                               reason, sizeof(reason)) < 0) {
            snprintf(error, error_size, "features %s", reason);
            return -EINVAL;
        }
    }
    net->num_wishes = 0;
    return 0;
}
