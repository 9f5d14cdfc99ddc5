/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory_use.c: what memory this process uses beyond that of its guest.
 */
#include "vmm/memory_use.h"

#include "vmm/text_numbers.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct memory_use *use;
    const struct guest_memory *memory;
    bool in_guest; /* the mapping that is being read */
};

/* The kernel joins neighbours to one mapping, but only those of one kind. */
static bool is_guest_memory(const struct guest_memory *memory, uint64_t address)
{
    for (unsigned i = 0; i < memory->count; i++) {
        const struct guest_memory_region *region = &memory->regions[i];

        if (address - (uintptr_t)region->host < region->size)
            return true;
    }
    return false;
}

/* A mapping begins with its addresses, its other lines with a name. */
static void take_smaps_line(struct reader *reader, const char *line)
{
    const char *rest;
    uint64_t address, kib;

    rest = text_read_number(line, 16, &address);
    if (rest && *rest == '-')
        reader->in_guest = is_guest_memory(reader->memory, address);
    else if (strncmp(line, "Rss:", 4) == 0 &&
             text_read_number(line + 4, 10, &kib))
        *(reader->in_guest ? &reader->use->guest : &reader->use->beyond) += kib;
}

static void take_status_line(struct reader *reader, const char *line)
{
    if (strncmp(line, "VmHWM:", 6) == 0)
        (void)text_read_number(line + 6, 10, &reader->use->peak);
}

static int read_lines(struct reader *reader, const char *folder,
                      const char *name,
                      void (*take)(struct reader *reader, const char *line))
{
    char path[PATH_MAX], *line = NULL;
    size_t capacity = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "re");
    if (!file)
        return -errno;
    while (getline(&line, &capacity, file) >= 0)
        take(reader, line);
    free(line);
    (void)fclose(file);
    return 0;
}

int memory_use_read(struct memory_use *use, const char *folder,
                    const struct guest_memory *memory)
{
    struct reader reader = {.use = use, .memory = memory};
    int error;

    *use = (struct memory_use){.peak = 0};
    error = read_lines(&reader, folder, "smaps", take_smaps_line);
    if (!error)
        error = read_lines(&reader, folder, "status", take_status_line);
    use->peak_beyond = use->beyond;
    if (use->peak > use->guest && use->peak - use->guest > use->beyond)
        use->peak_beyond = use->peak - use->guest;
    return error;
}
