/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usage.h: what --help and --version print.
 */
#ifndef VMM_USAGE_H
#define VMM_USAGE_H

#include "vmm/options.h"

#define VMM_VERSION "0.1.0"

/* The help of a command, or COMMAND_VERSION's text; ends with a newline. */
const char *usage_text(enum options_command command);

#endif
