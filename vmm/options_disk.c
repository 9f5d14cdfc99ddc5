/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_disk.c: "--disk root.img,snapshot".
 */
#include "vmm/options_private.h"

#include "vmm/bytes.h"
#include "vmm/key_value.h"

#include <string.h>

static const struct key_value_rule rules[] = {
    {"path", false},
    {"ro", false},
    {"snapshot", false},
};

static const struct key_value *find_flag(const struct key_value_list *list,
                                         const char *key, const char **bad)
{
    const struct key_value *item = key_value_find(list, key);

    if (item && item->value)
        *bad = key;
    return item;
}

int options_add_disk(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    struct disk_options *disk = &options->disks[options->disk_count];
    char reason[OPTIONS_MAX_ERROR];
    const struct key_value *path;
    struct key_value_list list;
    const char *bad = NULL;

    if (options->disk_count == OPTIONS_MAX_DISKS)
        return option_parser_fail(parser, "--disk: more than %d disks",
                                  OPTIONS_MAX_DISKS);
    if (key_value_parse(&list, value, "path", rules, ARRAY_SIZE(rules), reason,
                        sizeof(reason)) != 0)
        return option_parser_fail(parser, "--disk: %s", reason);
    path = key_value_find(&list, "path");
    if (!path || !path->value || path->value[0] == '\0')
        return option_parser_fail(parser,
                                  "--disk: \"%s\" names no file: give one such "
                                  "as root.img,snapshot",
                                  value);
    disk->is_read_only = find_flag(&list, "ro", &bad);
    disk->is_snapshot = find_flag(&list, "snapshot", &bad);
    if (bad)
        return option_parser_fail(
            parser, "--disk: %s takes no value: give \"%s\" or leave it out",
            bad, bad);
    if (disk->is_read_only && disk->is_snapshot)
        return option_parser_fail(
            parser, "--disk: ro and snapshot: give one of them: nothing is "
                    "written to a disk that is read-only");
    memcpy(disk->path, path->value, strlen(path->value) + 1);
    options->disk_count++;
    return 0;
}
