/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_collect_input.c: any bytes of a guest, in two pieces, as the files that
 * it sends. What is taken has to be safe to be made into a path.
 */
#include "vmm/collect_input.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Aborts, whatever NDEBUG says. */
static void require(int claim)
{
    if (!claim)
        abort();
}

static void check_name(const char *name)
{
    char copy[COLLECT_MAX_NAME];

    require(strlen(name) < sizeof(copy));
    memcpy(copy, name, strlen(name) + 1);
    require(copy[0] != '/' && strstr(copy, "//") == NULL);
    for (char *rest, *part = strtok_r(copy, "/", &rest); part;
         part = strtok_r(NULL, "/", &rest))
        require(strcmp(part, ".") != 0 && strcmp(part, "..") != 0 &&
                strlen(part) <= COLLECT_MAX_PART);
}

static void take(void *owner, const struct collect_record *record)
{
    unsigned *sum = owner;

    require(record->item < 3 && record->mode <= UINT16_MAX);
    if (record->name)
        check_name(record->name);
    if (record->type == COLLECT_LINK)
        require(record->name && record->target && record->name[0] != '\0' &&
                record->target[0] != '\0');
    require(record->size <= COLLECT_MAX_PAYLOAD);
    for (size_t i = 0; i < record->size; i++)
        *sum += record->bytes[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct collect_input input;
    unsigned sum = 0;

    collect_input_init(&input, 3, take, &sum);
    collect_input_receive(&input, bytes, size / 2);
    collect_input_receive(&input, bytes + size / 2, size - size / 2);
    return 0;
}
