/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * escape_keys.c: Ctrl-A and the key after it, among what is typed.
 */
#include "vmm/escape_keys.h"

enum escape_action escape_keys_take(struct escape_keys *keys, uint8_t byte)
{
    if (!keys->escaped) {
        keys->escaped = byte == ESCAPE_KEY;
        return keys->escaped ? ESCAPE_DROP : ESCAPE_PASS;
    }

    keys->escaped = false;
    switch (byte) {
    case ESCAPE_KEY:
        return ESCAPE_PASS;
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
