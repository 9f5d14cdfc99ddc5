/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * option_parser.h: a command line by a table of options.
 *
 * Not getopt_long(): that has global state, takes "-kernel" for "-k ernel" and
 * knows no near misses.
 */
#ifndef VMM_OPTION_PARSER_H
#define VMM_OPTION_PARSER_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>

#define OPTION_PARSER_MAX_RULES 64
#define OPTION_PARSER_MAX_ERROR 512 /* enough for every message */

struct option_parser;

enum option_takes {
    TAKES_NOTHING,
    TAKES_VALUE,
    TAKES_TEXT,     /* a value that may be empty */
    MAY_TAKE_VALUE, /* after "=" only */
};

/* "--name", "-l" */
struct option_rule {
    const char *name;
    char letter; /* 0: none */
    enum option_takes takes;
    const char *example; /* of a value */
    /* `value` is NULL when there is none. 0 or -EINVAL. */
    int (*apply)(struct option_parser *parser, const char *value);
};

/* The caller fills in all of it. */
struct option_parser {
    const char *command; /* for messages: "run" */
    const struct option_rule *rules;
    unsigned num_rules; /* up to OPTION_PARSER_MAX_RULES */
    /* Takes an argument that is neither an option nor the value of one. */
    int (*add_operand)(struct option_parser *parser, const char *argument);
    /* Takes what follows "--"; NULL when nothing may. */
    int (*set_rest)(struct option_parser *parser, int count,
                    char *const *arguments);
    /* Hears of each rule that was applied; NULL: nobody does. */
    void (*applied)(struct option_parser *parser,
                    const struct option_rule *rule, const char *value);
    void *results; /* for apply() and the others */
    int argc;
    char *const *argv;
    int next;           /* index of the argument that is read next */
    const char *option; /* long name, without "--", of the current one */
    bool done;          /* set by apply(): the rest does not matter */
    char *error;        /* the reason of a failure */
    size_t error_size;
};

/* Applies the rules to the line. -EINVAL with the reason in `error`. */
int option_parser_run(struct option_parser *parser) MUST_CHECK;

/* Leaves the reason, one line without a newline, and returns -EINVAL. */
int option_parser_fail(struct option_parser *parser, const char *format, ...)
    PRINTF_FORMAT(2, 3);

/* For apply(): the index of `value` among the `count` words, or -EINVAL. */
int option_parser_choose(struct option_parser *parser, const char *value,
                         const char *const *words, unsigned count) MUST_CHECK;

#endif
