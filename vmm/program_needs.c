/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * program_needs.c: what programs need beside them where they are to run.
 */
#include "vmm/program_needs.h"

#include "vmm/elf_needs.h"
#include "vmm/guest_path.h"
#include "vmm/library_folders.h"
#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FIRST_LINE 256 /* bytes, as the kernel's BINPRM_BUF_SIZE */

/* Those of a loader that is its own C library (musl). */
#define OWN_LIBRARY_LOADER "ld-musl-"
#define OWN_LIBRARY        "libc.so"

static void keep_error(struct program_needs *needs, int error)
{
    if (!needs->error)
        needs->error = error;
}

/* ---- The list ---- */

static struct needed_file *add(struct program_needs *needs, const char *host,
                               const char *guest, struct needed_file *parent)
{
    struct needed_file *file;

    for (file = needs->first; file; file = file->next)
        if (strcmp(file->guest, guest) == 0)
            return file;
    file = calloc(1, sizeof(*file));
    if (file) {
        file->host = strdup(host ? host : "");
        file->guest = strdup(guest);
        file->parent = parent;
        *needs->end = file;
        needs->end = &file->next;
    }
    if (!file || !file->host || !file->guest)
        keep_error(needs, -ENOMEM);
    return file;
}

void program_needs_init(struct program_needs *needs)
{
    *needs = (struct program_needs){
        .folders = library_folders_read("/etc/ld.so.conf")};
    needs->end = &needs->first;
    if (!needs->folders)
        keep_error(needs, -ENOMEM);
}

void program_needs_add_given(struct program_needs *needs, const char *host,
                             const char *guest)
{
    struct needed_file *file = add(needs, host, guest, NULL);
    char *latest = strdup(host ? host : "");

    if (!file || !latest) {
        keep_error(needs, -ENOMEM);
        free(latest);
        return;
    }
    file->is_given = true;
    free(file->host);
    file->host = latest;
}

void program_needs_add(struct program_needs *needs, const char *host,
                       const char *guest)
{
    (void)add(needs, host, guest, NULL);
}

/* ---- Looking for a library ---- */

static bool is_library_for(const char *path, unsigned machine)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct elf_needs needs;
    bool is_one = false;

    if (fd < 0)
        return false;
    if (elf_needs_read(fd, &needs) == 0) {
        is_one = needs.machine == machine;
        elf_needs_destroy(&needs);
    }
    close(fd);
    return is_one;
}

/* The folder that the file is really in; to be freed, or NULL. */
static char *real_folder_of(const char *path)
{
    char *real = realpath(path, NULL);

    if (real)
        real[guest_path_folder_length(real)] = '\0';
    return real;
}

/* A `folder` of a list, `length` bytes of it, with `origin` for $ORIGIN
 * (ld.so(8)), and `name` after it; to be freed. */
static char *expand(const char *folder, size_t length, const char *origin,
                    const char *name)
{
    static const char *const words[] = {"$ORIGIN", "${ORIGIN}"};
    size_t skipped = 0;
    char *path = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (length >= strlen(words[i]) &&
            strncmp(folder, words[i], strlen(words[i])) == 0)
            skipped = strlen(words[i]);
    if (asprintf(&path, "%s%.*s/%s", skipped && origin ? origin : "",
                 (int)(length - skipped), folder + skipped, name) < 0)
        return NULL;
    return path;
}

/* How one library is looked for. */
struct search {
    struct program_needs *needs;
    struct needed_file *file; /* that needs it */
    unsigned machine;
    const char *name;
};

/* Where the guest's loader looks for the library that is `host` here, in the
 * `folder` of a list of `from`, or of nobody; to be freed. */
static char *place_of(const struct search *search, const char *host,
                      const char *folder, size_t length,
                      const struct needed_file *from)
{
    const char *loader_folder = search->file->loader_folder;
    char *origin = NULL, *path = NULL, *place;

    if (from) {
        origin = strndup(from->guest, guest_path_folder_length(from->guest));
        path = origin ? expand(folder, length, origin, search->name) : NULL;
    } else if (loader_folder && !library_folders_is_usual(folder, length)) {
        path = expand(loader_folder, strlen(loader_folder), NULL, search->name);
    } else {
        path = strdup(host);
    }
    place = path ? guest_path_from(NULL, path) : NULL;
    free(origin);
    free(path);
    return place;
}

static bool try_folder(const struct search *search, const char *folder,
                       size_t length, const struct needed_file *from)
{
    char *origin = from ? real_folder_of(from->host) : NULL;
    char *host = expand(folder, length, origin, search->name);
    bool is_found = host && is_library_for(host, search->machine);

    if (is_found) {
        char *place = place_of(search, host, folder, length, from);

        if (place)
            (void)add(search->needs, host, place, search->file);
        else
            keep_error(search->needs, -ENOMEM);
        free(place);
    }
    free(origin);
    free(host);
    return is_found;
}

static bool try_folders(const struct search *search, const char *folders,
                        const struct needed_file *from)
{
    while (folders && *folders) {
        size_t length = strcspn(folders, ":");

        if (length > 0 && try_folder(search, folders, length, from))
            return true;
        folders += length + (folders[length] == ':');
    }
    return false;
}

