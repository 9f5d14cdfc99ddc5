/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nearest_word.h: the known word that a mistyped one was probably meant to be.
 */
#ifndef VMM_NEAREST_WORD_H
#define VMM_NEAREST_WORD_H

/* NULL when none of the `count` words is near: neither begun by `typed` nor
 * one or two letters (three in long words) away from it. */
const char *nearest_word(const char *typed, const char *const *words,
                         unsigned count);

#endif
