/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_program_needs.c: loaders, libraries and interpreters, and where in the
 * guest they are to be.
 */
#include "tests/support/check_main.h"
#include "tests/support/elf_image.h"
#include "tests/support/log_capture.h"
#include "tests/support/open_fds.h"
#include "tests/support/temp_tree.h"
#include "vmm/program_needs.h"

#include <elf.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct temp_tree tree;
static struct program_needs needs;
static struct log_capture capture;
static unsigned fds_before;

/* The path of `name` in the tree; until the fourth call from here. */
static const char *here(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, PATH_MAX, "%s/%s", tree.root, name);
    return path;
}

static void add_elf(const char *name, const struct elf_image *image)
{
    temp_tree_add_file(&tree, name, ""); /* for its folders */
    elf_image_write(image, here(name));
}

static void add_script(const char *name, const char *text)
{
    temp_tree_add_file(&tree, name, text);
    ck_assert_int_eq(chmod(here(name), 0755), 0);
}

static void setup(void)
{
    fds_before = count_open_fds();
    temp_tree_init(&tree);
    log_capture_start(&capture);
    unsetenv("LD_LIBRARY_PATH");
    program_needs_init(&needs);
}

static void teardown(void)
{
    program_needs_destroy(&needs);
    program_needs_destroy(&needs); /* may be called twice */
    log_capture_stop();
    temp_tree_destroy(&tree);
    ck_assert_uint_eq(count_open_fds(), fds_before);
}

static const struct needed_file *find(const char *guest)
{
    for (const struct needed_file *file = needs.first; file; file = file->next)
        if (strcmp(file->guest, guest) == 0)
            return file;
    return NULL;
}

static bool is_given(const char *guest)
{
    const struct needed_file *file = find(guest);

    return file && file->is_given;
}

static unsigned count(void)
{
    unsigned files = 0;

    for (const struct needed_file *file = needs.first; file; file = file->next)
        files++;
    return files;
}

/* Claims that the guest gets the file `name` of the tree as `guest`. */
static void expect(const char *guest, const char *name)
{
    const struct needed_file *file = find(guest);
    char *wanted = realpath(here(name), NULL), *got;

    ck_assert_msg(file != NULL, "no %s", guest);
    if (!file) /* for compilers, which do not know the claim */
        return;
    got = realpath(file->host, NULL);
    ck_assert_str_eq(got, wanted);
    ck_assert(!file->is_given);
    free(wanted);
    free(got);
}

