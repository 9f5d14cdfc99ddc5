/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bit_names.c: sets of bits as words, "ACKNOWLEDGE|DRIVER", and back.
 */
#include "vmm/bit_names.h"

#include "vmm/compiler.h"

#include <stdio.h>
#include <string.h>

#define MAX_BITS 64

/* virtio 1.2, 2.1 */
static const char *const status_names[] = {
    [0] = "ACKNOWLEDGE", [1] = "DRIVER",      [2] = "DRIVER_OK",
    [3] = "FEATURES_OK", [6] = "NEEDS_RESET", [7] = "FAILED",
};

/* Numbers stand here as Debian 12's kernel headers lack the newer ones. */
static const char *const backend_names[] = {
    [1] = "iotlb_msg_v2", [2] = "iotlb_batch",   [3] = "iotlb_asid",
    [4] = "suspend",      [5] = "resume",        [6] = "enable_after_driver_ok",
    [7] = "desc_asid",    [8] = "iotlb_persist",
};

const char *bit_names_status(uint32_t device_id, unsigned bit)
{
    (void)device_id;
    return bit < ARRAY_SIZE(status_names) ? status_names[bit] : NULL;
}

const char *bit_names_backend(uint32_t device_id, unsigned bit)
{
    (void)device_id;
    return bit < ARRAY_SIZE(backend_names) ? backend_names[bit] : NULL;
}

void bit_names_print(bit_name *name, uint32_t device_id, uint64_t bits,
                     char text[BIT_NAMES_SIZE])
{
    size_t used = 0;

    (void)snprintf(text, BIT_NAMES_SIZE, "0");
    for (unsigned bit = 0; bit < MAX_BITS && used < BIT_NAMES_SIZE; bit++) {
        const char *known = name(device_id, bit);
        const char *between = used == 0 ? "" : "|";
        char *end = text + used;
        size_t room = BIT_NAMES_SIZE - used;

        if (!(bits & 1ULL << bit))
            continue;
        if (known)
            used += (size_t)snprintf(end, room, "%s%s", between, known);
        else
            used += (size_t)snprintf(end, room, "%sbit%u", between, bit);
    }
}

static bool is_word(const char *known, const char *word, size_t length)
{
    return strlen(known) == length && memcmp(known, word, length) == 0;
}

static bool is_bit(bit_name *name, uint32_t device_id, unsigned bit,
                   const char *word, size_t length)
{
    const char *known = name(device_id, bit);
    char nameless[16];

    (void)snprintf(nameless, sizeof(nameless), "bit%u", bit);
    return (known && is_word(known, word, length)) ||
           is_word(nameless, word, length);
}

bool bit_names_parse(bit_name *name, uint32_t device_id, const char *text,
                     uint64_t *bits)
{
    *bits = 0;
    if (strcmp(text, "0") == 0)
        return true;
    for (;;) {
        size_t length = strcspn(text, "|");
        unsigned bit = 0;

        while (bit < MAX_BITS && !is_bit(name, device_id, bit, text, length))
            bit++;
        if (bit == MAX_BITS)
            return false;
        *bits |= 1ULL << bit;
        if (text[length] == '\0')
            return true;
        text += length + 1;
    }
}
