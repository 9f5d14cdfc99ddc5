/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * escape_keys.h: Ctrl-A and the key after it, among what is typed.
 */
#ifndef VMM_ESCAPE_KEYS_H
#define VMM_ESCAPE_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#define ESCAPE_KEY 0x01 /* Ctrl-A */

struct escape_keys {
    bool escaped; /* the last byte was Ctrl-A; false at first */
};

enum escape_action {
    ESCAPE_PASS, /* the byte is for the guest */
    ESCAPE_DROP, /* it is for nobody */
    ESCAPE_QUIT,
    ESCAPE_BREAK,
    ESCAPE_HELP,
};

/* What to do about the next byte. */
enum escape_action escape_keys_take(struct escape_keys *keys, uint8_t byte);

#endif
