/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_boot_files.c: what a kernel or initrd may be, and reading parts of it.
 */
#include "tests/support/boot_image.h"
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/open_fds.h"
#include "vmm/boot_files.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct boot_files files;
static struct guest_memory memory;
static struct log_capture capture;
static char folder[32], kernel[64], initrd[64], empty[64], fifo[64];
static unsigned fds_before;

static void write_file(char path[64], const char *name, const char *text)
{
    FILE *file;

    (void)snprintf(path, 64, "%s/%s", folder, name);
    file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
    (void)fclose(file);
}

static void setup(void)
{
    log_capture_start(&capture);
    (void)snprintf(folder, sizeof(folder), "/tmp/boot-files-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    write_file(kernel, "kernel", "0123456789");
    write_file(initrd, "initrd", "abc");
    write_file(empty, "empty", "");
    (void)snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    boot_image_memory(&memory, MIB);
    fds_before = count_open_fds();
}

static void teardown(void)
{
    boot_files_close(&files);
    boot_files_close(&files); /* may be called twice */
    ck_assert_uint_eq(count_open_fds(), fds_before);
    guest_memory_destroy(&memory);
    unlink(kernel);
    unlink(initrd);
    unlink(empty);
    unlink(fifo);
    rmdir(folder);
    log_capture_stop();
}

static void open_both(void)
{
    ck_assert_int_eq(boot_files_open(&files, kernel, initrd, "quiet"), 0);
}

START_TEST(files_are_opened_with_their_sizes)
{
    open_both();
    ck_assert_str_eq(files.kernel.path, kernel);
    ck_assert_uint_eq(files.kernel.size, 10);
    ck_assert_uint_eq(files.initrd.size, 3);
    ck_assert_str_eq(files.command_line, "quiet");
}
END_TEST

START_TEST(initrd_may_be_left_out)
{
    ck_assert_int_eq(boot_files_open(&files, kernel, NULL, ""), 0);
    ck_assert_ptr_null(files.initrd.path);
    ck_assert_int_eq(files.initrd.fd, -1);
}
END_TEST

static void check_refused(const char *kernel_path, const char *initrd_path,
                          int error, const char *words)
{
    capture.lines = 0;
    ck_assert_int_eq(boot_files_open(&files, kernel_path, initrd_path, ""),
                     error);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_msg(strstr(capture.last, words) != NULL, "no \"%s\" in: %s",
                  words, capture.last);
    ck_assert_uint_eq(count_open_fds(), fds_before);
}

START_TEST(what_cannot_be_read_is_refused_by_name)
{
    check_refused("/none", NULL, -ENOENT, "kernel /none: No such file");
    check_refused(kernel, "/none", -ENOENT, "initrd /none: No such file");
    check_refused(folder, NULL, -EINVAL, "not a regular file");
    check_refused("/dev/null", NULL, -EINVAL, "not a regular file");
    check_refused(kernel, empty, -EINVAL, "the file is empty");
    check_refused(empty, initrd, -EINVAL, "the file is empty");
}
END_TEST

START_TEST(fifo_does_not_hang_the_start)
{
    check_refused(fifo, NULL, -EINVAL, "not a regular file");
}
END_TEST

START_TEST(parts_are_read_exactly)
{
    char bytes[8] = "";

    open_both();
    ck_assert_int_eq(boot_file_read(&files.kernel, 2, bytes, 3), 0);
    ck_assert_str_eq(bytes, "234");
    ck_assert_int_eq(boot_file_read(&files.kernel, 9, bytes, 1), 0);
    ck_assert_str_eq(bytes, "934");
    ck_assert_int_eq(boot_file_read(&files.kernel, 10, bytes, 0), 0);
    ck_assert_int_eq(boot_file_load(&files.kernel, 4, &memory, MIB - 6, 6), 0);
    ck_assert_mem_eq(guest_memory_at(&memory, MIB - 6, 6), "456789", 6);
}
END_TEST

START_TEST(reads_beyond_the_end_are_refused)
{
    const uint64_t offsets[] = {9, 10, 11, UINT64_MAX, UINT64_MAX - 1};
    char bytes[2];

    open_both();
    for (unsigned i = 0; i < ARRAY_SIZE(offsets); i++) {
        ck_assert_int_eq(boot_file_read(&files.kernel, offsets[i], bytes, 2),
                         -EINVAL);
        ck_assert_int_eq(
            boot_file_load(&files.kernel, offsets[i], &memory, 0, 2), -EINVAL);
    }
    ck_assert_int_eq(boot_file_load(&files.kernel, 0, &memory, 0, UINT64_MAX),
                     -EINVAL);
    ck_assert_ptr_nonnull(strstr(capture.last, "the file ends early"));
}
END_TEST

START_TEST(loads_beyond_memory_are_refused)
{
    const uint64_t addresses[] = {MIB - 9, MIB, UINT64_MAX - 4, UINT64_MAX};

    open_both();
    for (unsigned i = 0; i < ARRAY_SIZE(addresses); i++)
        ck_assert_int_eq(
            boot_file_load(&files.kernel, 0, &memory, addresses[i], 10),
            -ENOSPC);
    ck_assert_ptr_nonnull(strstr(capture.last, "do not fit into 1 MiB"));
}
END_TEST

START_TEST(file_that_shrinks_later_is_an_error)
{
    char bytes[10];

    open_both();
    ck_assert_int_eq(truncate(kernel, 5), 0);
    capture.lines = 0;
    ck_assert_int_eq(boot_file_read(&files.kernel, 0, bytes, 10), -EIO);
    ck_assert_int_eq(boot_file_load(&files.kernel, 0, &memory, 0, 10), -EIO);
    ck_assert_uint_eq(capture.lines, 2);
}
END_TEST

START_TEST(replaced_file_is_not_noticed)
{
    char bytes[4] = "";

    open_both();
    ck_assert_int_eq(unlink(initrd), 0);
    write_file(initrd, "initrd", "xyz");
    ck_assert_int_eq(boot_file_read(&files.initrd, 0, bytes, 3), 0);
    ck_assert_str_eq(bytes, "abc");
}
END_TEST

START_TEST(another_initrd_takes_the_place_of_the_first)
{
    char bytes[4] = "";
    int fd = memfd_create("image", MFD_CLOEXEC);

    open_both();
    ck_assert_int_eq(write(fd, "made", 4), 4);
    ck_assert_int_eq(boot_files_set_initrd(&files, fd, "the image"), 0);
    ck_assert_uint_eq(count_open_fds(), fds_before + 2);
    ck_assert_uint_eq(files.initrd.size, 4);
    ck_assert_int_eq(boot_file_read(&files.initrd, 0, bytes, 4), 0);
    ck_assert_mem_eq(bytes, "made", 4);
    ck_assert_int_eq(boot_file_read(&files.initrd, 4, bytes, 1), -EINVAL);
    ck_assert_ptr_nonnull(strstr(capture.last, "the image"));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, files_are_opened_with_their_sizes);
    tcase_add_test(tcase, initrd_may_be_left_out);
    tcase_add_test(tcase, what_cannot_be_read_is_refused_by_name);
    tcase_add_test(tcase, fifo_does_not_hang_the_start);
    tcase_add_test(tcase, parts_are_read_exactly);
    tcase_add_test(tcase, reads_beyond_the_end_are_refused);
    tcase_add_test(tcase, loads_beyond_memory_are_refused);
    tcase_add_test(tcase, file_that_shrinks_later_is_an_error);
    tcase_add_test(tcase, replaced_file_is_not_noticed);
    tcase_add_test(tcase, another_initrd_takes_the_place_of_the_first);
}

int main(void)
{
    return check_main("boot_files", add_tests);
}
