/* SPDX-License-Identifier: BSD-2-Clause */
/* temp_tree.c: a small file tree that stands for /proc, /sys or /dev. */
#include "tests/support/temp_tree.h"

#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void temp_tree_init(struct temp_tree *tree)
{
    *tree = (struct temp_tree){.root = "/tmp/temp_tree.XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(tree->root));
}

/* Makes the folders on the way, and writes the absolute path to `absolute`. */
static void prepare(const struct temp_tree *tree, const char *path,
                    char absolute[static PATH_MAX])
{
    (void)snprintf(absolute, PATH_MAX, "%s/%s", tree->root, path);
    for (char *slash = absolute + strlen(tree->root) + 1;
         (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        ck_assert(mkdir(absolute, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

void temp_tree_add_folder(const struct temp_tree *tree, const char *path)
{
    char absolute[PATH_MAX];

    prepare(tree, path, absolute);
    ck_assert_int_eq(mkdir(absolute, 0755), 0);
}

void temp_tree_add_file(const struct temp_tree *tree, const char *path,
                        const char *text)
{
    char absolute[PATH_MAX];
    FILE *file;

    prepare(tree, path, absolute);
    file = fopen(absolute, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

void temp_tree_add_link(const struct temp_tree *tree, const char *path,
                        const char *target)
{
    char absolute[PATH_MAX];

    prepare(tree, path, absolute);
    ck_assert_int_eq(symlink(target, absolute), 0);
}

static int remove_one(const char *path, const struct stat *status, int type,
                      struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

void temp_tree_destroy(struct temp_tree *tree)
{
    (void)nftw(tree->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
