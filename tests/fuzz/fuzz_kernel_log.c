/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_kernel_log.c: a guest prints anything, in pieces of any size: the log
 * says the same as when it comes one byte at a time.
 *
 * Input: the size of a piece (1), then what is printed.
 */
#include "vmm/kernel_log.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Unlike assert(), not compiled out and seen by the fuzzer as a crash. */
static void require(bool claim)
{
    if (!claim)
        abort();
}

static void read_all(struct kernel_log *log, const uint8_t *bytes, size_t size,
                     size_t piece)
{
    static char pattern_1[] = "net/core", pattern_2[] = "func";
    static char *patterns[] = {pattern_1, pattern_2};
    static const struct splat_list list = {.lines = patterns, .count = 2};

    kernel_log_init(log, &list);
    for (size_t at = 0; at < size; at += piece)
        kernel_log_add(log, bytes + at, size - at < piece ? size - at : piece);
    kernel_log_end(log);
}

static void check(const struct kernel_log *log)
{
    static char tail[KERNEL_LOG_MAX_TAIL];

    require(log->block_size < KERNEL_LOG_MAX_BLOCK);
    require(log->num_frames <= KERNEL_LOG_NUM_FRAMES);
    for (unsigned i = 0; i < log->num_frames; i++)
        require(memchr(log->frames[i], '\0', KERNEL_LOG_MAX_FRAME) != NULL);
    require(log->num_guesses <= KERNEL_LOG_NUM_FRAMES);
    require(memchr(log->function, '\0', sizeof(log->function)) != NULL);
    require(!log->in_block);
    require(!log->saw_splat || log->splat_kind != NULL);
    require(kernel_log_tail(log, tail, sizeof(tail)) <= log->total);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct kernel_log whole, single;

    if (size == 0)
        return 0;
    read_all(&whole, bytes + 1, size - 1, 1 + (size_t)bytes[0]);
    check(&whole);
    read_all(&single, bytes + 1, size - 1, 1);
    require(whole.saw_panic == single.saw_panic);
    require(whole.saw_splat == single.saw_splat);
    require(whole.splat_kind == single.splat_kind);
    require(whole.total == single.total);
    require(whole.num_frames == single.num_frames);
    for (unsigned i = 0; i < whole.num_frames; i++)
        require(strcmp(whole.frames[i], single.frames[i]) == 0);
    require(whole.block_size == single.block_size);
    require(memcmp(whole.block, single.block, whole.block_size) == 0);
    require(memcmp(whole.tail, single.tail, sizeof(whole.tail)) == 0);
    return 0;
}
