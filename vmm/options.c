/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c: the command line as plain values: which command it is, and the
 * options that all have. Those of one command are in options_COMMAND.c.
 */
#include "vmm/options.h"

#include "vmm/bytes.h"
#include "vmm/escape_keys.h"
#include "vmm/nearest_word.h"
#include "vmm/options_private.h"

#include <string.h>

static const struct {
    const char *name;
    enum options_command command;
    int (*parse)(struct option_parser *parser);
} commands[] = {
    {"run", COMMAND_RUN, options_parse_run},
    {"vduse", COMMAND_VDUSE, options_parse_vduse},
    {"doctor", COMMAND_DOCTOR, options_parse_doctor},
    {"vdpa", COMMAND_VDPA, options_parse_vdpa},
    {"pause", COMMAND_CONTROL, options_parse_control},
    {"resume", COMMAND_CONTROL, options_parse_control},
    {"status", COMMAND_CONTROL, options_parse_control},
    {"net", COMMAND_NET, options_parse_net},
    {"trace", COMMAND_TRACE, options_parse_trace},
};

int options_set_quiet(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->log_level = LOG_LEVEL_ERROR;
    return 0;
}

int options_set_verbose(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->log_level = LOG_LEVEL_DEBUG;
    return 0;
}

int options_ask_for_help(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->wants_help = true;
    parser->done = true;
    return 0;
}

static int fail_unknown_command(struct option_parser *parser,
                                const char *command)
{
    const char *words[ARRAY_SIZE(commands)], *nearest;

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        words[i] = commands[i].name;
    nearest = nearest_word(command, words, ARRAY_SIZE(words));

    if (nearest != NULL)
        return option_parser_fail(parser,
                                  "unknown command \"%s\": did you mean "
                                  "\"%s\"? \"vmm --help\" says more",
                                  command, nearest);
    return option_parser_fail(parser,
                              "unknown command \"%s\": \"vmm run KERNEL\" "
                              "starts a guest, \"vmm --help\" says more",
                              command);
}

/* "vmm help COMMAND" as others have it; NULL: "vmm help". */
static int ask_for_help_of(struct option_parser *parser, const char *command)
{
    struct options *options = parser->results;

    if (parser->argc > 3)
        return option_parser_fail(parser,
                                  "unexpected \"%s\": \"vmm help\" takes one "
                                  "command",
                                  parser->argv[3]);
    options->wants_help = true;
    for (size_t i = 0; command != NULL && i < ARRAY_SIZE(commands); i++) {
        if (strcmp(command, commands[i].name) == 0) {
            options->command = commands[i].command;
            return 0;
        }
    }
    return command != NULL ? fail_unknown_command(parser, command) : 0;
}

int options_parse(struct options *options, int argc, char *const argv[],
                  char *error, size_t error_size)
{
    struct option_parser parser = {
        .results = options,
        .argc = argc,
        .argv = argv,
        .next = 2,
        .error_size = error_size,
    };
    const char *command = argc > 1 ? argv[1] : NULL;

    parser.error = error;
    *options = (struct options){
        .memory = 512 * MIB,
        .numa_node = -1,
        .ready_fd = -1,
        .cpus = 1,
        .escape_key = ESCAPE_KEY_DEFAULT,
        .log_level = LOG_LEVEL_INFO,
    };
    if (command == NULL)
        return option_parser_fail(
            &parser, "no command: \"vmm run KERNEL\" starts a guest, "
                     "\"vmm --help\" says more");
    if (strcmp(command, "help") == 0)
        return ask_for_help_of(&parser, argc > 2 ? argv[2] : NULL);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (strcmp(command, commands[i].name) == 0) {
            options->command = commands[i].command;
            return commands[i].parse(&parser);
        }
    }
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0)
        options->wants_help = true;
    else if (strcmp(command, "--version") == 0 || strcmp(command, "-V") == 0)
        options->command = COMMAND_VERSION;
    else
        return fail_unknown_command(&parser, command);
    return 0;
}
