/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * escape_keys.c: the escape key and the key after it, among what is typed.
 */
#include "vmm/escape_keys.h"

#include <string.h>
#include <strings.h>

/* Where the control characters' names are, Ctrl-A being 0x01. */
#define CONTROL_OFFSET '@'
#define LAST_CONTROL   '_'

bool escape_key_read(const char *text, uint8_t *key)
{
    static const char prefix[] = "ctrl-";
    char letter;

    if (strcmp(text, "none") == 0) {
        *key = ESCAPE_KEY_NONE;
        return true;
    }
    if (text[0] == '^')
        text++;
    else if (strncasecmp(text, prefix, sizeof(prefix) - 1) == 0)
        text += sizeof(prefix) - 1;
    else
        return false;
    letter = text[0];
    if (letter >= 'a' && letter <= 'z')
        letter = (char)(letter - 'a' + 'A');
    if (letter <= CONTROL_OFFSET || letter > LAST_CONTROL || text[1] != '\0')
        return false;
    *key = (uint8_t)(letter - CONTROL_OFFSET);
    return true;
}

char escape_key_letter(uint8_t key)
{
    return (char)(key + CONTROL_OFFSET);
}

enum escape_action escape_keys_take(struct escape_keys *keys, uint8_t byte)
{
    if (!keys->escaped) {
        keys->escaped = byte == keys->key && byte != ESCAPE_KEY_NONE;
        return keys->escaped ? ESCAPE_DROP : ESCAPE_PASS;
    }

    keys->escaped = false;
    if (byte == keys->key)
        return ESCAPE_PASS;
    switch (byte) {
    case 'x':
    case 'X':
        return ESCAPE_QUIT;
    case 'b':
    case 'B':
        return ESCAPE_BREAK;
    case 'h':
    case 'H':
    case '?':
        return ESCAPE_HELP;
    default:
        return ESCAPE_DROP;
    }
}
