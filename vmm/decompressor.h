/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decompressor.h: the libraries for gzip, zstd and xz behind one interface.
 */
#ifndef VMM_DECOMPRESSOR_H
#define VMM_DECOMPRESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DECOMPRESSOR_MAGIC_SIZE 6 /* bytes; enough to tell each */

/* Where it reads and writes next, both moved on by step(). */
struct decompressor_buffers {
    const uint8_t *in;
    size_t in_size; /* bytes left */
    bool in_is_last;
    uint8_t *out;
    size_t out_size;
};

enum decompressor_progress {
    DECOMPRESSOR_GOES_ON, /* with neither size changed: it wants more */
    DECOMPRESSOR_ENDED,
    DECOMPRESSOR_FAILED_INPUT, /* it is damaged, or wants too much memory */
};

struct decompressor {
    const char *name;
    void *(*begin)(void); /* NULL: no memory */
    enum decompressor_progress (*step)(void *state,
                                       struct decompressor_buffers *buffers);
    void (*end)(void *state);
};

/* The one for a file that begins with these DECOMPRESSOR_MAGIC_SIZE bytes;
 * NULL when it is not compressed by any of them. */
const struct decompressor *decompressor_for(const uint8_t *magic);

#endif
