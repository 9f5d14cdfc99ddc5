/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_guest_line.c: a guest says anything on its control port.
 */
#include "vmm/guest_line.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Unlike assert(), not compiled out and seen by the fuzzer as a crash. */
static void require(bool claim)
{
    if (!claim)
        abort();
}

static void check(const char *text)
{
    struct guest_line line = guest_line_parse(text);

    require(strlen(text) < GUEST_LINE_MAX);
    require(line.text >= text && line.text <= text + strlen(text));
    switch (line.kind) {
    case GUEST_LINE_EXIT:
        require(line.number >= 0 && line.number <= 255);
        break;
    case GUEST_LINE_SIGNAL:
        require(line.number > 0 && line.number < 128);
        break;
    case GUEST_LINE_CANNOT_RUN:
        require(line.number > 0 && line.number < 4096);
        break;
    case GUEST_LINE_INIT:
    case GUEST_LINE_COMMAND:
    case GUEST_LINE_FAILED:
    case GUEST_LINE_WARNING:
    case GUEST_LINE_OTHER:
    default:
        require(line.number == 0);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct guest_line_input input = {.size = 0};

    for (size_t i = 0; i < size; i++)
        if (guest_line_add(&input, bytes[i]))
            check(input.bytes);
    return 0;
}
