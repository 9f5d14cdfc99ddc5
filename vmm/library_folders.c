/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * library_folders.c: reads ld.so.conf, see ldconfig(8).
 *
 * Not its cache: that has a format of its own, for the same folders.
 */
#include "vmm/library_folders.h"

#include "vmm/arch.h"
#include "vmm/compiler.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each is also looked at for the libraries of one architecture, in a folder
 * of the name that Debian has for it. */
static const char *const parents[] = {"/lib", "/usr/lib"};
static const char *const usual_folders[] = {"/lib64", "/usr/lib64", "/lib",
                                            "/usr/lib"};

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

static bool is_same(const char *folder, size_t length, const char *text)
{
    return strlen(text) == length && memcmp(text, folder, length) == 0;
}

bool library_folders_is_usual(const char *folder, size_t length)
{
    const char *triplet = arch_machine_layout()->library_triplet;
    char text[64];

    for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
        snprintf(text, sizeof(text), "%s/%s", parents[i], triplet);
        if (is_same(folder, length, text))
            return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(usual_folders); i++)
        if (is_same(folder, length, usual_folders[i]))
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
    for (size_t i = 0; i < ARRAY_SIZE(parents); i++)
        fprintf(list, "%s/%s:", parents[i],
                arch_machine_layout()->library_triplet);
    for (size_t i = 0; i < ARRAY_SIZE(usual_folders); i++)
        fprintf(list, "%s:", usual_folders[i]);
    if (fclose(list) == 0)
        return folders;
    free(folders);
    return NULL;
}
