/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_option_parser.c: a made-up command's line by a table of options.
 */
#include "vmm/option_parser.h"

#include "tests/support/check_main.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAX_ARGUMENTS 16

/* What the line said, as "name=value " for each option in turn. */
static char said[256];
static char error[OPTION_PARSER_MAX_ERROR];

static int say(struct option_parser *parser, const char *value)
{
    size_t used = strlen(said);

    ck_assert_ptr_eq(parser->results, said);
    snprintf(said + used, sizeof(said) - used, "%s=%s ", parser->option,
             value == NULL ? "(none)" : value);
    return 0;
}

static int choose(struct option_parser *parser, const char *value)
{
    static const char *const words[] = {"auto", "on", "off"};
    int choice = option_parser_choose(parser, value, words, 3);

    return choice < 0 ? choice : say(parser, words[choice]);
}

static int stop(struct option_parser *parser, const char *value)
{
    parser->done = true;
    return say(parser, value);
}

static int add_operand(struct option_parser *parser, const char *argument)
{
    if (strcmp(argument, "odd") == 0)
        return option_parser_fail(parser, "odd\toperand\n");
    parser->option = "operand";
    return say(parser, argument);
}

static const struct option_rule rules[] = {
    {"size", 's', TAKES_VALUE, "512M", say},
    {"text", 't', TAKES_TEXT, "\"a b\"", say},
    {"pages", 'p', MAY_TAKE_VALUE, "2M", say},
    {"poll", 0, TAKES_VALUE, "auto", choose},
    {"quiet", 'q', TAKES_NOTHING, NULL, say},
    {"stop", 'x', TAKES_NOTHING, NULL, stop},
};

/* Parses the words of `line`, separated by blanks. */
static int parse(const char *line)
{
    char copy[256];
    char *argv[MAX_ARGUMENTS] = {NULL};
    char *rest = copy;
    struct option_parser parser = {
        .command = "make",
        .rules = rules,
        .num_rules = ARRAY_SIZE(rules),
        .add_operand = add_operand,
        .results = said,
        .argv = argv,
        .error = error,
        .error_size = sizeof(error),
    };

    said[0] = error[0] = '\0';
    ck_assert_uint_lt(strlen(line), sizeof(copy));
    memcpy(copy, line, strlen(line) + 1);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        ck_assert_int_lt(parser.argc, MAX_ARGUMENTS);
        argv[parser.argc++] = word;
    }
    return option_parser_run(&parser);
}

static void accept(const char *line, const char *expected)
{
    ck_assert_msg(parse(line) == 0, "%s: %s", line, error);
    ck_assert_str_eq(said, expected);
}

static void refuse(const char *line, const char *reason)
{
    ck_assert_msg(parse(line) == -EINVAL, "\"%s\" was accepted", line);
    ck_assert_str_eq(error, reason);
}

START_TEST(values_follow_or_are_attached)
{
    accept("--size 1", "size=1 ");
    accept("--size=1", "size=1 ");
    accept("-s 1", "size=1 ");
    accept("-s1", "size=1 ");
    accept("--size=a=b", "size=a=b ");
    accept("-s -1", "size=-1 ");
}
END_TEST

START_TEST(letters_may_be_joined)
{
    accept("-qps1", "quiet=(none) pages=(none) size=1 ");
    accept("-qt a", "quiet=(none) text=a ");
    accept("-q -p", "quiet=(none) pages=(none) ");
}
END_TEST

START_TEST(optional_value_is_attached_only)
{
    accept("--pages=1G", "pages=1G ");
    accept("--pages 1G", "pages=(none) operand=1G ");
}
END_TEST

START_TEST(operands_stand_anywhere)
{
    accept("a -q b - c", "operand=a quiet=(none) operand=b operand=- "
                         "operand=c ");
    refuse("odd", "odd?operand?");
}
END_TEST

START_TEST(missing_values_are_errors)
{
    refuse("--size", "--size needs a value, such as 512M");
    refuse("-s --quiet", "--size needs a value, such as 512M");
    refuse("--size=", "--size: the value is empty; give one such as 512M");
    refuse("--text", "--text needs a value, such as \"a b\"");
    accept("--text=", "text= ");
    accept("--text --loud", "text=--loud ");
}
END_TEST

START_TEST(superfluous_values_are_errors)
{
    refuse("--quiet=1", "--quiet takes no value, but got \"1\"");
    refuse("--quiet=", "--quiet takes no value, but got \"\"");
}
END_TEST

START_TEST(choices_are_listed)
{
    accept("--poll on", "poll=on ");
    refuse("--poll=o",
           "--poll: \"o\" is neither auto, on nor off: did you mean \"on\"?");
}
END_TEST

START_TEST(unknown_options_name_the_nearest_and_the_help)
{
    refuse("--sise=1", "unknown option \"--sise\": did you mean \"--size\"? "
                       "\"vmm make --help\" lists the options");
    refuse("-size", "unknown option \"-size\": did you mean \"--size\"? "
                    "\"vmm make --help\" lists the options");
    refuse("-qz",
           "unknown option \"-qz\": \"vmm make --help\" lists the options");
    refuse("--", "unknown option \"--\": \"vmm make --help\" lists the "
                 "options");
}
END_TEST

START_TEST(nothing_counts_after_the_last_word)
{
    accept("-q --stop --unknown", "quiet=(none) stop=(none) ");
    accept("-xz", "stop=(none) ");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, values_follow_or_are_attached);
    tcase_add_test(tcase, letters_may_be_joined);
    tcase_add_test(tcase, optional_value_is_attached_only);
    tcase_add_test(tcase, operands_stand_anywhere);
    tcase_add_test(tcase, missing_values_are_errors);
    tcase_add_test(tcase, superfluous_values_are_errors);
    tcase_add_test(tcase, choices_are_listed);
    tcase_add_test(tcase, unknown_options_name_the_nearest_and_the_help);
    tcase_add_test(tcase, nothing_counts_after_the_last_word);
}

int main(void)
{
    return check_main("option_parser", add_tests);
}
