/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terminal_mode.h: raw mode, and the way back on every way out.
 *
 * A process has one terminal, and signal handlers have no argument to find it
 * by: this is the one place with state outside a struct. Call from one thread.
 */
#ifndef VMM_TERMINAL_MODE_H
#define VMM_TERMINAL_MODE_H

#include "vmm/compiler.h"

#include <stdbool.h>

/*
 * Remembers the mode of the terminal `fd`, to which it returns at exit(), at
 * a deadly signal and while the process is stopped. Signals that have a
 * handler already, or are ignored, are left alone: that handler is to lead to
 * terminal_mode_destroy(). After a stop `wake_fd`, a timerfd, expires at once;
 * then call terminal_mode_enter() again. 0 or -errno, logged.
 */
int terminal_mode_init(int fd, int wake_fd) MUST_CHECK;
/* Back to the remembered mode; harmless without an init. */
void terminal_mode_destroy(void);

/* Makes the terminal raw unless it is. False while the process is in the
 * background, where it must neither set the mode nor read: the shell does. */
bool terminal_mode_enter(void);

#endif
