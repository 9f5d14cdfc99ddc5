/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open_fds.h: how many descriptors this process has open, to find leaks.
 */
#ifndef TESTS_SUPPORT_OPEN_FDS_H
#define TESTS_SUPPORT_OPEN_FDS_H

unsigned count_open_fds(void);

#endif
