/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * key_value.c: lists such as "/dev/vhost-vdpa-0,mac=52:54:00:12:34:56,flag".
 */
#include "vmm/key_value.h"

#include "vmm/nearest_word.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct key_value_rule *
find_rule(const char *key, const struct key_value_rule *rules, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(key, rules[i].key) == 0)
            return &rules[i];
    }
    return NULL;
}

/* "unknown key "mca": did you mean "mac"? Known are vdpa, mac" */
static void describe_unknown_key(const char *key,
                                 const struct key_value_rule *rules,
                                 unsigned count, char *error, size_t error_size)
{
    const char *keys[KEY_VALUE_MAX_RULES], *nearest;
    char known[KEY_VALUE_MAX_RULES * 16] = "";
    size_t used = 0;

    for (unsigned i = 0; i < count; i++) {
        keys[i] = rules[i].key;
        if (used < sizeof(known))
            used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
                                     i == 0 ? "" : ", ", keys[i]);
    }
    nearest = nearest_word(key, keys, count);
    if (nearest != NULL)
        snprintf(error, error_size,
                 "unknown key \"%s\": did you mean \"%s\"? Known are %s", key,
                 nearest, known);
    else
        snprintf(error, error_size, "unknown key \"%s\": known are %s", key,
                 known);
}

/* Makes `item` of the NUL-terminated "key=value", "key" or, when `first_key`
 * is not NULL, "value". */
static void split_item(char *text, const char *first_key,
                       struct key_value *item)
{
    char *equals = strchr(text, '=');

    *item = (struct key_value){.key = text};
    if (equals != NULL) {
        *equals = '\0';
        item->value = equals + 1;
    } else if (first_key != NULL) {
        *item = (struct key_value){.key = first_key, .value = text};
    }
}

static int add_item(struct key_value_list *list, struct key_value item,
                    const struct key_value_rule *rules, unsigned count,
                    char *error, size_t error_size)
{
    const struct key_value_rule *rule = find_rule(item.key, rules, count);

    if (rule == NULL) {
        describe_unknown_key(item.key, rules, count, error, error_size);
        return -EINVAL;
    }
    if (!rule->may_repeat && key_value_find(list, item.key) != NULL) {
        snprintf(error, error_size, "\"%s\" is given twice", item.key);
        return -EINVAL;
    }
    if (list->count == KEY_VALUE_MAX_ITEMS) {
        snprintf(error, error_size, "more than %d items", KEY_VALUE_MAX_ITEMS);
        return -EINVAL;
    }
    list->items[list->count++] = item;
    return 0;
}

int key_value_parse(struct key_value_list *list, const char *text,
                    const char *first_key, const struct key_value_rule *rules,
                    unsigned count, char *error, size_t error_size)
{
    char *rest = list->text;

    assert(count <= KEY_VALUE_MAX_RULES);
    list->count = 0;
    if (strlen(text) >= sizeof(list->text)) {
        snprintf(error, error_size, "longer than %d bytes",
                 KEY_VALUE_MAX_TEXT - 1);
        return -EINVAL;
    }
    memcpy(list->text, text, strlen(text) + 1);

    for (char *item_text; (item_text = strsep(&rest, ",")) != NULL;) {
        struct key_value item;

        if (item_text[0] == '\0') {
            snprintf(error, error_size, "\"%s\" has an empty item", text);
            return -EINVAL;
        }
        split_item(item_text, list->count == 0 ? first_key : NULL, &item);
        if (add_item(list, item, rules, count, error, error_size) < 0)
            return -EINVAL;
    }
    return 0;
}

const struct key_value *key_value_find(const struct key_value_list *list,
                                       const char *key)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].key, key) == 0)
            return &list->items[i];
    }
    return NULL;
}
