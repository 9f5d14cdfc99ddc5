/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_kernel_choice.c: which file is meant, in a small world of its own.
 */
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "vmm/arch.h"
#include "vmm/kernel_choice.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct log_capture capture;
static struct kernel_places places;
static char root[32], boot[64], modules[64], here[64];
static char path[KERNEL_CHOICE_MAX_PATH];

/* Below the root, with the folders that it takes. */
static const char *at(const char *name)
{
    static char full[2][256];
    static unsigned next;

    next ^= 1;
    (void)snprintf(full[next], sizeof(full[0]), "%s/%s", root, name);
    return full[next];
}

/* What is built in a tree for this architecture, and what tells such a tree. */
static const char *image_of(const char *tree)
{
    static char name[128];

    (void)snprintf(name, sizeof(name), "%s/%s", tree,
                   arch_machine_layout()->tree_image);
    return name;
}

static const char *part_of(const char *tree)
{
    static char name[128];

    (void)snprintf(name, sizeof(name), "%s/%s", tree,
                   arch_machine_layout()->tree_part);
    return name;
}

static void make_file(const char *name)
{
    char full[256];
    FILE *file;

    (void)snprintf(full, sizeof(full), "%s", at(name));
    for (char *slash = strchr(full + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(full, 0755);
        *slash = '/';
    }
    file = fopen(full, "we");
    ck_assert_ptr_nonnull(file);
    (void)fclose(file);
}

static void setup(void)
{
    log_capture_start(&capture);
    (void)snprintf(root, sizeof(root), "/tmp/kernel-choice-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    (void)snprintf(boot, sizeof(boot), "%s/boot", root);
    (void)snprintf(modules, sizeof(modules), "%s/lib/modules", root);
    (void)snprintf(here, sizeof(here), "%s/here", root);
    places = (struct kernel_places){.here = here,
                                    .boot = boot,
                                    .modules = modules,
                                    .running = "6.12.9-amd64"};
    capture.lines = 0;
}

static int remove_one(const char *name, const struct stat *status, int kind,
                      struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(name);
}

static void teardown(void)
{
    (void)nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    log_capture_stop();
}

static void check_chosen(const char *asked, const char *wanted)
{
    capture.lines = 0;
    ck_assert_int_eq(kernel_choose(&places, asked, path), 0);
    ck_assert_str_eq(path, at(wanted));
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_int_eq(capture.last_level, LOG_LEVEL_INFO);
    ck_assert_ptr_nonnull(strstr(capture.last, wanted));
}

static void check_refused(const char *asked, int error, const char *words)
{
    capture.lines = 0;
    ck_assert_int_eq(kernel_choose(&places, asked, path), error);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_msg(strstr(capture.last, words) != NULL, "no \"%s\" in: %s",
                  words, capture.last);
}

START_TEST(file_is_taken_as_it_is)
{
    make_file("here/6.12");
    ck_assert_int_eq(kernel_choose(&places, at("here/6.12"), path), 0);
    ck_assert_str_eq(path, at("here/6.12"));
    /* Whoever opens it says that it is not there. */
    ck_assert_int_eq(kernel_choose(&places, "no-such-file", path), 0);
    ck_assert_str_eq(path, "no-such-file");
    ck_assert_int_eq(kernel_choose(&places, "6/none", path), 0);
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(path_that_is_too_long_is_refused)
{
    char asked[2 * KERNEL_CHOICE_MAX_PATH];

    memset(asked, 'a', sizeof(asked));
    asked[sizeof(asked) - 1] = '\0';
    check_refused(asked, -ENAMETOOLONG, "longer than");
    asked[0] = '6';
    check_refused(asked, -ENAMETOOLONG, "longer than");
}
END_TEST

START_TEST(tree_has_its_image)
{
    make_file("tree/vmlinux");
    check_refused(at("tree"), -ENOENT, "no kernel tree");
    make_file("tree/include/config/auto.conf");
    check_chosen(at("tree"), "tree/vmlinux");
    make_file(image_of("tree"));
    check_chosen(at("tree"), image_of("tree"));
}
END_TEST

START_TEST(tree_that_is_not_built_is_told)
{
    make_file(part_of("tree"));
    check_refused(at("tree"), -ENOENT, "not built: it has no arch/");
}
END_TEST

START_TEST(installed_kernel_goes_by_its_version)
{
    make_file("boot/vmlinuz-6.12.9-amd64");
    make_file("boot/vmlinuz-6.12.9-amd64.old");
    make_file("boot/vmlinuz-6.1.5-amd64");
    make_file("boot/config-6.1.5-amd64");
    make_file("lib/modules/5.14.0/vmlinuz");
    check_chosen("6.12.9-amd64", "boot/vmlinuz-6.12.9-amd64");
    check_chosen("6.1.5-amd64", "boot/vmlinuz-6.1.5-amd64");
    check_chosen("6.1", "boot/vmlinuz-6.1.5-amd64");
    check_chosen("5.14.0", "lib/modules/5.14.0/vmlinuz");
    check_refused("6.12", -ENOTUNIQ, "6.12.9-amd64, 6.12.9-amd64.old");
    check_refused("6.12.", -ENOTUNIQ, "2 kernels");
    check_refused("6.2", -ENOENT, "begins so: give a file");
}
END_TEST

START_TEST(there_may_be_no_kernels_at_all)
{
    check_refused("6.2", -ENOENT, "no kernel of");
    check_refused(NULL, -ENOENT, "vmlinuz-6.12.9-amd64: give one");
    places.running[0] = '\0';
    check_refused(NULL, -ENOENT, "give one with --kernel");
}
END_TEST

START_TEST(without_asking_the_tree_here_comes_before_the_running_one)
{
    make_file("boot/vmlinuz-6.12.9-amd64");
    make_file("here/README");
    check_chosen(NULL, "boot/vmlinuz-6.12.9-amd64");
    /* To run another than the one being worked on would mislead. */
    make_file(part_of("here"));
    check_refused(NULL, -ENOENT, "not built");
    make_file(image_of("here"));
    check_chosen(NULL, image_of("here"));
}
END_TEST

/* ---- Modules ---- */

static void check_modules(const char *asked, const char *kernel,
                          const char *version, const char *wanted)
{
    char kernel_path[256], resolved[4096];

    (void)snprintf(kernel_path, sizeof(kernel_path), "%s", at(kernel));
    ck_assert_int_eq(
        kernel_choose_modules(&places, asked, kernel_path, version, path), 0);
    if (!wanted) {
        ck_assert_str_eq(path, "");
        return;
    }
    ck_assert_ptr_nonnull(realpath(path, resolved));
    ck_assert_str_eq(resolved, at(wanted));
}

START_TEST(modules_lie_in_the_kernels_own_tree)
{
    make_file(image_of("tree"));
    make_file("tree/vmlinux");
    make_file("tree/vmlinuz-6.1");
    check_modules(NULL, "tree/vmlinux", "6.1", NULL);
    make_file("tree/modules.order");
    check_modules(NULL, image_of("tree"), "6.1", "tree");
    check_modules(NULL, "tree/vmlinux", "", "tree");
    /* That one only happens to lie there. */
    check_modules(NULL, "tree/vmlinuz-6.1", "6.1", NULL);
}
END_TEST

START_TEST(tree_may_be_the_folder_one_stands_in)
{
    char before[4096];

    make_file("tree/modules.order");
    make_file(image_of("tree"));
    ck_assert_ptr_nonnull(getcwd(before, sizeof(before)));
    ck_assert_int_eq(chdir(at("tree")), 0);
    ck_assert_int_eq(kernel_choose_modules(&places, NULL,
                                           arch_machine_layout()->tree_image,
                                           "", path),
                     0);
    ck_assert_str_eq(path, "./");
    ck_assert_int_eq(kernel_choose_modules(&places, NULL, "vmlinux", "", path),
                     0);
    ck_assert_str_eq(path, "./");
    ck_assert_int_eq(chdir(before), 0);
}
END_TEST

START_TEST(modules_lie_beside_the_kernel_or_where_they_are_installed)
{
    make_file("lib/modules/6.1/modules.dep");
    make_file("package/boot/vmlinuz-6.1");
    check_modules(NULL, "package/boot/vmlinuz-6.1", "6.1", "lib/modules/6.1");
    check_modules(NULL, "package/boot/vmlinuz-6.1", "6.2", NULL);
    check_modules(NULL, "package/boot/vmlinuz-6.1", "", NULL);
    make_file("package/lib/modules/6.1/modules.order");
    check_modules(NULL, "package/boot/vmlinuz-6.1", "6.1",
                  "package/lib/modules/6.1");
}
END_TEST

START_TEST(modules_may_be_asked_for)
{
    make_file("lib/modules/6.1/modules.dep");
    make_file("other/lib/modules/6.1/modules.dep");
    make_file("kernel");
    check_modules(at("other"), "kernel", "6.1", "other/lib/modules/6.1");
    check_modules(at("other/lib/modules"), "kernel", "6.1",
                  "other/lib/modules/6.1");
    check_modules(at("other/lib/modules/6.1"), "kernel", "",
                  "other/lib/modules/6.1");
    ck_assert_int_eq(
        kernel_choose_modules(&places, at("boot"), "kernel", "6.1", path),
        -ENOENT);
    ck_assert_ptr_nonnull(strstr(capture.last, "nor in lib/modules/6.1: give"));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, file_is_taken_as_it_is);
    tcase_add_test(tcase, path_that_is_too_long_is_refused);
    tcase_add_test(tcase, tree_has_its_image);
    tcase_add_test(tcase, tree_that_is_not_built_is_told);
    tcase_add_test(tcase, installed_kernel_goes_by_its_version);
    tcase_add_test(tcase, there_may_be_no_kernels_at_all);
    tcase_add_test(tcase,
                   without_asking_the_tree_here_comes_before_the_running_one);
    tcase_add_test(tcase, modules_lie_in_the_kernels_own_tree);
    tcase_add_test(tcase, tree_may_be_the_folder_one_stands_in);
    tcase_add_test(tcase,
                   modules_lie_beside_the_kernel_or_where_they_are_installed);
    tcase_add_test(tcase, modules_may_be_asked_for);
}

int main(void)
{
    return check_main("kernel_choice", add_tests);
}
