/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_script.c: the options of "vmm run" for programs that start it: where
 * they read what it says, how they learn that it is ready, and that it ends
 * with them.
 */
#include "vmm/options_private.h"

#include "vmm/arch.h"
#include "vmm/option_values.h"

#include <limits.h>
#include <string.h>

int options_read_descriptor(struct option_parser *parser, const char *value,
                            int *fd)
{
    uint64_t number;
    const char *rest = option_read_number(value, &number);

    if (rest == NULL || *rest != '\0' || number > INT_MAX)
        return option_parser_fail(
            parser, "--%s: \"%s\" is not the number of a descriptor",
            parser->option, value);
    *fd = (int)number;
    return 0;
}

int options_set_ready_fd(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    return options_read_descriptor(parser, value, &options->ready_fd);
}

int options_set_pidfile(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    options->pidfile = value;
    return 0;
}

int options_set_log(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    options->log = value;
    return 0;
}

int options_set_dump_dtb(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    if (!arch_machine_layout()->has_device_tree)
        return option_parser_fail(parser,
                                  "--dump-dtb: this machine has no device "
                                  "tree: ACPI describes it");
    options->device_tree_file = value;
    return 0;
}

int options_set_pdeathsig(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->dies_with_parent = true;
    return 0;
}

int options_set_dry_run(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->is_dry_run = true;
    return 0;
}

void options_note_given(struct option_parser *parser,
                        const struct option_rule *rule, const char *value)
{
    struct options *options = parser->results;

    if (options->num_given < OPTIONS_MAX_GIVEN)
        options->given[options->num_given] =
            (struct given_option){rule->name, value};
    options->num_given++;
}

int options_check_dry_run(struct option_parser *parser)
{
    const struct options *options = parser->results;

    if (options->is_dry_run && options->num_given > OPTIONS_MAX_GIVEN)
        return option_parser_fail(parser, "--dry-run: more than %d options",
                                  OPTIONS_MAX_GIVEN);
    return 0;
}

/* Each would cut off what the other wrote. Devices, as /dev/null, take any. */
int options_check_outputs(struct option_parser *parser)
{
    const struct options *options = parser->results;
    const struct {
        const char *option, *path;
    } outputs[] = {
        {"report", options->report},
        {"counts", options->counts},
        {"log", options->log},
        {"kmsg", options->kmsg},
        {"trace", options->trace},
        {"pidfile", options->pidfile},
        {"dump-dtb", options->device_tree_file},
    };

    for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
        for (size_t j = 0; j < i; j++) {
            const char *path = outputs[i].path;

            if (path == NULL || outputs[j].path == NULL ||
                strcmp(path, outputs[j].path) != 0 ||
                strncmp(path, "/dev/", 5) == 0)
                continue;
            return option_parser_fail(
                parser, "--%s and --%s: both are \"%s\": give each its own",
                outputs[j].option, outputs[i].option, path);
        }
    }
    return 0;
}
