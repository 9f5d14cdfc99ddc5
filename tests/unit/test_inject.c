/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_inject.c: what of the host's files gets into a guest's image, and where.
 */
#include "tests/support/check_main.h"
#include "tests/support/elf_image.h"
#include "tests/support/log_capture.h"
#include "tests/support/open_fds.h"
#include "tests/support/temp_tree.h"
#include "vmm/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define HEADER_SIZE 110 /* bytes; the fields are of 8 digits from byte 6 on */

static struct temp_tree tree;
static struct options options;
static struct cpio_archive archive;
static struct program_needs needs;
static struct log_capture capture;
static char *image;
static const char *command;
static size_t image_size;
static unsigned fds_before;

static void setup(void)
{
    fds_before = count_open_fds();
    temp_tree_init(&tree);
    ck_assert_int_eq(chdir(tree.root), 0);
    log_capture_start(&capture);
    command = "true";
    options = (struct options){.memory = 1 << 20, .command_argc = 1};
    program_needs_init(&needs);
    cpio_archive_begin(&archive, open_memstream(&image, &image_size));
    ck_assert_ptr_nonnull(archive.file);
}

static void teardown(void)
{
    (void)fclose(archive.file);
    free(image);
    program_needs_destroy(&needs);
    log_capture_stop();
    temp_tree_destroy(&tree);
    ck_assert_uint_eq(count_open_fds(), fds_before);
}

static int add(const char *injection)
{
    char *words[] = {strdup(command), NULL};
    int error;

    options.command_argv = words;
    if (injection)
        options.injects[options.num_injects++] = injection;
    error = inject_add_all(&options, &archive, &needs);
    options.command_argv = NULL;
    free(words[0]);
    return error ? error : cpio_archive_end(&archive);
}

struct entry {
    unsigned mode;
    const char *bytes;
    size_t size;
};

static unsigned field(const char *header, unsigned index)
{
    char digits[9] = "";

    memcpy(digits, header + 6 + (size_t)8 * index, 8);
    return (unsigned)strtoul(digits, NULL, 16);
}

/* Looks for `path`; how often it is there, folders apart, is at most once. */
static bool find(const char *path, struct entry *entry)
{
    size_t next;
    bool is_found = false;

    for (size_t at = 0; at + HEADER_SIZE < image_size; at = next) {
        const char *header = image + at;
        size_t data = (HEADER_SIZE + field(header, 11) + 3) & ~(size_t)3;

        ck_assert(memcmp(header, "070701", 6) == 0);
        next = at + data + ((field(header, 6) + 3) & ~(size_t)3);
        if (strcmp(header + HEADER_SIZE, path) != 0)
            continue;
        *entry =
            (struct entry){field(header, 1), header + data, field(header, 6)};
        ck_assert(!is_found || S_ISDIR(entry->mode));
        is_found = true;
    }
    return is_found;
}

/* Claims that `path` is in the image: a folder when `text` is NULL. */
static void expect(const char *path, unsigned mode, const char *text)
{
    struct entry entry = {0};

    ck_assert_msg(find(path, &entry), "no %s", path);
    ck_assert_uint_eq(entry.mode, mode);
    ck_assert_uint_eq(entry.size, text ? strlen(text) : 0);
    if (text && entry.size == strlen(text))
        ck_assert(memcmp(entry.bytes, text, entry.size) == 0);
}

static void expect_refusal(const char *injection, int error, const char *line)
{
    ck_assert_int_eq(add(injection), error);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_msg(strstr(capture.last, line) != NULL, "%s", capture.last);
}

START_TEST(a_relative_path_keeps_its_name)
{
    temp_tree_add_file(&tree, "data/x", "hello");
    ck_assert_int_eq(chmod("data/x", 0640), 0);
    options.directory = "/root";
    ck_assert_int_eq(add("./data/x"), 0);
    expect("vmm/trees/000", S_IFDIR | 0755, NULL);
    expect("vmm/trees/000/root", S_IFDIR | 0755, NULL);
    expect("vmm/trees/000/root/data", S_IFDIR | 0755, NULL);
    expect("vmm/trees/000/root/data/x", S_IFREG | 0640, "hello");
}
END_TEST

START_TEST(a_name_that_ends_in_a_slash_is_a_folder_for_files)
{
    struct entry entry;

    temp_tree_add_file(&tree, "data/x", "hello");
    ck_assert_int_eq(symlink("x", "data/y"), 0);
    options.injects[options.num_injects++] = "data/x:/opt/";
    options.injects[options.num_injects++] = "data/y:/opt/y";
    ck_assert_int_eq(add("data/:/srv/"), 0);
    expect("vmm/trees/000/opt/x", S_IFREG | 0644, "hello");
    /* Which the user named. */
    expect("vmm/trees/001/opt/y", S_IFREG | 0644, "hello");
    expect("vmm/trees/002/srv/x", S_IFREG | 0644, "hello");
    expect("vmm/trees/002/srv/y", S_IFLNK | 0777, "x");
    ck_assert(!find("vmm/trees/002/srv/data", &entry));
}
END_TEST

