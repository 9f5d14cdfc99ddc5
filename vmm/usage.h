/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usage.h: what --help and --version print.
 */
#ifndef VMM_USAGE_H
#define VMM_USAGE_H

#include "vmm/options.h"

#define VMM_VERSION "0.1.0"

/* Ends with a newline; NULL for a command that is no request for a text. */
const char *usage_text(enum options_command command);

#endif
