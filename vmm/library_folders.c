/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * library_folders.c: reads ld.so.conf, see ldconfig(8).
 *
 * Not its cache: that has a format of its own, for the same folders.
 */
#include "vmm/library_folders.h"

#include "vmm/compiler.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __aarch64__
#define TRIPLET "aarch64-linux-gnu"
#else
#define TRIPLET "x86_64-linux-gnu"
#endif

static const char *const usual_folders[] = {
    "/lib/" TRIPLET, "/usr/lib/" TRIPLET, "/lib64", "/usr/lib64",
    "/lib",          "/usr/lib",
};

/* Files may include each other. */
#define MAX_DEPTH 8

static void read_conf(const char *path, unsigned depth, FILE *list);

/* The two call each other up to MAX_DEPTH. NOLINTBEGIN(misc-no-recursion) */
static void include(const char *pattern, unsigned depth, FILE *list)
{
    glob_t found;

    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            read_conf(found.gl_pathv[i], depth, list);
    globfree(&found);
}

static void read_conf(const char *path, unsigned depth, FILE *list)
{
    FILE *file = depth < MAX_DEPTH ? fopen(path, "re") : NULL;
    char *line = NULL;
    size_t size = 0;

    while (file && getline(&line, &size, file) > 0) {
        char *rest, *word;

        line[strcspn(line, "#\n")] = '\0';
        word = strtok_r(line, " \t", &rest);
        if (!word)
            continue;
        if (strcmp(word, "include") != 0)
            fprintf(list, "%s:", word);
        else
            while ((word = strtok_r(NULL, " \t", &rest)))
                include(word, depth + 1, list);
    }
    free(line);
    if (file)
        fclose(file);
}
/* NOLINTEND(misc-no-recursion) */

bool library_folders_is_usual(const char *folder, size_t length)
{
    for (size_t i = 0; i < ARRAY_SIZE(usual_folders); i++)
        if (strlen(usual_folders[i]) == length &&
            memcmp(usual_folders[i], folder, length) == 0)
            return true;
    return false;
}

char *library_folders_read(const char *conf)
{
    char *folders = NULL;
    size_t size;
    FILE *list = open_memstream(&folders, &size);

    if (!list)
        return NULL;
    read_conf(conf, 0, list);
    for (size_t i = 0; i < ARRAY_SIZE(usual_folders); i++)
        fprintf(list, "%s:", usual_folders[i]);
    if (fclose(list) == 0)
        return folders;
    free(folders);
    return NULL;
}
