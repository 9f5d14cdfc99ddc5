/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compiler.h: the few things the C language leaves out.
 */
#ifndef VMM_COMPILER_H
#define VMM_COMPILER_H

#include <stddef.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* For functions that return 0 or -errno: ignoring the result is a bug. */
#define MUST_CHECK __attribute__((warn_unused_result))

#define PRINTF_FORMAT(format_index, first_argument)                            \
    __attribute__((format(printf, format_index, first_argument)))

/* The struct of type `type` whose field `member` is at `pointer`. */
#define container_of(pointer, type, member)                                    \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
