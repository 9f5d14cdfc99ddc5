/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text_numbers.h: numbers in lines that other programs wrote, the kernel's
 * files of /proc and /sys above all.
 */
#ifndef VMM_TEXT_NUMBERS_H
#define VMM_TEXT_NUMBERS_H

#include <stdint.h>

/* Reads a number without a sign, of `base` 10 or 16 (with or without "0x"),
 * after any blanks. Returns what follows it, or NULL when there is none or it
 * is too large; `text` may be NULL, which stays so. */
const char *text_read_number(const char *text, int base, uint64_t *number);

/* What follows `count` words and the blanks around them; NULL when there are
 * fewer. `text` may be NULL. */
const char *text_skip_words(const char *text, unsigned count);

#endif
