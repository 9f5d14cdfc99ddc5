/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_writer.c: writes JSON (RFC 8259) to a file, piece by piece.
 */
#include "vmm/json_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define REPLACEMENT 0xfffdU

/* The code point that `bytes` begin with and, in `*used`, its length; one byte
 * and the replacement where they are no UTF-8 (RFC 3629, 4). */
static uint32_t decode(const unsigned char *bytes, size_t size, size_t *used)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    unsigned char first = bytes[0];
    uint32_t point;
    size_t more;

    *used = 1;
    if (first < 0x80)
        return first;
    if (first < 0xc0 || first > 0xf7)
        return REPLACEMENT;
    more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (more >= size)
        return REPLACEMENT;
    point = first & (0x3fU >> more);
    for (size_t i = 1; i <= more; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return REPLACEMENT;
        point = point << 6 | (bytes[i] & 0x3f);
    }
    /* Longer than need be; half of a pair; no code point. */
    if (point < least[more] || (point >= 0xd800 && point < 0xe000) ||
        point > 0x10ffff)
        return REPLACEMENT;
    *used = more + 1;
    return point;
}

static void put_point(FILE *file, uint32_t point)
{
    if (point == '"' || point == '\\')
        fprintf(file, "\\%c", (char)point);
    else if (point >= ' ' && point <= '~')
        fputc((int)point, file);
    else if (point == '\n')
        fputs("\\n", file);
    else if (point == '\t')
        fputs("\\t", file);
    else if (point < 0x10000)
        fprintf(file, "\\u%04" PRIx32, point);
    else
        fprintf(file, "\\u%04" PRIx32 "\\u%04" PRIx32,
                0xd800 + ((point - 0x10000) >> 10),
                0xdc00 + ((point - 0x10000) & 0x3ff));
}

static void put_text(FILE *file, const char *text, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t used;

    fputc('"', file);
    for (size_t at = 0; at < size; at += used)
        put_point(file, decode(bytes + at, size - at, &used));
    fputc('"', file);
}

static void new_line(const struct json_writer *writer)
{
    fprintf(writer->file, "\n%*s", 2 * (int)writer->depth, "");
}

/* What comes before a value. */
static void begin_value(struct json_writer *writer, const char *key)
{
    bool *has_items = &writer->levels[writer->depth].has_items;

    assert(!key ==
           (writer->depth == 0 || writer->levels[writer->depth].is_array));
    if (writer->depth > 0) {
        if (*has_items)
            fputc(',', writer->file);
        new_line(writer);
    }
    *has_items = true;
    if (!key)
        return;
    put_text(writer->file, key, strlen(key));
    fputs(": ", writer->file);
}

static void begin_level(struct json_writer *writer, const char *key,
                        bool is_array)
{
    begin_value(writer, key);
    fputc(is_array ? '[' : '{', writer->file);
    assert(writer->depth < JSON_WRITER_MAX_DEPTH);
    writer->depth++;
    writer->levels[writer->depth].is_array = is_array;
    writer->levels[writer->depth].has_items = false;
}

void json_writer_begin_object(struct json_writer *writer, const char *key)
{
    begin_level(writer, key, false);
}

void json_writer_begin_array(struct json_writer *writer, const char *key)
{
    begin_level(writer, key, true);
}

void json_writer_end(struct json_writer *writer)
{
    bool is_array = writer->levels[writer->depth].is_array;
    bool has_items = writer->levels[writer->depth].has_items;

    assert(writer->depth > 0);
    writer->depth--;
    if (has_items)
        new_line(writer);
    fputc(is_array ? ']' : '}', writer->file);
    if (writer->depth == 0)
        fputc('\n', writer->file);
}

void json_writer_bytes(struct json_writer *writer, const char *key,
                       const char *bytes, size_t size)
{
    begin_value(writer, key);
    put_text(writer->file, bytes, size);
}

void json_writer_string(struct json_writer *writer, const char *key,
                        const char *text)
{
    if (text)
        json_writer_bytes(writer, key, text, strlen(text));
    else
        json_writer_null(writer, key);
}

void json_writer_number(struct json_writer *writer, const char *key,
                        uint64_t number)
{
    begin_value(writer, key);
    fprintf(writer->file, "%" PRIu64, number);
}

void json_writer_thousandths(struct json_writer *writer, const char *key,
                             uint64_t number)
{
    begin_value(writer, key);
    fprintf(writer->file, "%" PRIu64 ".%03" PRIu64, number / 1000,
            number % 1000);
}

void json_writer_bool(struct json_writer *writer, const char *key, bool value)
{
    begin_value(writer, key);
    fputs(value ? "true" : "false", writer->file);
}

void json_writer_null(struct json_writer *writer, const char *key)
{
    begin_value(writer, key);
    fputs("null", writer->file);
}

void json_writer_bits(struct json_writer *writer, const char *key,
                      bit_name *name, uint32_t device_id, uint64_t bits)
{
    json_writer_begin_array(writer, key);
    for (unsigned bit = 0; bit < 64; bit++) {
        const char *word = name(device_id, bit);
        char number[8];

        if (!(bits & 1ULL << bit))
            continue;
        (void)snprintf(number, sizeof(number), "bit%u", bit);
        json_writer_string(writer, NULL, word ? word : number);
    }
    json_writer_end(writer);
}
