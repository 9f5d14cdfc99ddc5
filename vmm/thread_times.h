/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread_times.h: the processor time that each thread of this process used.
 *
 * proc(5), /proc/PID/task/TID/stat: the kernel counts in steps of 10 ms.
 */
#ifndef VMM_THREAD_TIMES_H
#define VMM_THREAD_TIMES_H

#include "vmm/compiler.h"

#include <stdint.h>

#define THREAD_TIMES_MAX_NAME 16 /* bytes, with the final NUL */

struct thread_time {
    int tid;
    char name[THREAD_TIMES_MAX_NAME]; /* "I/O" is the one of main() */
    uint64_t guest_ms;                /* inside a guest */
    uint64_t user_ms;                 /* in this program */
    uint64_t system_ms;               /* in the kernel, KVM above all */
};

/* Zero-initialised is empty. */
struct thread_times {
    struct thread_time *threads; /* owned; in order of their start */
    unsigned count;
};

/* Reads `task_dir`, "/proc/self/task" but in tests, in place of what `times`
 * held. -errno, and then `times` is empty. */
int thread_times_read(struct thread_times *times,
                      const char *task_dir) MUST_CHECK;

/* Adds to `total` what each thread used between two readings; one that is not
 * in `from` has started since. -ENOMEM. */
int thread_times_add(struct thread_times *total,
                     const struct thread_times *from,
                     const struct thread_times *to) MUST_CHECK;

void thread_times_destroy(struct thread_times *times);

#endif
