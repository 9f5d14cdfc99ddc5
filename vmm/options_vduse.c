/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_vduse.c: the options of "vmm vduse".
 */
#include "vmm/options_private.h"

#include "vmm/bytes.h"
#include "vmm/net_keys.h"
#include "vmm/option_values.h"

#include <limits.h>
#include <string.h>

static int set_name(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    if (options->vduse.name != NULL)
        return option_parser_fail(parser,
                                  "unexpected \"%s\": the device's name is "
                                  "\"%s\" already",
                                  value, options->vduse.name);
    if (value[0] == '\0' || value[0] == '-' || value[0] == '.' ||
        strchr(value, '/') != NULL)
        return option_parser_fail(parser,
                                  "\"%s\" is no device's name: give one such "
                                  "as net0, without \"/\", that begins "
                                  "neither with \"-\" nor \".\"",
                                  value);
    if (strlen(value) > OPTIONS_MAX_DEVICE_NAME)
        return option_parser_fail(parser,
                                  "the device's name is longer than %d bytes",
                                  OPTIONS_MAX_DEVICE_NAME);
    options->vduse.name = value;
    return 0;
}

static int set_vduse_net(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;
    struct net_options *net = &options->vduse.net;
    char reason[OPTIONS_MAX_ERROR];

    if (net->name[0] != '\0')
        return option_parser_fail(parser,
                                  "--net: \"%s\" is a second network: a "
                                  "device has one",
                                  value);
    if (net_options_parse(net, value, reason, sizeof(reason)) < 0)
        return option_parser_fail(parser, "--net: %s", reason);
    if (net_kind_is_vdpa(net->kind))
        return option_parser_fail(
            parser,
            "--net: \"%s\" is a vDPA device already, for \"vmm run\": "
            "give user, tap=tap0 or peer=/run/net0.sock",
            value);
    if (guest_net_given_key(&net->guest) != NULL)
        return option_parser_fail(
            parser, "--net: %s: give it to \"vmm run\", whose guest it is for",
            guest_net_given_key(&net->guest));
    return 0;
}

/* For the options that may as well stand in --net. */
static int set_in_net(struct option_parser *parser, const char *value,
                      int (*set)(struct net_options *net, const char *value,
                                 char *error, size_t error_size))
{
    struct options *options = parser->results;
    char reason[OPTIONS_MAX_ERROR];

    if (set(&options->vduse.net, value, reason, sizeof(reason)) < 0)
        return option_parser_fail(parser, "--%s: %s", parser->option, reason);
    return 0;
}

static int set_mac(struct option_parser *parser, const char *value)
{
    return set_in_net(parser, value, net_keys_set_mac);
}

static int set_mtu(struct option_parser *parser, const char *value)
{
    return set_in_net(parser, value, net_keys_set_mtu);
}

static int set_polling(struct option_parser *parser, const char *value)
{
    return set_in_net(parser, value, net_keys_set_polling);
}

static int set_reconnect(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->vduse.reconnect = true;
    return 0;
}

static int set_ready_fd(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    return options_read_descriptor(parser, value, &options->vduse.ready_fd);
}

static const struct option_rule vduse_rules[] = {
    {"net", 'n', TAKES_VALUE, "user", set_vduse_net},
    {"mac", 0, TAKES_VALUE, "52:54:00:12:34:56", set_mac},
    {"mtu", 0, TAKES_VALUE, "1500", set_mtu},
    {"poll", 0, TAKES_VALUE, "auto", set_polling},
    {"reconnect", 0, TAKES_NOTHING, NULL, set_reconnect},
    {"ready-fd", 0, TAKES_VALUE, "3", set_ready_fd},
    {"quiet", 'q', TAKES_NOTHING, NULL, options_set_quiet},
    {"verbose", 'v', TAKES_NOTHING, NULL, options_set_verbose},
    {"help", 'h', TAKES_NOTHING, NULL, options_ask_for_help},
};

int options_parse_vduse(struct option_parser *parser)
{
    struct options *options = parser->results;
    struct vduse_options *vduse = &options->vduse;
    int error;

    vduse->ready_fd = -1;
    parser->command = "vduse";
    parser->rules = vduse_rules;
    parser->num_rules = ARRAY_SIZE(vduse_rules);
    parser->add_operand = set_name;
    error = option_parser_run(parser);
    if (error < 0 || parser->done)
        return error;

    if (vduse->name == NULL)
        return option_parser_fail(
            parser, "no device: give its name, as in \"vmm vduse net0\"; "
                    "\"vmm vduse --help\" lists the options");
    if (vduse->net.name[0] == '\0')
        return set_vduse_net(parser, "user");
    return 0;
}
