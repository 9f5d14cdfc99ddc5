/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_net.c: the options of "vmm net add" and "vmm net remove".
 */
#include "vmm/options_private.h"

#include "vmm/nearest_word.h"

#include <ctype.h>
#include <string.h>

/* The words of the command line are those of the protocol. */
static const struct {
    const char *name, *request, *forced; /* NULL: cannot be */
    const char *argument, *example;
} actions[] = {
    {"add", "net add", NULL, "network", "vdpa=/dev/vhost-vdpa-0"},
    {"remove", "net remove", "net remove --force", "network card's name",
     "net0"},
};

static int set_action(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    const char *words[ARRAY_SIZE(actions)], *nearest;

    for (unsigned i = 0; i < ARRAY_SIZE(actions); i++) {
        words[i] = actions[i].name;
        if (strcmp(value, words[i]) == 0) {
            options->net_request.action = i;
            options->control.request = actions[i].request;
            return 0;
        }
    }
    nearest = nearest_word(value, words, ARRAY_SIZE(words));
    return option_parser_fail(parser, "net: unknown \"%s\": %s \"%s\"%s", value,
                              nearest ? "did you mean" : "give",
                              nearest ? nearest : "add\" or \"remove",
                              nearest ? "?" : "");
}

/* It is to be the rest of a line. */
static bool is_text(const char *value)
{
    for (; *value != '\0'; value++)
        if (iscntrl((unsigned char)*value))
            return false;
    return true;
}

static int add_operand(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    struct control_options *control = &options->control;

    if (control->request == NULL)
        return set_action(parser, value);
    if (control->argument != NULL)
        return option_parser_fail(
            parser, "unexpected \"%s\": the %s is \"%s\" already", value,
            actions[options->net_request.action].argument, control->argument);
    if (value[0] == '\0')
        return option_parser_fail(
            parser, "the %s is empty",
            control->socket == NULL
                ? "socket's name"
                : actions[options->net_request.action].argument);
    if (control->socket == NULL) {
        control->socket = value;
        return 0;
    }
    if (!is_text(value))
        return option_parser_fail(
            parser, "\"%s\" holds control characters: it cannot be a %s", value,
            actions[options->net_request.action].argument);
    control->argument = value;
    return 0;
}

static int set_force(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->net_request.force = true;
    return 0;
}

static const struct option_rule net_rules[] = {
    {"force", 0, TAKES_NOTHING, NULL, set_force},
    {"help", 'h', TAKES_NOTHING, NULL, options_ask_for_help},
};

/* What the vmm there would refuse need not be asked. */
static int check_network(struct option_parser *parser,
                         const struct control_options *control)
{
    struct net_options net = {0};
    char reason[OPTIONS_MAX_ERROR];

    if (net_options_parse(&net, control->argument, reason, sizeof(reason)) != 0)
        return option_parser_fail(parser, "net add: %s", reason);
    if (net.kind == NET_VDPA_FD)
        return option_parser_fail(
            parser,
            "net add: a descriptor cannot be passed to the vmm there: "
            "give vdpa=PATH instead of \"%s\"",
            control->argument);
    if (guest_net_given_key(&net.guest) != NULL)
        return option_parser_fail(
            parser,
            "net add: %s: set the card up in the guest, which runs already",
            guest_net_given_key(&net.guest));
    return 0;
}

int options_parse_net(struct option_parser *parser)
{
    struct options *options = parser->results;
    struct control_options *control = &options->control;
    unsigned action;
    int error;

    parser->command = "net";
    parser->rules = net_rules;
    parser->num_rules = ARRAY_SIZE(net_rules);
    parser->add_operand = add_operand;
    error = option_parser_run(parser);
    if (error < 0 || parser->done)
        return error;

    action = options->net_request.action;
    if (control->request == NULL)
        return option_parser_fail(
            parser, "no action: \"vmm net add SOCKET NETWORK\" plugs a network "
                    "card in, \"vmm net remove SOCKET NAME\" takes one out");
    if (control->socket == NULL)
        return option_parser_fail(parser, "no socket: give that of a \"vmm run "
                                          "--control SOCKET\"");
    if (control->argument == NULL)
        return option_parser_fail(parser, "no %s: give one such as %s",
                                  actions[action].argument,
                                  actions[action].example);
    if (options->net_request.force && actions[action].forced == NULL)
        return option_parser_fail(parser,
                                  "--force: is for \"vmm net remove\" alone");
    if (options->net_request.force)
        control->request = actions[action].forced;
    return action == 0 ? check_network(parser, control) : 0;
}
