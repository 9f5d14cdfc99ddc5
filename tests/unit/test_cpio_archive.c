/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_cpio_archive.c: an archive, read back as the kernel's
 * Documentation/driver-api/early-userspace/buffer-format.rst says.
 */
#include "vmm/cpio_archive.h"

#include "tests/support/check_main.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_SIZE 110

static struct cpio_archive archive;
static FILE *file;
static char *bytes;
static size_t size;

static void setup(void)
{
    file = open_memstream(&bytes, &size);
    ck_assert_ptr_nonnull(file);
    cpio_archive_begin(&archive, file);
}

static void teardown(void)
{
    (void)fclose(file);
    free(bytes);
}

/* Of the entry at `offset`, by its number in the header. */
enum {
    INODE,
    MODE,
    OWNER,
    GROUP,
    LINKS,
    FILE_SIZE = 6,
    MAJOR = 9,
    MINOR
};
enum {
    PATH_SIZE = 11
};

static uint32_t field(size_t offset, unsigned number)
{
    char digits[9] = "";

    memcpy(digits, bytes + offset + 6 + 8 * (size_t)number, 8);
    return (uint32_t)strtoul(digits, NULL, 16);
}

static size_t padded(size_t count)
{
    return (count + 3) & ~(size_t)3;
}

static size_t content_at(size_t offset)
{
    return padded(offset + HEADER_SIZE + field(offset, PATH_SIZE));
}

/* Claims that an entry is at `offset` and returns where the next one is. */
static size_t expect_entry(size_t offset, const char *path, mode_t mode,
                           const char *content, size_t length)
{
    ck_assert_uint_le(offset + HEADER_SIZE, size);
    ck_assert_uint_eq(offset % 4, 0);
    ck_assert_mem_eq(bytes + offset, "070701", 6);
    ck_assert_uint_eq(field(offset, MODE), mode);
    ck_assert_uint_eq(field(offset, OWNER), 0);
    ck_assert_uint_eq(field(offset, GROUP), 0);
    ck_assert_uint_eq(field(offset, LINKS), 1);
    ck_assert_uint_eq(field(offset, FILE_SIZE), length);
    ck_assert_uint_eq(field(offset, PATH_SIZE), strlen(path) + 1);
    ck_assert_str_eq(bytes + offset + HEADER_SIZE, path);
    ck_assert_mem_eq(bytes + content_at(offset), content, length);
    return padded(content_at(offset) + length);
}

static void expect_end(size_t offset)
{
    ck_assert_uint_eq(expect_entry(offset, "TRAILER!!!", 0, "", 0), size);
}

START_TEST(an_empty_archive_is_a_trailer)
{
    ck_assert_int_eq(cpio_archive_end(&archive), 0);
    expect_end(0);
}
END_TEST

START_TEST(each_kind_of_entry_can_be_read)
{
    size_t offset;

    cpio_archive_add_folder(&archive, "dev", 0755);
    cpio_archive_add_device(&archive, "dev/console", 0600, 5, 1);
    cpio_archive_add_bytes(&archive, "hello", 0644, "Hello", 5);
    cpio_archive_add_bytes(&archive, "empty", 04755, "", 0);
    cpio_archive_add_link(&archive, "link", "hello");
    ck_assert_int_eq(cpio_archive_end(&archive), 0);

    offset = expect_entry(0, "dev", S_IFDIR | 0755, "", 0);
    ck_assert_uint_eq(field(offset, MAJOR), 5);
    ck_assert_uint_eq(field(offset, MINOR), 1);
    ck_assert_uint_ne(field(offset, INODE), field(0, INODE));
    offset = expect_entry(offset, "dev/console", S_IFCHR | 0600, "", 0);
    offset = expect_entry(offset, "hello", S_IFREG | 0644, "Hello", 5);
    offset = expect_entry(offset, "empty", S_IFREG | 04755, "", 0);
    offset = expect_entry(offset, "link", S_IFLNK | 0777, "hello", 5);
    expect_end(offset);
}
END_TEST

/* Whatever the lengths, the next begins at a multiple of 4. */
START_TEST(every_length_is_padded)
{
    static const char text[] = "abcdefgh";
    size_t offset = 0;

    for (size_t i = 0; i < 64; i++) {
        const char *path = text + i / 8;

        cpio_archive_add_bytes(&archive, path, 0644, text, i % 8);
    }
    ck_assert_int_eq(cpio_archive_end(&archive), 0);
    for (size_t i = 0; i < 64; i++)
        offset =
            expect_entry(offset, text + i / 8, S_IFREG | 0644, text, i % 8);
    expect_end(offset);
}
END_TEST

START_TEST(a_file_is_copied_from_its_start)
{
    char *content = malloc(200000);
    FILE *from = tmpfile();

    ck_assert(content && from);
    for (size_t i = 0; i < 200000; i++)
        content[i] = (char)(i * 7 + i / 256);
    ck_assert_uint_eq(fwrite(content, 1, 200000, from), 200000);
    ck_assert_int_eq(fflush(from), 0);
    cpio_archive_add_file(&archive, "file", 0755, fileno(from));
    ck_assert_int_eq(cpio_archive_end(&archive), 0);
    expect_end(expect_entry(0, "file", S_IFREG | 0755, content, 200000));
    (void)fclose(from);
    free(content);
}
END_TEST

/* ---- Failures, kept to the end ---- */

START_TEST(the_first_failure_is_the_result)
{
    FILE *from = tmpfile();

    ck_assert_ptr_nonnull(from);
    cpio_archive_add_file(&archive, "none", 0644, -1);
    ck_assert_int_eq(ftruncate(fileno(from), (off_t)5 << 30), 0);
    cpio_archive_add_file(&archive, "large", 0644, fileno(from));
    cpio_archive_add_bytes(&archive, "good", 0644, "", 0);
    ck_assert_int_eq(cpio_archive_end(&archive), -EBADF);
    (void)fclose(from);
}
END_TEST

START_TEST(files_from_4_gib_on_do_not_fit)
{
    FILE *from = tmpfile();

    ck_assert_ptr_nonnull(from);
    ck_assert_int_eq(ftruncate(fileno(from), (off_t)1 << 32), 0);
    cpio_archive_add_file(&archive, "large", 0644, fileno(from));
    ck_assert_int_eq(cpio_archive_end(&archive), -EFBIG);
    (void)fclose(from);
}
END_TEST

START_TEST(a_full_disk_is_an_error)
{
    static const char zeroes[100000];
    FILE *full = fopen("/dev/full", "we");

    ck_assert_ptr_nonnull(full);
    cpio_archive_begin(&archive, full);
    cpio_archive_add_bytes(&archive, "file", 0644, zeroes, sizeof(zeroes));
    ck_assert_int_eq(cpio_archive_end(&archive), -ENOSPC);
    (void)fclose(full);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_empty_archive_is_a_trailer);
    tcase_add_test(tcase, each_kind_of_entry_can_be_read);
    tcase_add_test(tcase, every_length_is_padded);
    tcase_add_test(tcase, a_file_is_copied_from_its_start);
    tcase_add_test(tcase, the_first_failure_is_the_result);
    tcase_add_test(tcase, files_from_4_gib_on_do_not_fit);
    tcase_add_test(tcase, a_full_disk_is_an_error);
}

int main(void)
{
    return check_main("cpio_archive", add_tests);
}
