/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_log.h: reads along what the guest's kernel prints, for signs of
 * trouble: a panic, and the reports ("splats") by which Linux tells of bugs.
 *
 * The text is the guest's, so nothing in it is more than a hint.
 */
#ifndef VMM_KERNEL_LOG_H
#define VMM_KERNEL_LOG_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNEL_LOG_MAX_LINE   512   /* bytes that are looked at */
#define KERNEL_LOG_MAX_BLOCK  16384 /* bytes of a splat that are kept */
#define KERNEL_LOG_MAX_TAIL   8192  /* bytes of the end that are kept */
#define KERNEL_LOG_NUM_FRAMES 5
#define KERNEL_LOG_MAX_FRAME  96 /* bytes, with the final NUL */

/* Patterns of splats that do not count. */
struct splat_list {
    char **lines; /* a piece of the first line, or the name of a frame */
    unsigned count;
};

/* One a line; empty ones and those that begin with # do not count. -errno,
 * logged. */
int splat_list_read(struct splat_list *list, const char *path) MUST_CHECK;
void splat_list_destroy(struct splat_list *list);

struct kernel_log {
    const struct splat_list *allowed; /* borrowed; NULL: none */

    bool saw_panic;
    bool panic_is_complete; /* its last line came, too */
    bool saw_halt;          /* it stopped for good, or could not power off */
    /* Why our first process gave up, which it also prints; "": it did not. */
    char init_failure[KERNEL_LOG_MAX_LINE];

    /* The first splat that counts. */
    bool saw_splat;
    const char *splat_kind; /* "WARNING", "KASAN", ... */
    char block[KERNEL_LOG_MAX_BLOCK];
    size_t block_size;
    char frames[KERNEL_LOG_NUM_FRAMES][KERNEL_LOG_MAX_FRAME];
    unsigned num_frames;

    /* Of the splat that is being read. */
    bool in_block, in_trace;
    unsigned block_lines;
    char function[KERNEL_LOG_MAX_FRAME]; /* that it is about; "": not known */
    char guesses[KERNEL_LOG_NUM_FRAMES][KERNEL_LOG_MAX_FRAME];
    unsigned num_guesses; /* frames that may be leftovers of the stack */

    char line[KERNEL_LOG_MAX_LINE];
    size_t length;
    char tail[KERNEL_LOG_MAX_TAIL]; /* a ring of all that came */
    uint64_t total;                 /* bytes */
};

void kernel_log_init(struct kernel_log *log, const struct splat_list *allowed);

/* `bytes` as they came, of any number. */
void kernel_log_add(struct kernel_log *log, const uint8_t *bytes, size_t size);
/* There will be no more: a splat in the middle is one. */
void kernel_log_end(struct kernel_log *log);

/* Copies the newest bytes, at most `size`, and returns how many. */
size_t kernel_log_tail(const struct kernel_log *log, char *bytes, size_t size);

#endif
