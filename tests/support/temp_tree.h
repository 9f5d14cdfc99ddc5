/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * temp_tree.h: a small file tree that stands for /proc, /sys or /dev.
 */
#ifndef TESTS_SUPPORT_TEMP_TREE_H
#define TESTS_SUPPORT_TEMP_TREE_H

struct temp_tree {
    char root[64];
};

/* Each stops the test when it cannot do what it is to do; folders on the way
 * are made. Paths are relative to the root; targets are taken as they are. */
void temp_tree_init(struct temp_tree *tree);
void temp_tree_add_folder(const struct temp_tree *tree, const char *path);
void temp_tree_add_file(const struct temp_tree *tree, const char *path,
                        const char *text);
void temp_tree_add_link(const struct temp_tree *tree, const char *path,
                        const char *target);
void temp_tree_destroy(struct temp_tree *tree);

#endif
