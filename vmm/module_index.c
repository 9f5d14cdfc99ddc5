/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * module_index.c: what a folder of kernel modules lists, and what a module says
 * of itself.
 */
#include "vmm/module_index.h"

#include "vmm/compiler.h"

#include <stdio.h>
#include <string.h>

/* The section .modinfo holds strings, each with its NUL. */
#define NEEDS_TAG "depends="

static char name_byte(char byte)
{
    if (byte == '-')
        return '_';
    return byte;
}

bool module_name_take(char name[MODULE_MAX_NAME], const char *text,
                      size_t length)
{
    if (length == 0 || length >= MODULE_MAX_NAME)
        return false;
    for (size_t i = 0; i < length; i++) {
        char byte = name_byte(text[i]);

        if ((byte < '0' || byte > '9') && (byte < 'a' || byte > 'z') &&
            (byte < 'A' || byte > 'Z') && byte != '_')
            return false;
        name[i] = byte;
    }
    name[length] = '\0';
    return true;
}

/* What may follow the name; the last is how newer kernels list their own. */
static bool is_module_ending(const char *ending, size_t length)
{
    static const char *const endings[] = {".ko", ".ko.xz", ".ko.zst", ".ko.gz",
                                          ".o"};

    for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
        if (length == strlen(endings[i]) &&
            memcmp(ending, endings[i], length) == 0)
            return true;
    return false;
}

static bool is_path_of(const char *path, size_t length, const char *name)
{
    const char *slash = memrchr(path, '/', length);
    const char *base = slash ? slash + 1 : path;
    size_t base_length = length - (size_t)(base - path);
    size_t name_length = strlen(name);

    if (base_length <= name_length || memchr(path, '\0', length))
        return false;
    for (size_t i = 0; i < name_length; i++)
        if (name_byte(base[i]) != name[i])
            return false;
    return is_module_ending(base + name_length, base_length - name_length);
}

bool module_index_find(const char *text, size_t size, const char *name,
                       char path[MODULE_MAX_PATH])
{
    const char *end;

    if (size == 0)
        return false;
    end = text + size;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline ? newline : end;
        const char *colon = memchr(text, ':', (size_t)(line_end - text));
        size_t length = (size_t)((colon ? colon : line_end) - text);

        if (length < MODULE_MAX_PATH - 1 && is_path_of(text, length, name)) {
            bool is_object = text[length - 2] == '.';

            snprintf(path, MODULE_MAX_PATH, "%.*s%s",
                     (int)length - (is_object ? 1 : 0), text,
                     is_object ? "ko" : "");
            return true;
        }
        text = line_end + 1;
    }
    return false;
}

bool module_find_needs(const char *bytes, size_t size, const char **needs,
                       size_t *length)
{
    const size_t tag_size = strlen(NEEDS_TAG);
    const char *end, *next = bytes, *found, *nul;

    if (size == 0)
        return false;
    end = bytes + size;
    while ((found = memmem(next, (size_t)(end - next), NEEDS_TAG, tag_size))) {
        next = found + tag_size;
        nul = memchr(next, '\0', (size_t)(end - next));
        if (nul && (found == bytes || found[-1] == '\0')) {
            *needs = next;
            *length = (size_t)(nul - next);
            return true;
        }
    }
    return false;
}
