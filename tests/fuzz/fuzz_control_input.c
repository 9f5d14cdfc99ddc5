/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_control_input.c: any bytes at a control socket, in pieces of any size:
 * the requests are the same as when they come one byte at a time.
 */
#include "vmm/control_input.h"

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

static uint32_t add_to_sum(uint32_t sum, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ ((const uint8_t *)bytes)[i]) * 16777619U;
    return sum;
}

static void check_request(char *line)
{
    static const char *const names[] = {"status", "net add", "net remove"};
    char copy[CONTROL_MAX_LINE];
    size_t size = strlen(line);

    require(size < CONTROL_MAX_LINE);
    for (size_t i = 0; i < size; i++)
        require((uint8_t)line[i] >= ' ' && line[i] != 0x7f);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *rest;

        memcpy(copy, line, size + 1);
        rest = control_match_words(names[i], copy);
        if (!rest)
            continue;
        require(rest >= copy + strlen(names[i]) && rest <= copy + size);
        require(rest[0] != ' ');
        require(rest[0] == '\0' || rest[strlen(rest) - 1] != ' ');
    }
}

/* What came of the bytes, as one number. */
static uint32_t take_all(const uint8_t *bytes, size_t size, size_t piece)
{
    struct control_input input = {.size = 0};
    char line[CONTROL_MAX_LINE];
    uint32_t sum = 2166136261U;

    for (size_t at = 0; at < size;) {
        size_t room = sizeof(input.bytes) - input.size;
        size_t count = size - at < piece ? size - at : piece;
        enum control_line result;

        require(room > 0);
        if (count > room)
            count = room;
        memcpy(input.bytes + input.size, bytes + at, count);
        input.size += count;
        at += count;
        while ((result = control_input_take(&input, line)) !=
               CONTROL_LINE_NONE) {
            sum = add_to_sum(sum, &result, sizeof(result));
            if (result != CONTROL_LINE_READY)
                continue;
            sum = add_to_sum(sum, line, strlen(line) + 1);
            check_request(line);
        }
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t piece = size > 0 ? 1 + 24U * bytes[0] : 1;

    require(take_all(bytes, size, piece) == take_all(bytes, size, 1));
    return 0;
}
