/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reset_vector.h: where an x86 processor begins, for tests that have one run a
 * few bytes of code.
 */
#ifndef TESTS_SUPPORT_X86_RESET_VECTOR_H
#define TESTS_SUPPORT_X86_RESET_VECTOR_H

#include <stdint.h>

#define CODE_GPA UINT64_C(0xfffffff0) /* of the first instruction */
#define RAM_GPA  UINT64_C(0xffff0000) /* 64 KiB around it */

#endif
