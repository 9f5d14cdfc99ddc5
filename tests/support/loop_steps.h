/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loop_steps.h: an event loop without a thread of its own.
 */
#ifndef TESTS_SUPPORT_LOOP_STEPS_H
#define TESTS_SUPPORT_LOOP_STEPS_H

#include "vmm/event_loop.h"

/* Calls back, on this thread, for what is ready now, until nothing is.
 * Returns how many calls that took, or LOOP_STEPS_MAX, where it gives up on
 * sources that stay ready. */
#define LOOP_STEPS_MAX 256U
unsigned loop_serve_ready(const struct event_loop *loop);

#endif
