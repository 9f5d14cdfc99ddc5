/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inject.c: files and folders of the host in a guest's image.
 */
#include "vmm/inject.h"

#include "vmm/guest_path.h"
#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One --inject. */
struct injection {
    const char *option; /* as it was given, for messages */
    char *host, *guest; /* guest: an absolute path */
    char tree[32];      /* the folder of the image for it */
    struct cpio_archive *archive;
    struct program_needs *needs;
    uint64_t limit; /* of the image, in bytes */
};

static int fail(const struct injection *injection, const char *path, int error)
{
    if (error == -EFBIG)
        log_error("--inject %s: %s: files of 4 GiB and more do not fit into "
                  "an image",
                  injection->option, path);
    else if (error == -ENOSPC)
        log_error("--inject %s: with %s the image is larger than the guest's "
                  "memory: give more with --memory, or inject less",
                  injection->option, path);
    else
        log_error("--inject %s: %s: %s: give files and folders that can be "
                  "read",
                  injection->option, path, strerror(-error));
    return error;
}

/* ---- Entries of the image ---- */

/* The folders that `path` is in, but for `known` bytes of it. */
static void add_parents(struct cpio_archive *archive, const char *path,
                        size_t known)
{
    char *folder = strdup(path);

    if (!folder) {
        archive->error = -ENOMEM;
        return;
    }
    for (char *slash = folder + known; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        if (slash > folder)
            cpio_archive_add_folder(archive, folder, 0755);
        *slash = '/';
    }
    free(folder);
}

/* A program may need something. */
static bool is_program(int fd)
{
    char start[4] = "";

    return pread(fd, start, sizeof(start), 0) >= 2 &&
           (memcmp(start, "#!", 2) == 0 || memcmp(start, "\177ELF", 4) == 0);
}

