/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nap.h: a millisecond between two looks, for what is waited for so rarely
 * and briefly that nobody is to pay for signalling it.
 */
#ifndef VMM_NAP_H
#define VMM_NAP_H

#include <time.h>

static inline void nap(void)
{
    const struct timespec millisecond = {.tv_nsec = 1000000};

    (void)nanosleep(&millisecond, NULL);
}

#endif
