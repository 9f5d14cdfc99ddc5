/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * key_value.h: lists such as "/dev/vhost-vdpa-0,mac=52:54:00:12:34:56,flag".
 */
#ifndef VMM_KEY_VALUE_H
#define VMM_KEY_VALUE_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>

#define KEY_VALUE_MAX_RULES 16
#define KEY_VALUE_MAX_ITEMS 32
#define KEY_VALUE_MAX_TEXT  1024 /* bytes, with the final NUL */

struct key_value_rule {
    const char *key;
    bool may_repeat;
};

struct key_value {
    const char *key;
    const char *value; /* NULL for a bare key: a flag */
};

/* Keeps a copy of the text, into which the items point: not to be copied. */
struct key_value_list {
    struct key_value items[KEY_VALUE_MAX_ITEMS];
    unsigned count;
    char text[KEY_VALUE_MAX_TEXT];
};

/*
 * Takes `text` apart. A first item without "=" is the value of `first_key`;
 * with NULL there it is a flag like any other. Every key must be one of those
 * of the `count` rules, up to KEY_VALUE_MAX_RULES. -EINVAL with the reason,
 * without a newline, in `error`.
 */
int key_value_parse(struct key_value_list *list, const char *text,
                    const char *first_key, const struct key_value_rule *rules,
                    unsigned count, char *error, size_t error_size) MUST_CHECK;

/* The first item of this key, NULL when the list has none. */
const struct key_value *key_value_find(const struct key_value_list *list,
                                       const char *key);

#endif
