/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_library_folders.c: ld.so.conf and what it includes.
 */
#include "tests/support/check_main.h"
#include "tests/support/temp_tree.h"
#include "vmm/library_folders.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct temp_tree tree;
static char conf[PATH_MAX];

static void setup(void)
{
    temp_tree_init(&tree);
    (void)snprintf(conf, sizeof(conf), "%s/ld.so.conf", tree.root);
}

static void teardown(void)
{
    temp_tree_destroy(&tree);
}

START_TEST(included_files_stand_where_they_are_included)
{
    char text[PATH_MAX + 64];
    char *folders;

    (void)snprintf(text, sizeof(text),
                   "# remark\n/first\n\n include %s/*.conf # all\n/last/",
                   tree.root);
    temp_tree_add_file(&tree, "ld.so.conf.not", text);
    temp_tree_add_file(&tree, "b.conf", "/b # of b\n");
    temp_tree_add_file(&tree, "a.conf", "/a");
    (void)snprintf(conf, sizeof(conf), "%s/ld.so.conf.not", tree.root);
    folders = library_folders_read(conf);
    ck_assert_ptr_eq(strstr(folders, "/first:/a:/b:/last/:/lib/"), folders);
    free(folders);
}
END_TEST

START_TEST(files_that_include_each_other_come_to_an_end)
{
    char text[PATH_MAX + 64];
    char *folders;

    (void)snprintf(text, sizeof(text), "/again\ninclude %s\n", conf);
    temp_tree_add_file(&tree, "ld.so.conf", text);
    folders = library_folders_read(conf);
    ck_assert_ptr_nonnull(strstr(folders, "/again:/again:"));
    ck_assert_uint_lt(strlen(folders), 1000);
    free(folders);
}
END_TEST

START_TEST(without_the_file_there_are_the_usual_ones)
{
    char *folders = library_folders_read("/none");

    ck_assert_ptr_nonnull(strstr(folders, "/usr/lib:"));
    ck_assert(library_folders_is_usual("/usr/lib:/opt", 8));
    ck_assert(library_folders_is_usual("/lib64", 6));
    ck_assert(!library_folders_is_usual("/usr/local/lib", 14));
    free(folders);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, included_files_stand_where_they_are_included);
    tcase_add_test(tcase, files_that_include_each_other_come_to_an_end);
    tcase_add_test(tcase, without_the_file_there_are_the_usual_ones);
}

int main(void)
{
    return check_main("library_folders", add_tests);
}
