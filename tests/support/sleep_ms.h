/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sleep_ms.h: waiting for what may not happen.
 */
#ifndef TESTS_SUPPORT_SLEEP_MS_H
#define TESTS_SUPPORT_SLEEP_MS_H

void sleep_ms(unsigned milliseconds);

#endif
