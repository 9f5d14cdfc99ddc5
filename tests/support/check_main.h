/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_main.h: what the main() of every libcheck binary is.
 *
 *     static void add_tests(TCase *tcase)
 *     {
 *         tcase_add_test(tcase, regions_may_touch);
 *     }
 *
 *     int main(void)
 *     {
 *         return check_main("bus", add_tests);
 *     }
 */
#ifndef TESTS_SUPPORT_CHECK_MAIN_H
#define TESTS_SUPPORT_CHECK_MAIN_H

#include "vmm/compiler.h"

#include <check.h>

/* Runs the tests and prints, last, "NAME: N passed, N failed, N skipped".
 * Returns the exit status: not 0 when a test failed. */
int check_main(const char *name, void (*add_tests)(TCase *tcase));

/* Counts the running test as skipped, and says why. The test then returns.
 * Once per test. */
void skip_test(const char *format, ...) PRINTF_FORMAT(1, 2);

#endif
