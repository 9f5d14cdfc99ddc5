/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_bed.h: command lines, and what becomes of them.
 */
#ifndef TESTS_SUPPORT_OPTIONS_BED_H
#define TESTS_SUPPORT_OPTIONS_BED_H

#include "vmm/options.h"

#define OPTIONS_BED_MAX_WORDS (OPTIONS_MAX_GIVEN + 8)

struct options_bed {
    struct options options;
    char error[OPTIONS_MAX_ERROR]; /* "" when there was none */
    char words[4096];              /* what the options borrow */
    char *argv[OPTIONS_BED_MAX_WORDS + 1];
};

/* Parses "vmm" and then the words of `line`, which are separated by blanks.
 * What the options borrow lives until the next call. */
int options_bed_parse(struct options_bed *bed, const char *line);
/* The same of words that may have blanks in them, up to a NULL. */
int options_bed_parse_words(struct options_bed *bed, const char *const *words);
/* Claims that a line is refused, and for this reason. */
void options_bed_refuse(struct options_bed *bed, const char *line,
                        const char *reason);

#endif
