/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * collect_input.h: what a guest sends of the files that are collected: records,
 * read strictly, whatever it sends.
 *
 * A record is a header of 8 bytes, numbers in little endian, and a payload:
 *
 *     0  type, see enum collect_type
 *     1  item: which --collect, from 0 on
 *     2  mode: the file's permissions; of a failure its errno
 *     4  bytes of the payload, up to COLLECT_MAX_PAYLOAD
 *
 * A name is relative to the item and has neither "." nor ".." nor empty parts;
 * that of the item itself is "", and it comes first.
 */
#ifndef VMM_COLLECT_INPUT_H
#define VMM_COLLECT_INPUT_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COLLECT_HEADER_SIZE 8
#define COLLECT_MAX_PAYLOAD 65536
#define COLLECT_MAX_NAME    4096 /* bytes, with a NUL */
#define COLLECT_MAX_PART    255  /* bytes between slashes */

enum collect_type {
    COLLECT_FOLDER = 'd', /* the payload is its name */
    COLLECT_FILE = 'f',   /* likewise; its bytes follow */
    COLLECT_BYTES = 'b',  /* the next ones of the last file */
    COLLECT_LINK = 'l',   /* a name, a NUL, where it leads to */
    COLLECT_FAILED = 'x', /* the name of what could not be read */
    COLLECT_END = 'e',    /* of the item; no payload */
};

/* `name` and `target` end in a NUL; `bytes` are `size`. */
struct collect_record {
    enum collect_type type;
    unsigned item, mode;
    const char *name;   /* of all but COLLECT_BYTES and COLLECT_END */
    const char *target; /* of a link */
    const uint8_t *bytes;
    size_t size;
};

struct collect_input {
    void (*take)(void *owner, const struct collect_record *record);
    void *owner;
    unsigned num_items;
    bool is_broken; /* the guest does not keep to this */

    uint8_t header[COLLECT_HEADER_SIZE];
    uint8_t payload[COLLECT_MAX_PAYLOAD + 1]; /* a NUL follows */
    size_t length;                            /* of both together, so far */
};

/* Gives each record to `take`, until it is broken: nothing comes then. */
void collect_input_init(struct collect_input *input, unsigned num_items,
                        void (*take)(void *owner,
                                     const struct collect_record *record),
                        void *owner);
void collect_input_receive(struct collect_input *input, const uint8_t *bytes,
                           size_t size);
/* Whether all that came was whole records. */
bool collect_input_is_complete(const struct collect_input *input);

#endif
