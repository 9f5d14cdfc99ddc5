/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_module_index.c: any text as a list of modules, and any bytes as one.
 *
 * Input: the name of a module, a newline, and the file.
 */
#include "vmm/module_index.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_needs(const char *bytes, size_t size)
{
    const char *needs;
    size_t length;

    if (!module_find_needs(bytes, size, &needs, &length))
        return;
    if (needs < bytes || needs + length >= bytes + size ||
        needs[length] != '\0')
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *newline = size > 0 ? memchr(text, '\n', size) : NULL;
    char name[MODULE_MAX_NAME], path[MODULE_MAX_PATH];

    if (!newline || !module_name_take(name, text, (size_t)(newline - text)))
        return 0;
    size -= (size_t)(newline + 1 - text);
    text = newline + 1;
    if (module_index_find(text, size, name, path) &&
        (strlen(path) >= MODULE_MAX_PATH || strchr(path, '\n') != NULL ||
         strstr(path, ".ko") == NULL))
        abort();
    check_needs(text, size);
    return 0;
}
