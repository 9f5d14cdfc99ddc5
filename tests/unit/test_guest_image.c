/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_guest_image.c: the initramfs of a guest that runs a command has what
 * its first process needs, behind what the user brings.
 */
#include "vmm/guest_image.h"

#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/temp_tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_IMAGE (16U << 20)

static struct log_capture capture;
static char word_1[] = "sh", word_2[] = "-c", word_3[] = "exit 7";
static char *const command[] = {word_1, word_2, word_3};
/* Of no version, so that no modules are looked for. */
static const struct boot_file kernel = {.path = "/dev/null", .fd = -1};
static const uint8_t slots[OPTIONS_MAX_NETS] = {1};
static char *image;
static size_t size;

static void setup(void)
{
    log_capture_start(&capture);
    image = malloc(MAX_IMAGE);
    ck_assert_ptr_nonnull(image);
}

static void teardown(void)
{
    free(image);
    log_capture_stop();
}

static void build(const struct options *options)
{
    ssize_t got;
    int fd = -1;

    ck_assert_int_eq(guest_image_build(options, &kernel, slots, &fd), 0);
    got = pread(fd, image, MAX_IMAGE, 0);
    ck_assert_int_gt(got, 0);
    size = (size_t)got;
    ck_assert_uint_lt(size, MAX_IMAGE);
    (void)close(fd);
}

static const char *find(const void *bytes, size_t length)
{
    return memmem(image, size, bytes, length);
}

START_TEST(the_first_process_learns_what_to_run)
{
    static const char words[] = "arg=sh\0arg=-c\0arg=exit 7";
    const struct options options = {.command_argc = 3,
                                    .command_argv = command,
                                    .environment = {"A=1"},
                                    .num_environment = 1,
                                    .directory = "/tmp",
                                    .user = "nobody",
                                    .has_tty = true};

    build(&options);
    ck_assert_mem_eq(image, "070701", 6);
    ck_assert_ptr_nonnull(find("vmm/init", 9));
    ck_assert_ptr_nonnull(find("dev/console", 12));
    ck_assert_ptr_nonnull(find("TRAILER!!!", 11));
    ck_assert_ptr_nonnull(find(words, sizeof(words)));
    ck_assert_ptr_nonnull(find("env=A=1", 8));
    ck_assert_ptr_nonnull(find("cwd=/tmp", 9));
    ck_assert_ptr_nonnull(find("user=nobody", 12));
    ck_assert_ptr_nonnull(find("terminal=yes", 13));
}
END_TEST

START_TEST(what_was_not_asked_for_is_not_there)
{
    const struct options options = {.command_argc = 3, .command_argv = command};

    build(&options);
    ck_assert_ptr_null(find("cwd=/", 5));
    ck_assert_ptr_null(find("user=", 5));
    ck_assert_ptr_null(find("terminal=yes", 12));
}
END_TEST

START_TEST(what_the_user_brings_comes_first_and_padded)
{
    struct temp_tree tree;
    char path[128];
    const struct options options = {
        .initrd = path, .command_argc = 3, .command_argv = command};

    temp_tree_init(&tree);
    temp_tree_add_file(&tree, "initrd", "12345");
    (void)snprintf(path, sizeof(path), "%s/initrd", tree.root);
    build(&options);
    temp_tree_destroy(&tree);
    ck_assert_mem_eq(image,
                     "12345\0\0\0"
                     "070701",
                     14);
    ck_assert_ptr_null(find("bin/busybox", 12));
}
END_TEST

START_TEST(an_initrd_that_cannot_be_read_is_named)
{
    const struct options options = {
        .initrd = "/no/such/file", .command_argc = 3, .command_argv = command};
    int fd = -1;

    ck_assert_int_eq(guest_image_build(&options, &kernel, slots, &fd), -ENOENT);
    ck_assert_int_eq(fd, -1);
    ck_assert_ptr_nonnull(strstr(capture.last, "/no/such/file"));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_first_process_learns_what_to_run);
    tcase_add_test(tcase, what_was_not_asked_for_is_not_there);
    tcase_add_test(tcase, what_the_user_brings_comes_first_and_padded);
    tcase_add_test(tcase, an_initrd_that_cannot_be_read_is_named);
}

int main(void)
{
    return check_main("guest_image", add_tests);
}
