/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_virtqueue_split.c: any split ring, in memory that the device changes as
 * it works. The input is described in tests/support/queue_fuzz.h.
 */
#include "tests/support/queue_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    queue_fuzz(data, size, false);
    return 0;
}
