/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_input.c: requests, a line each, out of bytes that come in pieces.
 */
#include "vmm/control_input.h"

#include <string.h>

/* Bytes above 0x7f may be part of a path. */
static bool is_text(const char *line, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)line[i];

        if (byte < ' ' || byte == 0x7f)
            return false;
    }
    return true;
}

enum control_line control_input_take(struct control_input *input,
                                     char line[CONTROL_MAX_LINE])
{
    const char *end = memchr(input->bytes, '\n', input->size);
    bool was_too_long = input->is_too_long;
    size_t size;

    if (!end) {
        if (was_too_long || input->size == sizeof(input->bytes)) {
            input->is_too_long = true;
            input->size = 0;
        }
        return CONTROL_LINE_NONE;
    }
    size = (size_t)(end - input->bytes);
    memcpy(line, input->bytes, size);
    input->size -= size + 1;
    memmove(input->bytes, end + 1, input->size);
    input->is_too_long = false;
    if (was_too_long)
        return CONTROL_LINE_TOO_LONG;
    if (size > 0 && line[size - 1] == '\r')
        size--;
    if (!is_text(line, size))
        return CONTROL_LINE_NO_TEXT;
    line[size] = '\0';
    return CONTROL_LINE_READY;
}

static char *skip_blanks(char *text)
{
    return text + strspn(text, " ");
}

char *control_match_words(const char *name, char *line)
{
    char *rest = skip_blanks(line);
    size_t size;

    for (;;) {
        size = strcspn(name, " ");
        if (strncmp(rest, name, size) != 0 ||
            (rest[size] != ' ' && rest[size] != '\0'))
            return NULL;
        rest = skip_blanks(rest + size);
        if (name[size] == '\0')
            break;
        name += size + 1;
    }
    size = strlen(rest);
    while (size > 0 && rest[size - 1] == ' ')
        rest[--size] = '\0';
    return rest;
}
