/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_doctor.c: the options of "vmm doctor" and "vmm vdpa".
 */
#include "vmm/options_private.h"

#include <string.h>

static int set_json(struct option_parser *parser, const char *value)
{
    struct options *options = parser->results;

    (void)value;
    options->doctor.wants_json = true;
    return 0;
}

static const struct option_rule doctor_rules[] = {
    {"json", 0, TAKES_NOTHING, NULL, set_json},
    {"quiet", 'q', TAKES_NOTHING, NULL, options_set_quiet},
    {"verbose", 'v', TAKES_NOTHING, NULL, options_set_verbose},
    {"help", 'h', TAKES_NOTHING, NULL, options_ask_for_help},
};

static const struct option_rule vdpa_rules[] = {
    {"quiet", 'q', TAKES_NOTHING, NULL, options_set_quiet},
    {"verbose", 'v', TAKES_NOTHING, NULL, options_set_verbose},
    {"help", 'h', TAKES_NOTHING, NULL, options_ask_for_help},
};

static int refuse_operand(struct option_parser *parser, const char *argument)
{
    return option_parser_fail(parser,
                              "unexpected \"%s\": \"vmm doctor\" looks "
                              "at the whole host",
                              argument);
}

int options_parse_doctor(struct option_parser *parser)
{
    parser->command = "doctor";
    parser->rules = doctor_rules;
    parser->num_rules = ARRAY_SIZE(doctor_rules);
    parser->add_operand = refuse_operand;
    return option_parser_run(parser);
}

static int add_vdpa_operand(struct option_parser *parser, const char *argument)
{
    struct options *options = parser->results;
    struct vdpa_options *vdpa = &options->vdpa;

    if (!vdpa->is_asked_for) {
        if (strcmp(argument, "show") != 0)
            return option_parser_fail(
                parser,
                "unknown action \"%s\": \"vmm vdpa show\" "
                "tells what devices there are",
                argument);
        vdpa->is_asked_for = true;
        return 0;
    }
    if (vdpa->path != NULL)
        return option_parser_fail(parser,
                                  "unexpected \"%s\": the device is \"%s\" "
                                  "already",
                                  argument, vdpa->path);
    vdpa->path = argument;
    return 0;
}

int options_parse_vdpa(struct option_parser *parser)
{
    const struct options *options = parser->results;
    int error;

    parser->command = "vdpa";
    parser->rules = vdpa_rules;
    parser->num_rules = ARRAY_SIZE(vdpa_rules);
    parser->add_operand = add_vdpa_operand;
    error = option_parser_run(parser);
    if (error < 0 || parser->done)
        return error;
    if (!options->vdpa.is_asked_for)
        return option_parser_fail(parser,
                                  "no action: \"vmm vdpa show\" tells what "
                                  "devices there are");
    return 0;
}
