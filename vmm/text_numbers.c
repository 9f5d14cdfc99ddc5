/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text_numbers.c: numbers in lines that other programs wrote.
 */
#include "vmm/text_numbers.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\n"

const char *text_read_number(const char *text, int base, uint64_t *number)
{
    char *end;

    if (!text)
        return NULL;
    text += strspn(text, BLANKS);
    /* strtoull() takes a sign, too. */
    if (!isxdigit((unsigned char)*text))
        return NULL;
    errno = 0;
    *number = strtoull(text, &end, base);
    return errno == 0 && end != text ? end : NULL;
}

const char *text_skip_words(const char *text, unsigned count)
{
    if (!text)
        return NULL;
    text += strspn(text, BLANKS);
    for (; count > 0; count--) {
        size_t length = strcspn(text, BLANKS);

        if (length == 0)
            return NULL;
        text += length;
        text += strspn(text, BLANKS);
    }
    return text;
}