START_TEST(folders_come_with_all_below)
{
    temp_tree_add_file(&tree, "a/b/c", "1");
    temp_tree_add_folder(&tree, "a/empty");
    temp_tree_add_link(&tree, "a/link", "/none");
    ck_assert_int_eq(chmod("a/empty", 01777), 0);
    ck_assert_int_eq(add("a:/"), 0);
    expect("vmm/trees/000/b", S_IFDIR | 0755, NULL);
    expect("vmm/trees/000/b/c", S_IFREG | 0644, "1");
    expect("vmm/trees/000/empty", S_IFDIR | 01777, NULL);
    expect("vmm/trees/000/link", S_IFLNK | 0777, "/none");
}
END_TEST

START_TEST(programs_bring_what_they_need)
{
    const struct elf_image program = {.runpath = "$ORIGIN",
                                      .libraries = {"lib.so"}};
    const struct elf_image library = {.machine = 0};
    struct entry entry;

    elf_image_write(&program, "a");
    elf_image_write(&library, "lib.so");
    ck_assert_int_eq(add("a"), 0);
    ck_assert(find("vmm/needs/lib.so", &entry));
    ck_assert_uint_eq(entry.size, ELF_IMAGE_SIZE);
    ck_assert(!find("vmm/needs/a", &entry));
}
END_TEST

START_TEST(the_command_comes_by_itself)
{
    temp_tree_add_file(&tree, "bin/test", "#!\n");
    command = "bin/test";
    ck_assert_int_eq(add(NULL), 0);
    expect("vmm/needs/bin/test", S_IFREG | 0644, "#!\n");
}
END_TEST

START_TEST(the_command_does_not_come_twice)
{
    struct entry entry;

    temp_tree_add_file(&tree, "bin/test", "#!\n");
    command = "bin/test";
    ck_assert_int_eq(add("bin"), 0);
    expect("vmm/trees/000/bin/test", S_IFREG | 0644, "#!\n");
    ck_assert(!find("vmm/needs/bin/test", &entry));
}
END_TEST

START_TEST(a_command_without_a_slash_is_the_guests)
{
    struct entry entry;

    temp_tree_add_file(&tree, "true", "#!\n");
    ck_assert_int_eq(add(NULL), 0);
    ck_assert(!find("vmm/needs/true", &entry));
}
END_TEST

START_TEST(a_path_that_is_not_there_is_refused)
{
    expect_refusal("none:/x", -ENOENT,
                   "--inject none:/x: none: No such file or directory: give");
}
END_TEST

START_TEST(a_link_to_nowhere_is_refused_when_named)
{
    temp_tree_add_link(&tree, "link", "none");
    expect_refusal("link", -ENOENT, "--inject link: link: No such file");
}
END_TEST

START_TEST(special_files_are_refused)
{
    temp_tree_add_folder(&tree, "a");
    ck_assert_int_eq(mkfifo("a/fifo", 0600), 0);
    expect_refusal("a", -EINVAL, "a/fifo: a FIFO cannot be injected: leave");
}
END_TEST

START_TEST(devices_are_refused)
{
    expect_refusal("/dev/null", -EINVAL, "/dev/null: a device cannot");
}
END_TEST

START_TEST(more_than_the_memory_is_refused)
{
    temp_tree_add_file(&tree, "a", "");
    ck_assert_int_eq(truncate("a", 1 << 20), 0);
    expect_refusal("a", -ENOSPC, "give more with --memory");
}
END_TEST

START_TEST(a_file_of_4_gib_is_refused)
{
    temp_tree_add_file(&tree, "a", "");
    ck_assert_int_eq(truncate("a", (off_t)1 << 32), 0);
    options.memory = (uint64_t)1 << 40;
    expect_refusal("a", -EFBIG, "a: files of 4 GiB and more");
}
END_TEST

START_TEST(what_cannot_be_read_is_refused)
{
    if (geteuid() == 0 && seteuid(65534) != 0) {
        skip_test("cannot be another user here");
        return;
    }
    expect_refusal("/etc/shadow:/x", -EACCES,
                   "/etc/shadow: Permission denied: give");
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_relative_path_keeps_its_name);
    tcase_add_test(tcase, a_name_that_ends_in_a_slash_is_a_folder_for_files);
    tcase_add_test(tcase, folders_come_with_all_below);
    tcase_add_test(tcase, programs_bring_what_they_need);
    tcase_add_test(tcase, the_command_comes_by_itself);
    tcase_add_test(tcase, the_command_does_not_come_twice);
    tcase_add_test(tcase, a_command_without_a_slash_is_the_guests);
    tcase_add_test(tcase, a_path_that_is_not_there_is_refused);
    tcase_add_test(tcase, a_link_to_nowhere_is_refused_when_named);
    tcase_add_test(tcase, special_files_are_refused);
    tcase_add_test(tcase, devices_are_refused);
    tcase_add_test(tcase, more_than_the_memory_is_refused);
    tcase_add_test(tcase, a_file_of_4_gib_is_refused);
    tcase_add_test(tcase, what_cannot_be_read_is_refused);
}

int main(void)
{
    return check_main("inject", add_tests);
}
