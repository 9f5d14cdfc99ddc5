/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_control.h: `vmm status` and its like: one request of a running vmm.
 */
#ifndef VMM_COMMAND_CONTROL_H
#define VMM_COMMAND_CONTROL_H

#include "vmm/options.h"

/* Sends the request, prints the reply and waits for its end, however long
 * that takes. Returns the exit status. */
int command_control(const struct control_options *options);

#endif
