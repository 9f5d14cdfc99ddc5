/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_line.c: what the guest's first process tells the host.
 */
#include "vmm/guest_line.h"

#include "vmm/compiler.h"
#include "vmm/text_numbers.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const struct {
    const char *word;
    enum guest_line_kind kind;
    uint64_t min, max; /* of the number; max 0: there is none */
} words[] = {
    {"init", GUEST_LINE_INIT, 0, 0},
    {"command", GUEST_LINE_COMMAND, 0, 0},
    {"cannot-run", GUEST_LINE_CANNOT_RUN, 1, 4095},
    {"exit", GUEST_LINE_EXIT, 0, 255},
    {"signal", GUEST_LINE_SIGNAL, 1, 127},
    {"failed", GUEST_LINE_FAILED, 0, 0},
    {"warning", GUEST_LINE_WARNING, 0, 0},
};

struct guest_line guest_line_parse(const char *text)
{
    const struct guest_line other = {.kind = GUEST_LINE_OTHER, .text = text};
    size_t length = strcspn(text, " ");

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        const char *rest = text + length;
        uint64_t number = 0;

        if (strlen(words[i].word) != length ||
            strncmp(text, words[i].word, length) != 0)
            continue;
        if (words[i].max != 0)
            rest = text_read_number(rest, 10, &number);
        if (!rest || number < words[i].min || number > words[i].max)
            return other;
        return (struct guest_line){.kind = words[i].kind,
                                   .number = (unsigned)number,
                                   .text = rest + strspn(rest, " ")};
    }
    return other;
}
