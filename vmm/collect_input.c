/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * collect_input.c: reads the records of a guest's files.
 */
#include "vmm/collect_input.h"

#include "vmm/bytes.h"

#include <string.h>

void collect_input_init(struct collect_input *input, unsigned num_items,
                        void (*take)(void *owner,
                                     const struct collect_record *record),
                        void *owner)
{
    input->take = take;
    input->owner = owner;
    input->num_items = num_items;
    input->is_broken = false;
    input->length = 0;
}

static uint32_t payload_size(const struct collect_input *input)
{
    return load_le32(input->header + 4);
}

/* Of `size` bytes, a NUL among or after them; one that cannot lead out of
 * its folder. */
static bool is_name(const char *name, size_t size)
{
    size_t length = strnlen(name, size);

    if (length >= COLLECT_MAX_NAME)
        return false;
    while (length > 0) {
        size_t part = strcspn(name, "/");

        if (part == 0 || part > COLLECT_MAX_PART ||
            strncmp(name, ".", part) == 0 || strncmp(name, "..", part) == 0)
            return false;
        if (name[part] == '\0')
            break;
        name += part + 1;
    }
    return true;
}

/* Fills in what the payload is; false when it is not what it has to be. */
static bool read_payload(const struct collect_input *input,
                         struct collect_record *record)
{
    const char *text = (const char *)input->payload;
    size_t size = payload_size(input), length = strnlen(text, size);

    switch (record->type) {
    case COLLECT_BYTES:
        record->bytes = input->payload;
        record->size = size;
        return true;
    case COLLECT_END:
        return size == 0;
    case COLLECT_FOLDER:
    case COLLECT_FILE:
    case COLLECT_FAILED:
        record->name = text;
        return length == size && is_name(text, size);
    case COLLECT_LINK:
        record->name = text;
        record->target = text + length + 1;
        /* The rest of it is not empty, and has no further NUL. */
        return length > 0 && size - length > 1 &&
               size - length < COLLECT_MAX_NAME && is_name(text, size) &&
               strlen(record->target) == size - length - 1;
    default:
        return false;
    }
}

static void take_record(struct collect_input *input)
{
    struct collect_record record = {
        .type = (enum collect_type)input->header[0],
        .item = input->header[1],
        .mode = load_le16(input->header + 2),
    };

    input->payload[payload_size(input)] = '\0';
    input->length = 0;
    if (record.item < input->num_items && read_payload(input, &record))
        input->take(input->owner, &record);
    else
        input->is_broken = true;
}

/* Moves up to `size` bytes into the record; how many. */
static size_t fill(struct collect_input *input, const uint8_t *bytes,
                   size_t size)
{
    size_t end = COLLECT_HEADER_SIZE, at = input->length;
    uint8_t *to;

    if (at < COLLECT_HEADER_SIZE) {
        to = input->header + at;
    } else {
        end += payload_size(input);
        to = input->payload + (at - COLLECT_HEADER_SIZE);
    }
    if (size > end - at)
        size = end - at;
    memcpy(to, bytes, size);
    input->length += size;
    return size;
}

void collect_input_receive(struct collect_input *input, const uint8_t *bytes,
                           size_t size)
{
    while (size > 0 && !input->is_broken) {
        size_t taken = fill(input, bytes, size);

        bytes += taken;
        size -= taken;
        if (input->length < COLLECT_HEADER_SIZE)
            continue;
        if (payload_size(input) > COLLECT_MAX_PAYLOAD)
            input->is_broken = true;
        else if (input->length == COLLECT_HEADER_SIZE + payload_size(input))
            take_record(input);
    }
}

bool collect_input_is_complete(const struct collect_input *input)
{
    return !input->is_broken && input->length == 0;
}