/* `path` is that in the image, `guest` the one in the guest. */
static int add_file(const struct injection *injection, const char *host,
                    const char *path, const char *guest)
{
    int fd = open(host, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct cpio_archive *archive = injection->archive;
    struct stat status;

    if (fd < 0 || fstat(fd, &status) != 0) {
        int error = -errno;

        if (fd >= 0)
            close(fd);
        return error;
    }
    if ((uint64_t)ftello(archive->file) + (uint64_t)status.st_size >
        injection->limit) {
        close(fd);
        return -ENOSPC;
    }
    cpio_archive_add_file(archive, path, status.st_mode, fd);
    if (injection->needs && is_program(fd))
        program_needs_add_given(injection->needs, host, guest);
    close(fd);
    return archive->error;
}

static int add_link(const struct injection *injection, const char *host,
                    const char *path)
{
    char target[PATH_MAX];
    ssize_t length = readlink(host, target, sizeof(target) - 1);

    if (length < 0)
        return -errno;
    target[length] = '\0';
    cpio_archive_add_link(injection->archive, path, target);
    return injection->archive->error;
}

static int refuse_special(const struct injection *injection, const char *path,
                          mode_t mode)
{
    const char *kind = S_ISFIFO(mode)   ? "a FIFO"
                       : S_ISSOCK(mode) ? "a socket"
                                        : "a device";

    log_error("--inject %s: %s: %s cannot be injected: leave it out",
              injection->option, path, kind);
    return -EINVAL;
}

static int add_entry(const struct injection *injection, const FTSENT *entry,
                     const char *path, const char *guest)
{
    struct cpio_archive *archive = injection->archive;
    int error;

    switch (entry->fts_info) {
    case FTS_D:
        if (strcmp(guest, "/") != 0)
            cpio_archive_add_folder(archive, path, entry->fts_statp->st_mode);
        error = archive->error;
        break;
    case FTS_F:
        error = add_file(injection, entry->fts_path, path, guest);
        break;
    case FTS_SL:
        error = add_link(injection, entry->fts_path, path);
        break;
    case FTS_SLNONE:
        /* One that leads nowhere may lead somewhere in the guest, but what
         * the user names is to be there. */
        error = entry->fts_level == FTS_ROOTLEVEL
                    ? -ENOENT
                    : add_link(injection, entry->fts_path, path);
        break;
    case FTS_DP:
        return 0;
    case FTS_DEFAULT:
        return refuse_special(injection, entry->fts_path,
                              entry->fts_statp->st_mode);
    default:
        error = -entry->fts_errno;
        break;
    }
    return error ? fail(injection, entry->fts_path, error) : 0;
}

/* ---- The walk ---- */

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int walk_entry(const struct injection *injection, const FTSENT *entry)
{
    const char *below = entry->fts_path + strlen(injection->host);
    char *guest, *path = NULL;
    int error;

    below += strspn(below, "/");
    guest = guest_path_from(injection->guest, below);
    if (!guest || asprintf(&path, "%s%s", injection->tree, guest) < 0) {
        free(guest);
        return fail(injection, entry->fts_path, -ENOMEM);
    }
    if (entry->fts_level == FTS_ROOTLEVEL)
        add_parents(injection->archive, path, strlen(injection->tree) + 1);
    error = add_entry(injection, entry, path, guest);
    free(guest);
    free(path);
    return error;
}

/* Links are kept, but the one that the user may have named. */
static int walk(const struct injection *injection)
{
    char *const paths[] = {injection->host, NULL};
    FTS *walk =
        fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    const FTSENT *entry;
    int error = 0;

    if (!walk)
        return fail(injection, injection->host, -errno);
    cpio_archive_add_folder(injection->archive, injection->tree, 0755);
    while (!error && (errno = 0, entry = fts_read(walk)))
        error = walk_entry(injection, entry);
    if (!error && errno)
        error = fail(injection, injection->host, -errno);
    fts_close(walk);
    return error;
}

/* ---- What the user named ---- */

/* Splits "PATH" or "PATH:GUESTPATH". A file whose GUESTPATH ends in a slash
 * goes into that folder. */
static int split(struct injection *injection, const char *directory)
{
    const char *colon = strrchr(injection->option, ':');
    size_t length =
        colon ? (size_t)(colon - injection->option) : strlen(injection->option);
    const char *guest;
    struct stat status;
    char *path = NULL;

    while (length > 1 && injection->option[length - 1] == '/')
        length--;
    injection->host = strndup(injection->option, length);
    if (!injection->host)
        return -ENOMEM;
    guest = colon ? colon + 1 : injection->host;
    if (stat(injection->host, &status) == 0 && !S_ISDIR(status.st_mode) &&
        guest[0] != '\0' && guest[strlen(guest) - 1] == '/') {
        const char *slash = strrchr(injection->host, '/');

        if (asprintf(&path, "%s%s", guest,
                     slash ? slash + 1 : injection->host) < 0)
            return -ENOMEM;
        guest = path;
    }
    injection->guest = guest_path_from(directory, guest);
    free(path);
    return injection->guest ? 0 : -ENOMEM;
}

static int inject(const struct options *options, struct injection *injection,
                  unsigned index)
{
    int error;

    injection->option = options->injects[index];
    snprintf(injection->tree, sizeof(injection->tree), "%s/%03u", INJECT_TREES,
             index);
    error = split(injection, options->directory);
    if (error)
        fail(injection, injection->option, error);
    else
        error = walk(injection);
    free(injection->host);
    free(injection->guest);
    injection->host = injection->guest = NULL;
    return error;
}

/* ---- What comes by itself ---- */

/* A file of the host by that name, unless the guest has one. */
static void add_command(const struct options *options,
                        struct program_needs *needs)
{
    const char *command = options->command_argv[0];
    struct stat status;
    char *guest;

    if (!strchr(command, '/') || stat(command, &status) != 0 ||
        !S_ISREG(status.st_mode) || access(command, R_OK) != 0)
        return;
    guest = guest_path_from(options->directory, command);
    if (guest)
        program_needs_add(needs, command, guest);
    else
        needs->error = -ENOMEM;
    free(guest);
}

static int add_needs(struct injection *injection,
                     const struct program_needs *needs)
{
    int error = 0;

    cpio_archive_add_folder(injection->archive, INJECT_NEEDS, 0755);
    for (const struct needed_file *file = needs->first; file && !error;
         file = file->next) {
        char *path;

        if (file->is_given)
            continue;
        log_debug("the guest gets %s as %s", file->host, file->guest);
        if (asprintf(&path, "%s%s", INJECT_NEEDS, file->guest) < 0)
            return -ENOMEM;
        injection->option = file->host;
        add_parents(injection->archive, path, strlen(INJECT_NEEDS) + 1);
        error = add_file(injection, file->host, path, file->guest);
        if (error)
            fail(injection, file->host, error);
        free(path);
    }
    return error;
}

int inject_add_all(const struct options *options, struct cpio_archive *archive,
                   struct program_needs *needs)
{
    struct injection injection = {
        .archive = archive, .needs = needs, .limit = options->memory};
    int error = 0;

    cpio_archive_add_folder(archive, INJECT_TREES, 0755);
    for (unsigned i = 0; i < options->num_injects && !error; i++)
        error = inject(options, &injection, i);
    if (error)
        return error;
    add_command(options, needs);
    error = program_needs_resolve(needs);
    if (error) {
        log_error("looking for what the guest's programs need: %s",
                  strerror(-error));
        return error;
    }
    injection.needs = NULL; /* each is there already */
    return add_needs(&injection, needs);
}
