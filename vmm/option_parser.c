/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * option_parser.c: a command line by a table of options.
 */
#include "vmm/option_parser.h"

#include "vmm/nearest_word.h"
#include "vmm/option_values.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_NAME 64 /* bytes, with the final NUL: more than any option has */

int option_parser_fail(struct option_parser *parser, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(parser->error, parser->error_size, format, arguments);
    va_end(arguments);
    /* What was typed may hold anything; the message stays one line. */
    for (char *c = parser->error; *c != '\0'; c++) {
        if (iscntrl((unsigned char)*c))
            *c = '?';
    }
    return -EINVAL;
}

int option_parser_choose(struct option_parser *parser, const char *value,
                         const char *const *words, unsigned count)
{
    char reason[OPTION_PARSER_MAX_ERROR];
    int choice =
        option_read_choice(value, words, count, reason, sizeof(reason));

    if (choice < 0)
        return option_parser_fail(parser, "--%s: %s", parser->option, reason);
    return choice;
}

static const struct option_rule *
find_by_name(const struct option_parser *parser, const char *name,
             size_t length)
{
    for (unsigned i = 0; i < parser->num_rules; i++) {
        const struct option_rule *rule = &parser->rules[i];

        if (strlen(rule->name) == length &&
            strncmp(rule->name, name, length) == 0)
            return rule;
    }
    return NULL;
}

static const struct option_rule *
find_by_letter(const struct option_parser *parser, char letter)
{
    for (unsigned i = 0; i < parser->num_rules; i++) {
        if (letter != '\0' && parser->rules[i].letter == letter)
            return &parser->rules[i];
    }
    return NULL;
}

static bool must_have_value(const struct option_rule *rule)
{
    return rule->takes == TAKES_VALUE || rule->takes == TAKES_TEXT;
}

/* `length`: of the option's part of the argument. */
static int fail_unknown(struct option_parser *parser, const char *argument,
                        size_t length)
{
    const char *names[OPTION_PARSER_MAX_RULES];
    const char *name = argument + strspn(argument, "-");
    char typed[MAX_NAME], hint[MAX_NAME + 32] = "";
    const char *nearest;

    for (unsigned i = 0; i < parser->num_rules; i++)
        names[i] = parser->rules[i].name;
    snprintf(typed, sizeof(typed), "%.*s",
             (int)(length - (size_t)(name - argument)), name);
    nearest = nearest_word(typed, names, parser->num_rules);
    if (nearest != NULL)
        snprintf(hint, sizeof(hint), "did you mean \"--%s\"? ", nearest);
    return option_parser_fail(parser,
                              "unknown option \"%.*s\": %s\"vmm %s --help\" "
                              "lists the options",
                              (int)length, argument, hint, parser->command);
}

/* The argument after an option that must have one; NULL when the line ends or
 * goes on with another option or with what follows "--". */
static const char *next_value(struct option_parser *parser)
{
    const char *argument;

    if (parser->next >= parser->argc)
        return NULL;
    argument = parser->argv[parser->next];
    if (strcmp(argument, "--") == 0 && parser->set_rest != NULL)
        return NULL;
    if (strncmp(argument, "--", 2) == 0 &&
        find_by_name(parser, argument + 2, strcspn(argument + 2, "=")) != NULL)
        return NULL;
    parser->next++;
    return argument;
}

/* `attached` is the value in the same argument, NULL when there is none. */
static int apply_rule(struct option_parser *parser,
                      const struct option_rule *rule, const char *attached)
{
    const char *value = attached;
    int error;

    parser->option = rule->name;
    if (rule->takes == TAKES_NOTHING && attached != NULL)
        return option_parser_fail(parser, "--%s takes no value, but got \"%s\"",
                                  rule->name, attached);
    if (must_have_value(rule) && value == NULL)
        value = next_value(parser);
    if (must_have_value(rule) && value == NULL)
        return option_parser_fail(parser, "--%s needs a value, such as %s",
                                  rule->name, rule->example);
    if (rule->takes != TAKES_TEXT && value != NULL && value[0] == '\0')
        return option_parser_fail(
            parser, "--%s: the value is empty; give one such as %s", rule->name,
            rule->example);
    error = rule->apply(parser, value);
    if (error == 0 && parser->applied != NULL)
        parser->applied(parser, rule, value);
    return error;
}

/* "--name", "--name=value" */
static int parse_long(struct option_parser *parser, const char *argument)
{
    size_t length = strcspn(argument, "=");
    const struct option_rule *rule =
        find_by_name(parser, argument + 2, length - 2);

    if (rule == NULL)
        return fail_unknown(parser, argument, length);
    return apply_rule(parser, rule,
                      argument[length] == '=' ? argument + length + 1 : NULL);
}

/* "-q", "-qv", "-m512", "-m" with the value in the next argument */
static int parse_short(struct option_parser *parser, const char *argument)
{
    /* "-kernel" is QEMU's spelling, not a kernel called "ernel". */
    if (find_by_name(parser, argument + 1, strlen(argument + 1)) != NULL)
        return fail_unknown(parser, argument, strlen(argument));

    for (const char *letter = argument + 1; *letter != '\0'; letter++) {
        const struct option_rule *rule = find_by_letter(parser, *letter);
        int error;

        if (rule == NULL)
            return fail_unknown(parser, argument, strlen(argument));
        if (must_have_value(rule))
            return apply_rule(parser, rule,
                              letter[1] != '\0' ? letter + 1 : NULL);
        error = apply_rule(parser, rule, NULL);
        if (error < 0 || parser->done)
            return error;
    }
    return 0;
}

int option_parser_run(struct option_parser *parser)
{
    assert(parser->num_rules <= OPTION_PARSER_MAX_RULES);

    while (parser->next < parser->argc && !parser->done) {
        const char *argument = parser->argv[parser->next++];
        int error;

        if (strcmp(argument, "--") == 0 && parser->set_rest != NULL)
            return parser->set_rest(parser, parser->argc - parser->next,
                                    parser->argv + parser->next);
        if (argument[0] != '-' || argument[1] == '\0')
            error = parser->add_operand(parser, argument);
        else if (argument[1] == '-')
            error = parse_long(parser, argument);
        else
            error = parse_short(parser, argument);
        if (error < 0)
            return error;
    }
    return 0;
}
