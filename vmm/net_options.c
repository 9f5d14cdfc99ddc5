/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_options.c: what --net says about a network card.
 */
#include "vmm/net_options.h"

#include "vmm/key_value.h"
#include "vmm/option_values.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int set_mac(struct net_options *net, const char *value, char *error,
                   size_t error_size)
{
    static const uint8_t zero[6];

    if (value == NULL || !option_read_mac(value, net->mac)) {
        snprintf(error, error_size,
                 "mac \"%s\" is not six hexadecimal bytes "
                 "such as 52:54:00:12:34:56",
                 value == NULL ? "" : value);
        return -EINVAL;
    }
    if ((net->mac[0] & 1) != 0 || memcmp(net->mac, zero, sizeof(zero)) == 0) {
        snprintf(error, error_size,
                 "mac \"%s\" is a group's or nobody's; a "
                 "card's begins with an even byte",
                 value);
        return -EINVAL;
    }
    net->has_mac = true;
    return 0;
}

int net_options_parse(struct net_options *net, const char *text, char *error,
                      size_t error_size)
{
    static const struct key_value_rule rules[] = {{"vdpa", false},
                                                  {"mac", false}};
    struct key_value_list list;
    const struct key_value *item;

    *net = (struct net_options){0};
    /* A path may stand alone; another word is for other kinds of network. */
    if (key_value_parse(&list, text, text[0] == '/' ? "vdpa" : NULL, rules,
                        ARRAY_SIZE(rules), error, error_size) < 0)
        return -EINVAL;

    item = key_value_find(&list, "vdpa");
    if (item == NULL || item->value == NULL || item->value[0] == '\0') {
        snprintf(error, error_size,
                 "\"%s\" names no device: give "
                 "vdpa=/dev/vhost-vdpa-0 or another path",
                 text);
        return -EINVAL;
    }
    if (strlen(item->value) >= sizeof(net->vdpa)) {
        snprintf(error, error_size, "the path is longer than %d bytes",
                 NET_OPTIONS_MAX_PATH - 1);
        return -EINVAL;
    }
    memcpy(net->vdpa, item->value, strlen(item->value) + 1);
    item = key_value_find(&list, "mac");
    return item == NULL ? 0 : set_mac(net, item->value, error, error_size);
}
