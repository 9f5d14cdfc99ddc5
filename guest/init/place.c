/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * place.c: moves what the host brought to where it belongs, through the links
 * and into the file systems that are there.
 */
#include "guest/init/init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define TREES_PATH "/vmm/trees"
#define NEEDS_PATH "/vmm/needs"
#define MAX_FILES  16 /* that the walk has open */

/* nftw() has no argument for its function. */
static size_t tree_length;
static bool replaces;

static _Noreturn void fail(const char *path)
{
    give_up("placing %s: %s", path, strerror(errno));
}

static void place_folder(const char *to, mode_t mode)
{
    struct stat status;

    if (mkdir(to, 0755) == 0) {
        chmod(to, mode & 07777);
        return;
    }
    if (errno != EEXIST)
        fail(to);
    errno = ENOTDIR;
    if (stat(to, &status) != 0 || !S_ISDIR(status.st_mode))
        fail(to);
}

static void copy_link(const char *from, const char *to)
{
    char target[PATH_MAX];
    ssize_t length = readlink(from, target, sizeof(target) - 1);

    if (length < 0)
        fail(to);
    target[length] = '\0';
    if (symlink(target, to) != 0)
        fail(to);
}

static void copy_file(const char *from, const char *to,
                      const struct stat *status)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    off_t done = 0;

    if (in < 0 || out < 0)
        fail(to);
    while (done < status->st_size)
        if (sendfile(out, in, &done, (size_t)(status->st_size - done)) <= 0)
            fail(to);
    fchmod(out, status->st_mode & 07777);
    close(in);
    close(out);
}

/* To another file system. */
static void move_across(const char *from, const char *to,
                        const struct stat *status)
{
    if (unlink(to) != 0 && errno != ENOENT)
        fail(to);
    if (S_ISLNK(status->st_mode))
        copy_link(from, to);
    else
        copy_file(from, to, status);
    unlink(from);
}

static int place_entry(const char *from, const struct stat *status, int type,
                       struct FTW *where)
{
    const char *to = from + tree_length;
    struct stat there;

    if (where->level == 0)
        return 0;
    if (type == FTW_D)
        place_folder(to, status->st_mode);
    else if (!replaces && lstat(to, &there) == 0)
        unlink(from);
    else if (rename(from, to) != 0) {
        if (errno != EXDEV)
            fail(to);
        move_across(from, to, status);
    }
    return 0;
}

static void place_tree(const char *path, bool may_replace)
{
    tree_length = strlen(path);
    replaces = may_replace;
    if (nftw(path, place_entry, MAX_FILES, FTW_PHYS) != 0 && errno != ENOENT)
        fail(path);
}

void place_files(void)
{
    struct dirent **trees;
    int count = scandir(TREES_PATH, &trees, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];

        if (trees[i]->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", TREES_PATH, trees[i]->d_name);
        place_tree(path, true);
    }
    place_tree(NEEDS_PATH, false);
}
