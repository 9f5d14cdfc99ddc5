/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * emulator.h: tests of another architecture, which qemu-user runs.
 *
 * It carries out the system calls of the test itself, or not.
 */
#ifndef TESTS_SUPPORT_EMULATOR_H
#define TESTS_SUPPORT_EMULATOR_H

#include <stdbool.h>

/* True where an emulator runs this process; the test is then counted as
 * skipped, for the lack of `what`, and returns. Once per test. */
bool emulator_lacks(const char *what);

#endif
