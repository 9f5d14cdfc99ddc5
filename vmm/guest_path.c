/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_path.c: paths of files that are yet to be in a guest.
 */
#include "vmm/guest_path.h"

#include <stdlib.h>
#include <string.h>

size_t guest_path_folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (size_t)(slash - path) : 0;
}

/* Appends the parts of `path` to the `length` bytes of `joined`. */
static size_t append(char *joined, size_t length, const char *path)
{
    for (;;) {
        size_t part;

        path += strspn(path, "/");
        part = strcspn(path, "/");
        if (part == 0)
            break;
        if (part == 2 && memcmp(path, "..", 2) == 0) {
            while (length > 0 && joined[--length] != '/')
                ;
        } else if (part != 1 || *path != '.') {
            joined[length++] = '/';
            memcpy(joined + length, path, part);
            length += part;
        }
        path += part;
    }
    return length;
}

char *guest_path_from(const char *folder, const char *path)
{
    size_t length = 0;
    char *joined;

    if (!folder)
        folder = "/";
    joined = malloc(strlen(folder) + strlen(path) + 3);
    if (!joined)
        return NULL;
    if (*path != '/')
        length = append(joined, length, folder);
    length = append(joined, length, path);
    if (length == 0)
        joined[length++] = '/';
    joined[length] = '\0';
    return joined;
}