static bool is_in_loader(const struct search *search, const char *interpreter)
{
    return strcmp(search->name, OWN_LIBRARY) == 0 && interpreter &&
           strstr(interpreter, OWN_LIBRARY_LOADER) != NULL;
}

static bool is_given(const struct search *search)
{
    for (const struct needed_file *file = search->needs->first; file;
         file = file->next)
        if (file->is_given &&
            strcmp(file->guest + guest_path_folder_length(file->guest) + 1,
                   search->name) == 0)
            return true;
    return false;
}

static void find_library(const struct search *search,
                         const struct elf_needs *elf)
{
    const struct needed_file *file = search->file;

    if (is_in_loader(search, elf->interpreter))
        return;
    if (*search->name == '/') {
        (void)add(search->needs, search->name, search->name, search->file);
        return;
    }
    if (!elf->runpath)
        for (const struct needed_file *from = file; from; from = from->parent)
            if (try_folders(search, from->rpath, from))
                return;
    if (try_folders(search, getenv("LD_LIBRARY_PATH"), NULL) ||
        try_folders(search, elf->runpath, file) ||
        try_folders(search, search->needs->folders, NULL) ||
        try_folders(search, file->loader_folder, NULL) || is_given(search))
        return;
    log_warning("%s needs %s, which is not here: the guest has it only if "
                "--inject or --initrd brings it",
                file->host, search->name);
}

/* ---- What one file needs ---- */

static void add_elf_needs(struct program_needs *needs, struct needed_file *file,
                          const struct elf_needs *elf)
{
    struct search search = {
        .needs = needs, .file = file, .machine = elf->machine};

    if (elf->interpreter) {
        (void)add(needs, elf->interpreter, elf->interpreter, file);
        file->loader_folder = real_folder_of(elf->interpreter);
    } else if (file->parent && file->parent->loader_folder) {
        file->loader_folder = strdup(file->parent->loader_folder);
    }
    /* ld.so(8): the older of the two is for nothing beside the newer. */
    if (elf->rpath && !elf->runpath)
        file->rpath = strdup(elf->rpath);
    for (unsigned i = 0; i < elf->num_libraries; i++) {
        search.name = elf->libraries[i];
        find_library(&search, elf);
    }
}

/* As "env NAME" looks for it. */
static void add_command(struct program_needs *needs, struct needed_file *file,
                        const char *name)
{
    char *path;
    const char *folder = getenv("PATH");

    while (folder && *folder) {
        size_t length = strcspn(folder, ":");

        if (asprintf(&path, "%.*s/%s", (int)length, folder, name) < 0)
            return;
        if (*path == '/' && access(path, X_OK) == 0) {
            (void)add(needs, path, path, file);
            free(path);
            return;
        }
        free(path);
        folder += length + (folder[length] == ':');
    }
}

/* "#!/usr/bin/env -S python3 -u": the interpreter, and env's command. */
static void add_interpreter(struct program_needs *needs,
                            struct needed_file *file, char *line)
{
    char *rest, *word = strtok_r(line, " \t", &rest);

    if (!word || *word != '/')
        return;
    (void)add(needs, word, word, file);
    if (strcmp(word + guest_path_folder_length(word), "/env") != 0)
        return;
    while ((word = strtok_r(NULL, " \t", &rest)))
        if (*word != '-' && !strchr(word, '=')) {
            add_command(needs, file, word);
            return;
        }
}

static void add_script_needs(struct program_needs *needs,
                             struct needed_file *file, int fd)
{
    char line[MAX_FIRST_LINE + 1];
    ssize_t size = pread(fd, line, sizeof(line) - 1, 0);

    if (size < 2 || memcmp(line, "#!", 2) != 0)
        return;
    line[size] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    add_interpreter(needs, file, line + 2);
}

static void look_into(struct program_needs *needs, struct needed_file *file)
{
    int fd = open(file->host, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct elf_needs elf;
    int error;

    if (fd < 0) {
        log_warning("%s%s%s: %s: the guest has it only if --inject or "
                    "--initrd brings it",
                    file->parent ? file->parent->host : "",
                    file->parent ? " needs " : "", file->host, strerror(errno));
        file->is_given = true;
        return;
    }
    error = elf_needs_read(fd, &elf);
    if (!error) {
        add_elf_needs(needs, file, &elf);
        elf_needs_destroy(&elf);
    } else if (error == -ENOEXEC) {
        add_script_needs(needs, file, fd);
    } else {
        log_debug("%s: a broken ELF file: what it needs is not looked for",
                  file->host);
    }
    close(fd);
}

int program_needs_resolve(struct program_needs *needs)
{
    for (struct needed_file *file = needs->first; file && !needs->error;
         file = file->next)
        if (file->host[0] != '\0')
            look_into(needs, file);
    return needs->error;
}

void program_needs_destroy(struct program_needs *needs)
{
    while (needs->first) {
        struct needed_file *file = needs->first;

        needs->first = file->next;
        free(file->host);
        free(file->guest);
        free(file->loader_folder);
        free(file->rpath);
        free(file);
    }
    free(needs->folders);
    needs->folders = NULL;
}