START_TEST(libraries_beside_a_program_move_with_it)
{
    add_elf("bin/a", &(struct elf_image){.runpath = "/none:$ORIGIN/../lib",
                                         .libraries = {"liba.so"}});
    add_elf("lib/liba.so", &(struct elf_image){.runpath = "${ORIGIN}/more",
                                               .libraries = {"libb.so"}});
    add_elf("lib/more/libb.so", &(struct elf_image){.libraries = {NULL}});
    program_needs_add_given(&needs, here("bin/a"), "/opt/x/a");
    ck_assert_int_eq(program_needs_resolve(&needs), 0);
    expect("/opt/lib/liba.so", "lib/liba.so");
    expect("/opt/lib/more/libb.so", "lib/more/libb.so");
    ck_assert_uint_eq(count(), 3);
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

/* ld.so(8): RUNPATH is for what has it, RPATH also for what that needs. */
START_TEST(an_rpath_is_for_all_below)
{
    add_elf("a",
            &(struct elf_image){.rpath = "$ORIGIN", .libraries = {"lib1.so"}});
    add_elf("b", &(struct elf_image){.runpath = "$ORIGIN/below",
                                     .libraries = {"lib3.so"}});
    add_elf("lib1.so", &(struct elf_image){.libraries = {"lib2.so"}});
    add_elf("lib2.so", &(struct elf_image){.libraries = {NULL}});
    add_elf("below/lib3.so", &(struct elf_image){.libraries = {"lib4.so"}});
    add_elf("below/lib4.so", &(struct elf_image){.libraries = {NULL}});
    program_needs_add(&needs, here("a"), "/a");
    program_needs_add(&needs, here("b"), "/b");
    ck_assert_int_eq(program_needs_resolve(&needs), 0);
    expect("/a", "a");
    expect("/lib1.so", "lib1.so");
    expect("/lib2.so", "lib2.so");
    expect("/below/lib3.so", "below/lib3.so");
    ck_assert_ptr_null(find("/below/lib4.so"));
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_ptr_nonnull(strstr(capture.last, "needs lib4.so, which is not"));
}
END_TEST

START_TEST(other_libraries_go_where_the_loader_is)
{
    char list[PATH_MAX + 64];

    temp_tree_add_link(&tree, "lib64/ld.so.2", "../real/ld-2.so");
    add_elf("real/ld-2.so", &(struct elf_image){.libraries = {NULL}});
    add_elf("a", &(struct elf_image){.interpreter = here("lib64/ld.so.2"),
                                     .libraries = {"lib1.so"}});
    add_elf("else/lib1.so", &(struct elf_image){.libraries = {"lib2.so"}});
    add_elf("else/lib2.so", &(struct elf_image){.libraries = {NULL}});
    (void)snprintf(list, sizeof(list), ":/none:%s", here("else"));
    setenv("LD_LIBRARY_PATH", list, 1);
    program_needs_add(&needs, here("a"), "/a");
    ck_assert_int_eq(program_needs_resolve(&needs), 0);
    expect(here("lib64/ld.so.2"), "real/ld-2.so");
    expect(here("real/lib1.so"), "else/lib1.so");
    expect(here("real/lib2.so"), "else/lib2.so");
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(libraries_of_other_machines_are_passed_by)
{
    add_elf("a", &(struct elf_image){.runpath = "$ORIGIN/1:$ORIGIN/2",
                                     .libraries = {"lib.so"}});
    add_elf("1/lib.so", &(struct elf_image){.machine = EM_AARCH64});
    add_elf("2/lib.so", &(struct elf_image){.libraries = {"lib.so"}});
    program_needs_add(&needs, here("a"), "/a");
    ck_assert_int_eq(program_needs_resolve(&needs), 0);
    expect("/2/lib.so", "2/lib.so");
    ck_assert_ptr_null(find("/1/lib.so"));
}
END_TEST

START_TEST(what_is_given_is_not_brought)
{
    add_elf("a", &(struct elf_image){.runpath = "$ORIGIN",
                                     .libraries = {"lib1.so", "lib2.so"}});
    add_elf("lib1.so", &(struct elf_image){.libraries = {NULL}});
    program_needs_add_given(&needs, NULL, "/lib1.so");
    program_needs_add_given(&needs, here("lib1.so"), "/else/lib2.so");
    program_needs_add(&needs, here("a"), "/a");
    ck_assert_int_eq(program_needs_resolve(&needs), 0);
    ck_assert(is_given("/lib1.so"));
    ck_assert_uint_eq(count(), 3);
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(a_file_that_takes_a_place_counts_from_then_on)
{
    add_elf("a", &(struct elf_image){.runpath = "$ORIGIN",
                                     .libraries = {"lib1.so"}});
    add_elf("lib1.so", &(struct elf_image){.libraries = {NULL}});
    program_needs_add_given(&needs, NULL, "/a");
    program_needs_add_given(&needs, here("a"), "/a");
    ck_assert_int_eq(program_needs_resolve(&needs), 0);
    expect("/lib1.so", "lib1.so");
    ck_assert_uint_eq(count(), 2);
}
END_TEST

START_TEST(a_script_brings_its_interpreter)
{
    char text[PATH_MAX + 64];

    add_script("sh", "#! not a path\n");
    (void)snprintf(text, sizeof(text), "#! %s -e\n", here("sh"));
    add_script("a", text);
    program_needs_add(&needs, here("a"), "/a");
    ck_assert_int_eq(program_needs_resolve(&needs), 0);
    expect(here("sh"), "sh");
    ck_assert_uint_eq(count(), 2);
}
END_TEST

START_TEST(env_brings_its_command)
{
    char text[PATH_MAX + 64];

    add_script("bin/env", "");
    add_script("bin/perl", "");
    (void)snprintf(text, sizeof(text), "#!%s -S A=1 perl -w", here("bin/env"));
    add_script("a", text);
    (void)snprintf(text, sizeof(text), "relative:/none:%s:/bin", here("bin"));
    setenv("PATH", text, 1);
    program_needs_add(&needs, here("a"), "/a");
    ck_assert_int_eq(program_needs_resolve(&needs), 0);
    expect(here("bin/env"), "bin/env");
    expect(here("bin/perl"), "bin/perl");
    ck_assert_uint_eq(count(), 3);
}
END_TEST

START_TEST(an_interpreter_that_is_nowhere_is_warned_of)
{
    add_script("a", "#!/none/perl\n");
    program_needs_add(&needs, here("a"), "/a");
    ck_assert_int_eq(program_needs_resolve(&needs), 0);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_int_eq(capture.last_level, LOG_LEVEL_WARNING);
    ck_assert_ptr_nonnull(strstr(capture.last, "/a needs /none/perl: No such"));
    ck_assert(is_given("/none/perl"));
}
END_TEST

START_TEST(other_files_need_nothing)
{
    struct elf_image broken = {.libraries = {"lib.so"}};
    FILE *file;

    temp_tree_add_file(&tree, "empty", "");
    temp_tree_add_file(&tree, "text", "# no script\n");
    add_elf("cut", &broken);
    file = fopen(here("cut"), "r+e");
    ck_assert_int_eq(ftruncate(fileno(file), ELF_IMAGE_DYNAMIC), 0);
    (void)fclose(file);
    program_needs_add(&needs, here("empty"), "/empty");
    program_needs_add(&needs, here("text"), "/text");
    program_needs_add(&needs, here("cut"), "/cut");
    ck_assert_int_eq(program_needs_resolve(&needs), 0);
    ck_assert_uint_eq(count(), 3);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, libraries_beside_a_program_move_with_it);
    tcase_add_test(tcase, an_rpath_is_for_all_below);
    tcase_add_test(tcase, other_libraries_go_where_the_loader_is);
    tcase_add_test(tcase, libraries_of_other_machines_are_passed_by);
    tcase_add_test(tcase, what_is_given_is_not_brought);
    tcase_add_test(tcase, a_file_that_takes_a_place_counts_from_then_on);
    tcase_add_test(tcase, a_script_brings_its_interpreter);
    tcase_add_test(tcase, env_brings_its_command);
    tcase_add_test(tcase, an_interpreter_that_is_nowhere_is_warned_of);
    tcase_add_test(tcase, other_files_need_nothing);
}

int main(void)
{
    return check_main("program_needs", add_tests);
}
