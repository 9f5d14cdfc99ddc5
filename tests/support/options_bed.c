/* SPDX-License-Identifier: BSD-2-Clause */
/* options_bed.c: command lines, and what becomes of them. */
#include "tests/support/options_bed.h"

#include <check.h>
#include <errno.h>
#include <string.h>

/* Of `argc` words that bed->argv has, "vmm" among them. */
static int parse(struct options_bed *bed, int argc)
{
    bed->argv[argc] = NULL;
    bed->error[0] = '\0';
    return options_parse(&bed->options, argc, bed->argv, bed->error,
                         sizeof(bed->error));
}

int options_bed_parse(struct options_bed *bed, const char *line)
{
    static char program[] = "vmm";
    char *rest = bed->words;
    int argc = 0;

    ck_assert_uint_lt(strlen(line), sizeof(bed->words));
    memcpy(bed->words, line, strlen(line) + 1);
    bed->argv[argc++] = program;
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        ck_assert_int_lt(argc, OPTIONS_BED_MAX_WORDS);
        bed->argv[argc++] = word;
    }
    return parse(bed, argc);
}

int options_bed_parse_words(struct options_bed *bed, const char *const *words)
{
    static char program[] = "vmm";
    size_t used = 0;
    int argc = 0;

    bed->argv[argc++] = program;
    for (; *words != NULL; words++) {
        size_t size = strlen(*words) + 1;

        ck_assert_uint_le(size, sizeof(bed->words) - used);
        ck_assert_int_lt(argc, OPTIONS_BED_MAX_WORDS);
        bed->argv[argc++] = memcpy(bed->words + used, *words, size);
        used += size;
    }
    return parse(bed, argc);
}

void options_bed_refuse(struct options_bed *bed, const char *line,
                        const char *reason)
{
    ck_assert_msg(options_bed_parse(bed, line) == -EINVAL,
                  "\"%s\" was accepted", line);
    ck_assert_str_eq(bed->error, reason);
}
