/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_guest_line.c: a guest says anything on its control port.
 */
#include "vmm/guest_line.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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

    require(line.text >= text && line.text <= text + strlen(text));
    switch (line.kind) {
    case GUEST_LINE_EXIT:
        require(line.number <= 255);
        break;
    case GUEST_LINE_SIGNAL:
        require(line.number > 0 && line.number < 128);
        break;
    case GUEST_LINE_CANNOT_RUN:
    case GUEST_LINE_INIT:
    case GUEST_LINE_COMMAND:
    case GUEST_LINE_FAILED:
    case GUEST_LINE_WARNING:
        break;
    case GUEST_LINE_OTHER:
    default:
        require(line.text == text);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char text[512];

    for (size_t at = 0; at < size;) {
        const uint8_t *end = memchr(bytes + at, '\n', size - at);
        size_t length = end ? (size_t)(end - (bytes + at)) : size - at;
        size_t kept = length < sizeof(text) ? length : sizeof(text) - 1;

        memcpy(text, bytes + at, kept);
        text[kept] = '\0';
        check(text);
        at += length + 1;
    }
    return 0;
}
