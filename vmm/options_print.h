/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_print.h: a command line that a shell takes, of options.
 */
#ifndef VMM_OPTIONS_PRINT_H
#define VMM_OPTIONS_PRINT_H

#include "vmm/options.h"

#include <stdio.h>

/* Prints the word so that a shell reads the same one: quoted where need be, and
 * as one line, whatever is in it ($'...' of POSIX.1-2024). */
void options_print_word(const char *word, FILE *file);

/* "vmm run ..." in one line: what was given, and the defaults of what was not;
 * --dry-run left out. `program` is the word for "vmm", `kernel` the one for the
 * kernel. */
void options_print_run(const struct options *options, const char *program,
                       const char *kernel, FILE *file);

#endif
