/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_writer.h: writes JSON (RFC 8259) to a file, piece by piece.
 *
 * Nothing is kept in memory, and what is written is ASCII alone: everything
 * else is escaped, so that a text of a guest's does nothing to the terminal
 * that shows it. Bytes that are no UTF-8 become U+FFFD.
 */
#ifndef VMM_JSON_WRITER_H
#define VMM_JSON_WRITER_H

#include "vmm/bit_names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_WRITER_MAX_DEPTH 16

/* Zero-initialised but for `file`, borrowed, it is ready for one value. Errors
 * are those of the file: ferror(). */
struct json_writer {
    FILE *file;
    unsigned depth; /* of objects and arrays that are open */
    struct {
        bool is_array, has_items;
    } levels[JSON_WRITER_MAX_DEPTH + 1];
};

/* In all of these `key` is the member's name in an object, and NULL in an
 * array and for the outermost value. */
void json_writer_begin_object(struct json_writer *writer, const char *key);
void json_writer_begin_array(struct json_writer *writer, const char *key);
/* Of the innermost object or array; of the outermost, with a newline. */
void json_writer_end(struct json_writer *writer);

/* NULL is null. */
void json_writer_string(struct json_writer *writer, const char *key,
                        const char *text);
void json_writer_bytes(struct json_writer *writer, const char *key,
                       const char *bytes, size_t size);
void json_writer_number(struct json_writer *writer, const char *key,
                        uint64_t number);
/* A number of thousandths, as 1.234 of 1234. */
void json_writer_thousandths(struct json_writer *writer, const char *key,
                             uint64_t number);
void json_writer_bool(struct json_writer *writer, const char *key, bool value);
/* The names of the bits that are set, as an array. */
void json_writer_bits(struct json_writer *writer, const char *key,
                      bit_name *name, uint32_t device_id, uint64_t bits);
void json_writer_null(struct json_writer *writer, const char *key);

#endif
