/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device_tree.c: reads the device tree.
 */
#include "guest/bare/arm64/device_tree.h"

#include "guest/bare/bytes.h"

#define MAGIC 0xd00dfeedU

#define BEGIN_NODE 1U
#define END_NODE   2U
#define PROPERTY   3U
#define END        9U

static const uint8_t *tree;

static uint32_t cell(const void *at)
{
    const uint8_t *bytes = at;

    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
           (uint32_t)bytes[2] << 8 | bytes[3];
}

uint64_t device_tree_number(const void *cells, unsigned count)
{
    const uint8_t *at = cells;

    return count == 1 ? cell(at) : (uint64_t)cell(at) << 32 | cell(at + 4);
}

void device_tree_use(const void *blob)
{
    tree = blob;
}

static bool begins_with(const char *text, const char *start)
{
    return memcmp(text, start, strlen(start)) == 0;
}

static const uint8_t *align(const uint8_t *at)
{
    return (const uint8_t *)(((uintptr_t)at + 3) & ~3UL);
}

const void *device_tree_find(const char *node, unsigned index, const char *name,
                             uint32_t *size)
{
    const uint8_t *at = tree + cell(tree + 8);
    const char *names = (const char *)tree + cell(tree + 12);
    unsigned depth = 0, seen = 0;
    bool inside = false;

    if (cell(tree) != MAGIC)
        return NULL;
    for (;;) {
        uint32_t token = cell(at);

        at += 4;
        if (token == BEGIN_NODE) {
            const char *found = (const char *)at;

            if (++depth == 2)
                inside = begins_with(found, node) && seen++ == index;
            at = align(at + strlen(found) + 1);
        } else if (token == END_NODE) {
            if (depth-- == 2)
                inside = false;
        } else if (token == PROPERTY) {
            const char *found = names + cell(at + 4);

            *size = cell(at);
            at += 8;
            if (inside && depth == 2 &&
                memcmp(found, name, strlen(name) + 1) == 0)
                return at;
            at = align(at + *size);
        } else if (token == END) {
            return NULL;
        }
    }
}
