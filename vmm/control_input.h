/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_input.h: requests, a line each, out of bytes that come in pieces.
 */
#ifndef VMM_CONTROL_INPUT_H
#define VMM_CONTROL_INPUT_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>

/* Bytes, with the newline, and with the NUL in its place. */
#define CONTROL_MAX_LINE 4096

/* Zero-initialised is ready to use. */
struct control_input {
    char bytes[CONTROL_MAX_LINE];
    size_t size;
    bool is_too_long; /* what came of the line is gone, and the rest will be */
};

enum control_line {
    CONTROL_LINE_NONE,     /* not all of a line has come */
    CONTROL_LINE_READY,    /* one is in `line` */
    CONTROL_LINE_TOO_LONG, /* one was dropped */
    CONTROL_LINE_NO_TEXT,  /* one with control characters was dropped */
};

/* Takes the next line out, without its end ("\n" or "\r\n"). There is room in
 * bytes[] for more after CONTROL_LINE_NONE. */
enum control_line control_input_take(struct control_input *input,
                                     char line[CONTROL_MAX_LINE]);

/*
 * What follows the words of `name`, which one blank parts, in `line`, where
 * any number does: "" when nothing follows. NULL when the line does not begin
 * with these words. The result lies in `line`, without blanks at its ends.
 */
char *control_match_words(const char *name, char *line);

#endif
