/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nearest_word.c: the known word that a mistyped one was probably meant to be.
 */
#include "vmm/nearest_word.h"

#include <string.h>

/* Longer words are never near: no option of ours is. */
#define LONGEST_WORD 32

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;

    return least < c ? least : c;
}

/* How many letters must be put in, taken out or replaced (Levenshtein); the
 * usual table, of which only the current row is kept. */
static unsigned edit_distance(const char *a, const char *b)
{
    unsigned row[LONGEST_WORD + 1];
    unsigned length = (unsigned)strlen(b);

    for (unsigned j = 0; j <= length; j++)
        row[j] = j;
    for (unsigned i = 0; a[i] != '\0'; i++) {
        unsigned diagonal = row[0];

        row[0] = i + 1;
        for (unsigned j = 0; j < length; j++) {
            unsigned replaced = diagonal + (a[i] != b[j]);

            diagonal = row[j + 1];
            row[j + 1] = min3(row[j] + 1, diagonal + 1, replaced);
        }
    }
    return row[length];
}

static unsigned distance_or_prefix(const char *typed, const char *word)
{
    size_t length = strlen(typed);

    if (length >= 2 && strncmp(typed, word, length) == 0)
        return 0;
    return edit_distance(typed, word);
}

const char *nearest_word(const char *typed, const char *const *words,
                         unsigned count)
{
    const char *nearest = NULL;
    size_t length = strlen(typed);
    unsigned least;

    if (length == 0 || length > LONGEST_WORD)
        return NULL;
    /* Of a short word every letter counts: "x" is not near "k". */
    least = length < 3 ? 2 : length < 8 ? 3 : 4;
    for (unsigned i = 0; i < count; i++) {
        unsigned distance;

        if (strlen(words[i]) > LONGEST_WORD)
            continue;
        distance = distance_or_prefix(typed, words[i]);
        if (distance < least) {
            least = distance;
            nearest = words[i];
        }
    }
    return nearest;
}
