/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_guest_path.c: paths of files that are yet to be in a guest.
 */
#include "tests/support/check_main.h"
#include "vmm/guest_path.h"

#include <stdlib.h>

static const struct {
    const char *folder, *path, *expected;
} paths[] = {
    {NULL, "test", "/test"},
    {NULL, "./test", "/test"},
    {NULL, ".", "/"},
    {NULL, "", "/"},
    {"/root", "bin/test", "/root/bin/test"},
    {"/root/", "../usr//bin/./test/", "/usr/bin/test"},
    {"root", "a", "/root/a"},
    {"/root", "/opt/test", "/opt/test"},
    {"/", "../../..", "/"},
    {"/a/b", "..a/...", "/a/b/..a/..."},
};

START_TEST(paths_are_absolute_and_plain)
{
    char *path = guest_path_from(paths[_i].folder, paths[_i].path);

    ck_assert_str_eq(path, paths[_i].expected);
    free(path);
}
END_TEST

START_TEST(the_folder_is_what_is_before_the_last_slash)
{
    ck_assert_uint_eq(guest_path_folder_length("/usr/bin/env"), 8);
    ck_assert_uint_eq(guest_path_folder_length("/env"), 0);
    ck_assert_uint_eq(guest_path_folder_length("/"), 0);
    ck_assert_uint_eq(guest_path_folder_length("env"), 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, paths_are_absolute_and_plain, 0,
                        ARRAY_SIZE(paths));
    tcase_add_test(tcase, the_folder_is_what_is_before_the_last_slash);
}

int main(void)
{
    return check_main("guest_path", add_tests);
}
