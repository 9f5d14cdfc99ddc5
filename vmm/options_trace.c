/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_trace.c: --trace of "vmm run", and the options of "vmm trace".
 */
#include "vmm/options_private.h"

#include "vmm/nearest_word.h"

#include <stdio.h>
#include <string.h>

/* Of the one `word` that is known, when another was typed. */
static int fail_unknown(struct option_parser *parser, const char *what,
                        const char *typed, int length, const char *word)
{
    char copy[32]; /* longer than any word that could be meant */
    const char *nearest;

    (void)snprintf(copy, sizeof(copy), "%.*s", length, typed);
    nearest = nearest_word(copy, &word, 1);
    return option_parser_fail(parser, "%s: unknown \"%.*s\": %s \"%s\"%s", what,
                              length, typed,
                              nearest != NULL ? "did you mean" : "give", word,
                              nearest != NULL ? "?" : "");
}

int options_set_trace(struct option_parser *parser, const char *value)
{
    static const char target[] = "vdpa";
    struct options *options = parser->results;
    size_t length = strcspn(value, "=");

    if (length != strlen(target) || memcmp(value, target, length) != 0)
        return fail_unknown(parser, "--trace", value, (int)length, target);
    if (strcmp(value + length, "=") == 0)
        return option_parser_fail(parser,
                                  "--trace: \"%s\" lacks the file's name: give "
                                  "vdpa=trace.txt, or vdpa alone for standard "
                                  "error",
                                  value);
    options->is_traced = true;
    options->trace = value[length] == '=' ? value + length + 1 : NULL;
    return 0;
}

static int add_operand(struct option_parser *parser, const char *value)
{
    static const char action[] = "check";
    struct options *options = parser->results;

    if (!options->trace_check.is_asked_for) {
        if (strcmp(value, action) != 0)
            return fail_unknown(parser, "trace", value, (int)strlen(value),
                                action);
        options->trace_check.is_asked_for = true;
        return 0;
    }
    if (options->trace_check.path != NULL)
        return option_parser_fail(parser,
                                  "unexpected \"%s\": the trace is \"%s\" "
                                  "already",
                                  value, options->trace_check.path);
    if (value[0] == '\0')
        return option_parser_fail(parser, "the trace's name is empty");
    options->trace_check.path = value;
    return 0;
}

static const struct option_rule trace_rules[] = {
    {"quiet", 'q', TAKES_NOTHING, NULL, options_set_quiet},
    {"verbose", 'v', TAKES_NOTHING, NULL, options_set_verbose},
    {"help", 'h', TAKES_NOTHING, NULL, options_ask_for_help},
};

int options_parse_trace(struct option_parser *parser)
{
    const struct options *options = parser->results;
    int error;

    parser->command = "trace";
    parser->rules = trace_rules;
    parser->num_rules = ARRAY_SIZE(trace_rules);
    parser->add_operand = add_operand;
    error = option_parser_run(parser);
    if (error < 0 || parser->done)
        return error;

    if (!options->trace_check.is_asked_for)
        return option_parser_fail(parser,
                                  "no action: \"vmm trace check FILE\" holds a "
                                  "trace against the rules");
    if (options->trace_check.path == NULL)
        return option_parser_fail(
            parser, "no trace: give the file that \"vmm run --trace "
                    "vdpa=FILE\" wrote, as in \"vmm trace check FILE\"");
    return 0;
}
