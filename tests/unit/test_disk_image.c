/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_disk_image.c: which files can be a disk, who may share one, and what a
 * snapshot keeps apart.
 */
#include "vdpa/disk_image.h"

#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/open_fds.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE (64 * KIB)

static struct log_capture capture;
static char path[64];
static int file;

static void set_up(void)
{
    log_capture_start(&capture);
    (void)snprintf(path, sizeof(path), "/tmp/vmm-disk-image-XXXXXX");
    file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(ftruncate(file, (off_t)SIZE), 0);
}

static void tear_down(void)
{
    (void)close(file);
    (void)unlink(path);
    log_capture_stop();
}

enum access {
    READ_WRITE,
    READ_ONLY,
    SNAPSHOT,
    NUM_ACCESSES,
};

static int open_image(struct disk_image *image, const char *name,
                      enum access access)
{
    const struct disk_image_options options = {
        .path = name,
        .is_read_only = access == READ_ONLY,
        .is_snapshot = access == SNAPSHOT,
    };

    return disk_image_open(image, &options);
}

static int open_and_close(const char *name, enum access access)
{
    struct disk_image image;
    int error = open_image(&image, name, access);

    disk_image_close(&image);
    return error;
}

/* ---- Which files ---- */

START_TEST(a_file_of_whole_sectors_is_a_disk)
{
    struct disk_image image;

    for (int access = 0; access < NUM_ACCESSES; access++) {
        ck_assert_int_eq(open_image(&image, path, (enum access)access), 0);
        ck_assert_uint_eq(image.size, SIZE);
        ck_assert_uint_eq(image.block_size, DISK_SECTOR);
        disk_image_close(&image);
        disk_image_close(&image);
    }
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

static const struct {
    const char *path;
    int error;
    const char *words;
} bad_files[] = {
    {"/none", -ENOENT, "truncate -s 1G"},
    {"/dev/null", -EINVAL, "neither a file nor a block device"},
    {"/tmp", -EISDIR, "give a file or a block device"},
    {"", -ENOENT, "give another"},
};

START_TEST(other_files_are_refused)
{
    ck_assert_int_eq(open_and_close(bad_files[_i].path, READ_WRITE),
                     bad_files[_i].error);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_msg(strstr(capture.last, bad_files[_i].words) != NULL, "%s",
                  capture.last);
}
END_TEST

START_TEST(sizes_that_no_disk_has_are_refused)
{
    ck_assert_int_eq(ftruncate(file, 0), 0);
    ck_assert_int_eq(open_and_close(path, READ_WRITE), -EINVAL);
    ck_assert_ptr_nonnull(strstr(capture.last, "empty"));
    ck_assert_int_eq(ftruncate(file, 513), 0);
    ck_assert_int_eq(open_and_close(path, READ_ONLY), -EINVAL);
    ck_assert_ptr_nonnull(strstr(capture.last, "\"truncate -s %512 FILE\""));
    ck_assert_int_eq(ftruncate(file, 1024), 0);
    ck_assert_int_eq(open_and_close(path, READ_ONLY), 0);
}
END_TEST

START_TEST(an_image_of_another_format_is_warned_of)
{
    ck_assert_int_eq(pwrite(file, "QFI\xfb", 4, 0), 4);
    ck_assert_int_eq(open_and_close(path, READ_WRITE), 0);
    ck_assert_int_eq(capture.last_level, LOG_LEVEL_WARNING);
    ck_assert_ptr_nonnull(strstr(capture.last, "qemu-img convert"));
}
END_TEST

START_TEST(a_snapshot_needs_a_folder_for_what_is_written)
{
    unsigned before = count_open_fds();

    ck_assert_int_eq(setenv("TMPDIR", "/none", 1), 0);
    ck_assert_int_eq(open_and_close(path, SNAPSHOT), -ENOENT);
    ck_assert_ptr_nonnull(strstr(capture.last, "set TMPDIR"));
    ck_assert_uint_eq(count_open_fds(), before);
    ck_assert_int_eq(unsetenv("TMPDIR"), 0);
}
END_TEST

/* ---- Sharing ---- */

START_TEST(a_writer_is_alone)
{
    struct disk_image first;

    for (int one = 0; one < NUM_ACCESSES; one++) {
        ck_assert_int_eq(open_image(&first, path, (enum access)one), 0);
        for (int other = 0; other < NUM_ACCESSES; other++) {
            bool is_fine = one != READ_WRITE && other != READ_WRITE;

            ck_assert_int_eq(open_and_close(path, (enum access)other),
                             is_fine ? 0 : -EBUSY);
            ck_assert(is_fine || strstr(capture.last, "another --disk"));
        }
        disk_image_close(&first);
    }
}
END_TEST

START_TEST(who_has_it_is_named)
{
    char words[64];
    int ready[2];
    char byte;
    pid_t child;

    ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct disk_image image;

        if (open_image(&image, path, READ_WRITE) != 0 ||
            write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            (void)pause();
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(open_and_close(path, SNAPSHOT), -EBUSY);
    (void)snprintf(words, sizeof(words), "in use by process %d (", (int)child);
    ck_assert_msg(strstr(capture.last, words) != NULL, "%s", capture.last);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_int_eq(open_and_close(path, READ_WRITE), 0);
    (void)close(ready[0]);
    (void)close(ready[1]);
}
END_TEST

/* ---- Reading and writing ---- */

static struct disk_pieces pieces_of(const struct iovec *pieces, unsigned count)
{
    return (struct disk_pieces){.pieces = pieces, .count = count};
}

/* Writes sectors full of `byte`, in two pieces. */
static int fill(struct disk_image *image, uint64_t sector, unsigned count,
                int byte)
{
    static uint8_t bytes[SIZE];
    size_t size = count * (size_t)DISK_SECTOR;
    const struct iovec parts[] = {{bytes, 100}, {bytes + 100, size}};
    struct disk_pieces pieces = pieces_of(parts, 2);

    memset(bytes, byte, size);
    return disk_image_write(image, &pieces, sector * DISK_SECTOR, size);
}

/* The byte that a sector is full of; -1 for none. */
static int content(struct disk_image *image, uint64_t sector)
{
    uint8_t bytes[DISK_SECTOR];
    const struct iovec part = {bytes, sizeof(bytes)};
    struct disk_pieces pieces = pieces_of(&part, 1);

    ck_assert_int_eq(
        disk_image_read(image, &pieces, sector * DISK_SECTOR, sizeof(bytes)),
        0);
    for (unsigned i = 1; i < sizeof(bytes); i++)
        if (bytes[i] != bytes[0])
            return -1;
    return bytes[0];
}

START_TEST(a_read_goes_over_what_was_written_and_what_was_not)
{
    uint8_t bytes[8 * DISK_SECTOR];
    const struct iovec parts[] = {
        {bytes, 700}, {bytes + 700, 1}, {bytes + 701, sizeof(bytes) - 701}};
    struct disk_pieces pieces = pieces_of(parts, 3);
    struct disk_image image;

    ck_assert_int_eq(open_image(&image, path, SNAPSHOT), 0);
    ck_assert_int_eq(fill(&image, 9, 1, 1), 0);
    ck_assert_int_eq(fill(&image, 12, 3, 2), 0);
    ck_assert_int_eq(disk_image_read(&image, &pieces, 8 * (uint64_t)DISK_SECTOR,
                                     sizeof(bytes)),
                     0);
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        static const uint8_t expected[] = {0, 1, 0, 0, 2, 2, 2, 0};

        ck_assert_uint_eq(bytes[i], expected[i / DISK_SECTOR]);
    }
    disk_image_close(&image);
    /* And it is gone. */
    ck_assert_int_eq(open_image(&image, path, READ_WRITE), 0);
    ck_assert_int_eq(content(&image, 9), 0);
    disk_image_close(&image);
}
END_TEST

START_TEST(zeros_cover_what_was_there)
{
    struct disk_image image;

    for (int access = 0; access < NUM_ACCESSES; access += SNAPSHOT) {
        for (int unmap = 0; unmap < 2; unmap++) {
            ck_assert_int_eq(open_image(&image, path, (enum access)access), 0);
            ck_assert_int_eq(fill(&image, 0, 16, 3), 0);
            ck_assert_int_eq(disk_image_zero(&image, DISK_SECTOR,
                                             14ULL * DISK_SECTOR, unmap),
                             0);
            ck_assert_int_eq(content(&image, 0), 3);
            ck_assert_int_eq(content(&image, 1), 0);
            ck_assert_int_eq(content(&image, 14), 0);
            ck_assert_int_eq(content(&image, 15), 3);
            ck_assert_int_eq(disk_image_discard(&image, 0, 16ULL * DISK_SECTOR),
                             0);
            ck_assert_int_eq(disk_image_flush(&image), 0);
            disk_image_close(&image);
        }
    }
}
END_TEST

/* A limit on the size of files stands for a file system that is full. */
START_TEST(a_write_that_fails_is_said_once)
{
    struct disk_image image;
    struct rlimit limit, small;

    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = (struct rlimit){16 * KIB, limit.rlim_max};

    ck_assert_int_eq(open_image(&image, path, (enum access)_i), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    ck_assert_int_eq(fill(&image, 1, 1, 5), 0);
    ck_assert_int_eq(fill(&image, 100, 1, 5), -EFBIG);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_ptr_nonnull(strstr(capture.last, "the guest gets I/O errors"));
    ck_assert_int_eq(fill(&image, 100, 1, 5), -EFBIG);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_int_eq(content(&image, 1), 5);
    ck_assert_int_eq(content(&image, 100), 0);
    disk_image_close(&image);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_file_of_whole_sectors_is_a_disk);
    tcase_add_loop_test(tcase, other_files_are_refused, 0,
                        ARRAY_SIZE(bad_files));
    tcase_add_test(tcase, sizes_that_no_disk_has_are_refused);
    tcase_add_test(tcase, an_image_of_another_format_is_warned_of);
    tcase_add_test(tcase, a_snapshot_needs_a_folder_for_what_is_written);
    tcase_add_test(tcase, a_writer_is_alone);
    tcase_add_test(tcase, who_has_it_is_named);
    tcase_add_test(tcase, a_read_goes_over_what_was_written_and_what_was_not);
    tcase_add_test(tcase, zeros_cover_what_was_there);
    tcase_add_loop_test(tcase, a_write_that_fails_is_said_once, 0, 1);
    tcase_add_loop_test(tcase, a_write_that_fails_is_said_once, SNAPSHOT,
                        SNAPSHOT + 1);
}

int main(void)
{
    return check_main("disk_image", add_tests);
}
