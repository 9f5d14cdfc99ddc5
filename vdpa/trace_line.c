/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace_line.c: one line of a trace, read back.
 *
 *     DEVICE WHO: EVENT
 *     DEVICE NAME [KEY=VALUE]... = RESULT<tab>TIMES[<tab>KEY=VALUE...]
 */
#include "vdpa/trace_line.h"

#include "vmm/bit_names.h"
#include "vmm/feature_names.h"

#include <ctype.h>
#include <errno.h>
#include <linux/vhost_types.h>
#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <string.h>

/* A word of the line, which is not terminated. */
struct word {
    const char *text;
    size_t length;
};

static const struct {
    const char *key;
    enum trace_field field;
} keys[] = {
    {"queue", TRACE_FIELD_QUEUE},   {"group", TRACE_FIELD_GROUP},
    {"asid", TRACE_FIELD_ASID},     {"num", TRACE_FIELD_VALUE},
    {"base", TRACE_FIELD_VALUE},    {"count", TRACE_FIELD_VALUE},
    {"enable", TRACE_FIELD_VALUE},  {"id", TRACE_FIELD_VALUE},
    {"size", TRACE_FIELD_SIZE},     {"status", TRACE_FIELD_STATUS},
    {"offset", TRACE_FIELD_OFFSET}, {"features", TRACE_FIELD_FEATURES},
    {"length", TRACE_FIELD_LENGTH}, {"first", TRACE_FIELD_FIRST},
    {"last", TRACE_FIELD_LAST},     {"iova", TRACE_FIELD_IOVA},
    {"uaddr", TRACE_FIELD_UADDR},   {"perm", TRACE_FIELD_PERM},
    {"desc", TRACE_FIELD_DESC},     {"avail", TRACE_FIELD_AVAIL},
    {"used", TRACE_FIELD_USED},
};

/* Takes the next word before `end` off `text`. */
static struct word next_word(const char **text, const char *end)
{
    struct word word;

    while (*text < end && **text == ' ')
        (*text)++;
    word.text = *text;
    while (*text < end && **text != ' ')
        (*text)++;
    word.length = (size_t)(*text - word.text);
    return word;
}

static bool is_word(struct word word, const char *known)
{
    return word.length == strlen(known) &&
           memcmp(word.text, known, word.length) == 0;
}

static bool copy_word(struct word word, char *copy, size_t size)
{
    if (word.length >= size)
        return false;
    memcpy(copy, word.text, word.length);
    copy[word.length] = '\0';
    return true;
}

/* Decimal, or hexadecimal with 0x. */
static bool read_number(const char *text, uint64_t *number)
{
    char *end;

    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    *number =
        strtoull(text, &end, strncmp(text, "0x", strlen("0x")) == 0 ? 16 : 10);
    return *end == '\0' && errno == 0;
}

static bool read_permission(const char *text, uint64_t *number)
{
    static const char *const names[] = {[VHOST_ACCESS_RO] = "ro",
                                        [VHOST_ACCESS_WO] = "wo",
                                        [VHOST_ACCESS_RW] = "rw"};

    for (*number = VHOST_ACCESS_RO; *number <= VHOST_ACCESS_RW; (*number)++)
        if (strcmp(names[*number], text) == 0)
            return true;
    return read_number(text, number);
}

static bool read_value(const struct trace_line *line, enum trace_field field,
                       const char *text, uint64_t *value)
{
    switch ((int)field) {
    case TRACE_FIELD_STATUS:
        return bit_names_parse(bit_names_status, 0, text, value);
    case TRACE_FIELD_FEATURES:
        if (line->request &&
            line->request->argument == VHOST_ARGUMENT_BACKEND_FEATURES)
            return bit_names_parse(bit_names_backend, 0, text, value);
        return bit_names_parse(feature_names_get, VIRTIO_ID_NET, text, value);
    case TRACE_FIELD_PERM:
        return read_permission(text, value);
    default:
        return read_number(text, value);
    }
}

/* Keys that nothing is known of are left to those who know them. */
static int parse_field(struct trace_line *line, struct word word,
                       const char **reason)
{
    const char *equals = memchr(word.text, '=', word.length);
    char value[BIT_NAMES_SIZE];
    struct word key, rest;

    *reason = "a word that is not KEY=VALUE";
    if (!equals)
        return -EINVAL;
    key = (struct word){word.text, (size_t)(equals - word.text)};
    rest = (struct word){equals + 1, word.length - key.length - 1};
    *reason = "a value that is none";
    if (is_word(key, "fd"))
        return copy_word(rest, line->file, sizeof(line->file)) ? 0 : -EINVAL;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        enum trace_field field = keys[i].field;

        if (!is_word(key, keys[i].key))
            continue;
        if (!copy_word(rest, value, sizeof(value)) ||
            !read_value(line, field, value, &line->values[field]))
            return -EINVAL;
        line->present |= 1U << field;
        return 0;
    }
    return 0;
}

static void name_call(struct trace_line *line, struct word word)
{
    char name[TRACE_LINE_MAX_WORD];

    if (!copy_word(word, name, sizeof(name)))
        return;
    line->request = vhost_request_by_name(name);
    line->message = vhost_message_by_name(name);
    if (line->request)
        line->call = TRACE_CALL_IOCTL;
    else if (line->message != 0)
        line->call = TRACE_CALL_MESSAGE;
    else if (strcmp(name, "open") == 0)
        line->call = TRACE_CALL_OPEN;
    else if (strcmp(name, "close") == 0)
        line->call = TRACE_CALL_CLOSE;
}

/* From the fields on to the result. */
static int parse_call(struct trace_line *line, const char *text,
                      const char *end, const char **reason)
{
    struct word word = next_word(&text, end);

    while (word.length > 0 && !is_word(word, "=")) {
        int error = parse_field(line, word, reason);

        if (error)
            return error;
        word = next_word(&text, end);
    }
    *reason = "a call without \"= 0\" or \"= ERRNO\"";
    word = next_word(&text, end);
    if (word.length == 0 || next_word(&text, end).length != 0)
        return -EINVAL;
    line->failed = !is_word(word, "0");
    return 0;
}

/* What stands behind the second tab. */
static int parse_varying(struct trace_line *line, const char *text,
                         const char **reason)
{
    const char *end = text + strlen(text);
    struct word word = next_word(&text, end);

    while (word.length > 0) {
        int error = parse_field(line, word, reason);

        if (error)
            return error;
        word = next_word(&text, end);
    }
    return 0;
}

int trace_line_parse(struct trace_line *line, const char *text,
                     const char **reason)
{
    const char *end = text + strcspn(text, "\t");
    const char *times = *end == '\t' ? end + 1 : end;
    const char *varying = strchr(times, '\t');
    struct word word;
    int error;

    *line = (struct trace_line){.call = TRACE_CALL_NONE};
    if (text[0] == '#')
        return 0;
    word = next_word(&text, end);
    *reason = "no device at the begin of the line";
    if (word.length == 0 ||
        !copy_word(word, line->device, sizeof(line->device)))
        return -EINVAL;
    word = next_word(&text, end);
    *reason = "neither an event nor a call";
    if (word.length == 0)
        return -EINVAL;
    if (word.text[word.length - 1] == ':')
        return 0;
    name_call(line, word);
    error = parse_call(line, text, end, reason);
    if (!error && varying)
        error = parse_varying(line, varying + 1, reason);
    return error;
}
