/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * own_network.h: a network namespace for the running test, with nothing in it
 * but a loopback interface that is up.
 */
#ifndef TESTS_SUPPORT_OWN_NETWORK_H
#define TESTS_SUPPORT_OWN_NETWORK_H

#include <stdbool.h>

/* For the rest of this process, which libcheck ends with the test. False, and
 * the test is counted as skipped, where that is not allowed. */
bool own_network_enter(void);

#endif
