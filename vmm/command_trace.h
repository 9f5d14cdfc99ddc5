/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_trace.h: `vmm trace`: what a trace tells of who made it.
 */
#ifndef VMM_COMMAND_TRACE_H
#define VMM_COMMAND_TRACE_H

#include "vmm/options.h"

/* Returns the exit status: 0 when the trace breaks no rule, 1 when it does,
 * EXIT_STATUS_FAILED, logged, when it is none or cannot be read. */
int command_trace(const struct trace_check_options *options);

#endif
