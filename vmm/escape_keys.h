/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * escape_keys.h: the escape key, Ctrl-A unless chosen otherwise, and the key
 * after it, among what is typed.
 */
#ifndef VMM_ESCAPE_KEYS_H
#define VMM_ESCAPE_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#define ESCAPE_KEY_DEFAULT 0x01 /* Ctrl-A */
#define ESCAPE_KEY_NONE    0x00 /* Ctrl-@, which is no escape key therefore */

struct escape_keys {
    uint8_t key;  /* a control character, or ESCAPE_KEY_NONE */
    bool escaped; /* the last byte was it; false at first */
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

/* "^A", "^a", "ctrl-a" or "none". False when it is none of these. */
bool escape_key_read(const char *text, uint8_t *key);

/* The character of "Ctrl-A" and the like that stands for it. */
char escape_key_letter(uint8_t key);

#endif
