/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_control.c: the options of the commands that ask something of a
 * running vmm: their first operand is its socket.
 */
#include "vmm/options_private.h"

static int set_socket(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    if (options->control.socket != NULL)
        return option_parser_fail(parser,
                                  "unexpected \"%s\": the socket is \"%s\" "
                                  "already",
                                  value, options->control.socket);
    if (value[0] == '\0')
        return option_parser_fail(parser, "the socket's name is empty");
    options->control.socket = value;
    return 0;
}

static const struct option_rule control_rules[] = {
    {"help", 'h', TAKES_NOTHING, NULL, options_ask_for_help},
};

int options_parse_control(struct option_parser *parser)
{
    struct options *options = parser->results;
    int error;

    /* The words of the command line are those of the protocol. */
    options->control.request = parser->argv[1];
    parser->command = options->control.request;
    parser->rules = control_rules;
    parser->num_rules = ARRAY_SIZE(control_rules);
    parser->add_operand = set_socket;
    error = option_parser_run(parser);
    if (error < 0 || parser->done)
        return error;
    if (options->control.socket == NULL)
        return option_parser_fail(parser, "no socket: give that of a \"vmm run "
                                          "--control SOCKET\"");
    return 0;
}
