/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_guest_memory.c: what guest RAM is made of and where it is found.
 */
#include "tests/support/check_main.h"
#include "tests/support/emulator.h"
#include "tests/support/log_capture.h"
#include "vmm/bytes.h"
#include "vmm/guest_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* As on a PC: RAM below the hole for devices, the rest above 4 GiB. */
static const struct guest_memory_range pc_ranges[] = {
    {.gpa = 0, .size = 16 * MIB},
    {.gpa = 4 * GIB, .size = 8 * MIB},
};

static struct guest_memory memory;
static struct log_capture capture;

static void make_pc(void)
{
    ck_assert_int_eq(
        guest_memory_init(&memory, pc_ranges, ARRAY_SIZE(pc_ranges), 0), 0);
}

static void setup(void)
{
    log_capture_start(&capture);
}

static void teardown(void)
{
    log_capture_stop();
}

START_TEST(regions_are_found_by_guest_address)
{
    make_pc();
    ck_assert_uint_eq(memory.count, 2);
    ck_assert_uint_eq(memory.size, 24 * MIB);
    ck_assert_uint_eq(memory.page_size, (uint64_t)sysconf(_SC_PAGESIZE));
    ck_assert_uint_eq(memory.regions[1].gpa, 4 * GIB);
    ck_assert_uint_eq(memory.regions[1].fd_offset, 16 * MIB);
    ck_assert_ptr_eq(guest_memory_at(&memory, 0, 16 * MIB),
                     memory.regions[0].host);
    ck_assert_ptr_eq(guest_memory_at(&memory, 4 * GIB + 5, 1),
                     memory.regions[1].host + 5);
    guest_memory_destroy(&memory);
}
END_TEST

START_TEST(range_must_lie_inside_one_region)
{
    make_pc();
    ck_assert_ptr_nonnull(guest_memory_at(&memory, 16 * MIB - 1, 1));
    ck_assert_ptr_null(guest_memory_at(&memory, 16 * MIB - 1, 2));
    ck_assert_ptr_null(guest_memory_at(&memory, 16 * MIB, 1));
    ck_assert_ptr_null(guest_memory_at(&memory, 4 * GIB - 1, 2));
    ck_assert_ptr_nonnull(guest_memory_at(&memory, 4 * GIB, 8 * MIB));
    ck_assert_ptr_null(guest_memory_at(&memory, 4 * GIB, 8 * MIB + 1));
    ck_assert_ptr_null(guest_memory_at(&memory, 0, 4 * GIB + 8 * MIB));
    ck_assert_ptr_null(guest_memory_at(&memory, UINT64_MAX, 2));
    ck_assert_ptr_null(guest_memory_at(&memory, 16, UINT64_MAX));
    guest_memory_destroy(&memory);
}
END_TEST

START_TEST(regions_that_touch_are_still_two)
{
    const struct guest_memory_range ranges[] = {
        {.gpa = 0, .size = MIB},
        {.gpa = MIB, .size = MIB},
    };

    ck_assert_int_eq(guest_memory_init(&memory, ranges, 2, 0), 0);
    /* Their host addresses need not be neighbours. */
    ck_assert_ptr_null(guest_memory_at(&memory, MIB - 1, 2));
    ck_assert_ptr_eq(guest_memory_at(&memory, MIB, 1), memory.regions[1].host);
    guest_memory_destroy(&memory);
}
END_TEST

START_TEST(ram_starts_as_zeros_and_keeps_what_is_written)
{
    const char text[] = "command line";
    const char *at;

    make_pc();
    at = guest_memory_at(&memory, 4 * GIB + 100, sizeof(text));
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(at[0], 0);
    ck_assert_int_eq(
        guest_memory_write(&memory, 4 * GIB + 100, text, sizeof(text)), 0);
    ck_assert_str_eq(at, text);
    guest_memory_destroy(&memory);
}
END_TEST

START_TEST(write_beyond_ram_writes_nothing)
{
    const uint8_t bytes[4] = {1, 2, 3, 4};
    const uint8_t *last;

    make_pc();
    last = guest_memory_at(&memory, 16 * MIB - 1, 1);
    ck_assert_ptr_nonnull(last);
    ck_assert_int_eq(guest_memory_write(&memory, 16 * MIB - 1, bytes, 4),
                     -EFAULT);
    ck_assert_uint_eq(*last, 0);
    ck_assert_int_eq(guest_memory_write(&memory, GIB, bytes, 4), -EFAULT);
    ck_assert_int_eq(guest_memory_write(&memory, UINT64_MAX, bytes, 4),
                     -EFAULT);
    ck_assert_int_eq(guest_memory_write(&memory, 16 * MIB - 4, bytes, 4), 0);
    ck_assert_uint_eq(*last, 4);
    guest_memory_destroy(&memory);
}
END_TEST

START_TEST(file_is_read_to_its_place)
{
    int fd = memfd_create("file", MFD_CLOEXEC);
    const char *at;

    make_pc();
    ck_assert_int_eq(write(fd, "0123456789", 10), 10);
    at = guest_memory_at(&memory, 4 * GIB + 99, 7);
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(guest_memory_read_file(&memory, 4 * GIB + 100, fd, 3, 5),
                     0);
    ck_assert_mem_eq(at,
                     "\0"
                     "34567",
                     7);
    ck_assert_int_eq(guest_memory_read_file(&memory, 4 * GIB, fd, 0, 0), 0);
    guest_memory_destroy(&memory);
    close(fd);
}
END_TEST

START_TEST(file_that_is_too_short_or_too_long_is_refused)
{
    int fd = memfd_create("file", MFD_CLOEXEC);

    make_pc();
    ck_assert_int_eq(write(fd, "0123456789", 10), 10);
    ck_assert_int_eq(guest_memory_read_file(&memory, 0, fd, 8, 5), -EIO);
    ck_assert_int_eq(guest_memory_read_file(&memory, 16 * MIB - 4, fd, 0, 5),
                     -EFAULT);
    ck_assert_int_eq(guest_memory_read_file(&memory, 0, -1, 0, 5), -EBADF);
    guest_memory_destroy(&memory);
    close(fd);
}
END_TEST

START_TEST(memfd_and_mappings_are_the_same_memory)
{
    char text[4] = "";

    make_pc();
    ck_assert_int_eq(guest_memory_write(&memory, 4 * GIB, "abc", 4), 0);
    ck_assert_int_eq(
        pread(memory.fd, text, 4, (off_t)memory.regions[1].fd_offset), 4);
    ck_assert_str_eq(text, "abc");
    ck_assert_int_ne(fcntl(memory.fd, F_GETFD) & FD_CLOEXEC, 0);
    guest_memory_destroy(&memory);
}
END_TEST

START_TEST(memory_is_shared_as_devices_need_it)
{
    char line[512], start[32];
    bool found = false;
    FILE *maps;

    make_pc();
    (void)snprintf(start, sizeof(start), "%lx-",
                   (unsigned long)(uintptr_t)memory.regions[0].host);
    maps = fopen("/proc/self/maps", "re");
    ck_assert_ptr_nonnull(maps);
    while (fgets(line, sizeof(line), maps))
        if (strncmp(line, start, strlen(start)) == 0) {
            ck_assert_ptr_nonnull(strstr(line, " rw-s "));
            ck_assert_ptr_nonnull(strstr(line, "guest-memory"));
            found = true;
        }
    (void)fclose(maps);
    ck_assert(found);
    guest_memory_destroy(&memory);
}
END_TEST

START_TEST(untouched_memory_costs_the_host_nothing)
{
    struct stat status;

    make_pc();
    ck_assert_int_eq(fstat(memory.fd, &status), 0);
    ck_assert_int_eq(status.st_size, 24 * (off_t)MIB);
    ck_assert_int_eq(status.st_blocks, 0);
    guest_memory_destroy(&memory);
}
END_TEST

START_TEST(private_memory_lies_as_guest_addresses_do)
{
    const uint8_t *host;
    int fd = memfd_create("file", MFD_CLOEXEC);

    ck_assert_int_eq(write(fd, "kernel", 6), 6);
    ck_assert_int_eq(
        guest_memory_init_private(&memory, pc_ranges, ARRAY_SIZE(pc_ranges)),
        0);
    ck_assert_uint_eq(memory.size, 24 * MIB);
    ck_assert_int_eq(memory.fd, -1);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_uint_eq((uintptr_t)memory.regions[i].host % (2 * MIB), 0);
    host = guest_memory_at(&memory, 4 * GIB + 8 * MIB - 6, 6);
    ck_assert_int_eq(
        guest_memory_read_file(&memory, 4 * GIB + 8 * MIB - 6, fd, 0, 6), 0);
    ck_assert_mem_eq(host, "kernel", 6);
    guest_memory_destroy(&memory);
    close(fd);
}
END_TEST

START_TEST(too_much_private_memory_is_refused)
{
    const struct guest_memory_range range = {.size = 1ULL << 62};

    ck_assert_int_eq(guest_memory_init_private(&memory, &range, 1), -ENOMEM);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_uint_eq(memory.count, 0);
}
END_TEST

/* What RLIMIT_DATA counts, in bytes: the sixth number. */
static uint64_t data_in_use(void)
{
    char text[128] = "", *at = text;
    uint64_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(text, sizeof(text), file));
    fclose(file);
    for (unsigned i = 0; i < 6; i++)
        pages = strtoull(at, &at, 10);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* As with vm.overcommit_memory=2, which is the whole host's to set. */
START_TEST(private_memory_that_is_not_promised_is_shared_instead)
{
    const struct guest_memory_range range = {.size = GIB};
    struct rlimit limit;

    if (emulator_lacks("limits"))
        return;
    ck_assert_int_eq(getrlimit(RLIMIT_DATA, &limit), 0);
    limit.rlim_cur = data_in_use() + 512 * MIB;
    ck_assert_int_eq(setrlimit(RLIMIT_DATA, &limit), 0);
    ck_assert_int_eq(guest_memory_init_private(&memory, &range, 1), 0);
    ck_assert_int_ge(memory.fd, 0);
    ck_assert_uint_eq(memory.size, GIB);
    ck_assert_uint_eq(capture.lines, 0);
    guest_memory_destroy(&memory);
}
END_TEST

START_TEST(destroy_may_be_called_twice)
{
    make_pc();
    guest_memory_destroy(&memory);
    ck_assert_int_eq(memory.fd, -1);
    ck_assert_ptr_null(guest_memory_at(&memory, 0, 1));
    guest_memory_destroy(&memory);
}
END_TEST

/* Refused with one line that has `words` in it, and nothing left behind. */
static void check_refused(struct guest_memory_range range, uint64_t page_size,
                          int error, const char *words)
{
    capture.lines = 0;
    ck_assert_int_eq(guest_memory_init(&memory, &range, 1, page_size), error);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_int_eq(capture.last_level, LOG_LEVEL_ERROR);
    ck_assert_msg(strstr(capture.last, words) != NULL, "no \"%s\" in: %s",
                  words, capture.last);
    ck_assert_int_eq(memory.fd, -1);
    ck_assert_uint_eq(memory.count, 0);
}

START_TEST(no_memory_is_refused)
{
    check_refused((struct guest_memory_range){.size = 0}, 0, -EINVAL,
                  "0 bytes requested");
}
END_TEST

START_TEST(more_than_the_host_has_is_refused_with_both_numbers)
{
    uint64_t host =
        (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t requested = align_up(host + 1, MIB);
    char words[128];

    (void)snprintf(words, sizeof(words),
                   "%llu MiB requested, %llu MiB available",
                   (unsigned long long)(requested / MIB),
                   (unsigned long long)(host / MIB));
    check_refused((struct guest_memory_range){.size = requested}, 0, -ENOMEM,
                  words);
    /* Beyond what off_t could hold, too. */
    check_refused((struct guest_memory_range){.size = UINT64_MAX - MIB + 1}, 0,
                  -ENOMEM, "available");
}
END_TEST

START_TEST(all_that_the_host_has_is_given)
{
    struct guest_memory_range range = {
        .size =
            (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE),
    };

    ck_assert_int_eq(guest_memory_init(&memory, &range, 1, 0), 0);
    guest_memory_destroy(&memory);
}
END_TEST

START_TEST(parts_of_pages_are_refused)
{
    check_refused((struct guest_memory_range){.size = 4095}, 0, -EINVAL,
                  "whole pages");
    check_refused((struct guest_memory_range){.gpa = 1, .size = 4096}, 0,
                  -EINVAL, "whole pages");
    check_refused((struct guest_memory_range){.size = 3 * MIB}, 2 * MIB,
                  -EINVAL, "whole pages of 2048 KiB");
    check_refused((struct guest_memory_range){.gpa = MIB, .size = 2 * MIB},
                  2 * MIB, -EINVAL, "whole pages");
}
END_TEST

START_TEST(other_page_sizes_are_refused)
{
    check_refused((struct guest_memory_range){.size = 16 * MIB}, 16 * MIB,
                  -EINVAL, "2 MiB or 1 GiB");
    check_refused((struct guest_memory_range){.size = 16 * MIB}, 1, -EINVAL,
                  "2 MiB or 1 GiB");
}
END_TEST

START_TEST(ranges_that_overlap_or_wrap_are_refused)
{
    const struct guest_memory_range overlapping[] = {
        {.gpa = 0, .size = 2 * MIB},
        {.gpa = MIB, .size = 2 * MIB},
    };
    const struct guest_memory_range descending[] = {
        {.gpa = 4 * MIB, .size = MIB},
        {.gpa = 0, .size = MIB},
    };

    ck_assert_int_eq(guest_memory_init(&memory, overlapping, 2, 0), -EINVAL);
    ck_assert_int_eq(guest_memory_init(&memory, descending, 2, 0), -EINVAL);
    ck_assert_uint_eq(capture.lines, 2);
    check_refused((struct guest_memory_range){.gpa = UINT64_MAX - MIB + 1,
                                              .size = 2 * MIB},
                  0, -EINVAL, "beyond");
}
END_TEST

/* 1024 GiB in huge pages are nowhere; the host's RAM is a bound, though. */
START_TEST(missing_huge_pages_are_named)
{
    uint64_t host =
        (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

    if (emulator_lacks("huge pages"))
        return;
    if (host < 2 * GIB)
        skip_test("this host has less than 2 GiB of memory");
    else
        check_refused(
            (struct guest_memory_range){.size = align_down(host, GIB)}, GIB,
            -ENOMEM, "huge pages of 1024 MiB");
}
END_TEST

START_TEST(huge_pages_are_used_when_the_host_has_some)
{
    const struct guest_memory_range range = {.size = 2 * MIB};
    struct stat status;

    if (guest_memory_init(&memory, &range, 1, 2 * MIB) != 0) {
        skip_test("no free huge page of 2 MiB: %s", capture.last);
        return;
    }
    ck_assert_int_eq(fstat(memory.fd, &status), 0);
    ck_assert_uint_eq((uint64_t)status.st_blksize, 2 * MIB);
    ck_assert_int_eq(guest_memory_write(&memory, 0, "x", 1), 0);
    guest_memory_destroy(&memory);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, regions_are_found_by_guest_address);
    tcase_add_test(tcase, range_must_lie_inside_one_region);
    tcase_add_test(tcase, regions_that_touch_are_still_two);
    tcase_add_test(tcase, ram_starts_as_zeros_and_keeps_what_is_written);
    tcase_add_test(tcase, write_beyond_ram_writes_nothing);
    tcase_add_test(tcase, file_is_read_to_its_place);
    tcase_add_test(tcase, file_that_is_too_short_or_too_long_is_refused);
    tcase_add_test(tcase, memfd_and_mappings_are_the_same_memory);
    tcase_add_test(tcase, memory_is_shared_as_devices_need_it);
    tcase_add_test(tcase, untouched_memory_costs_the_host_nothing);
    tcase_add_test(tcase, private_memory_lies_as_guest_addresses_do);
    tcase_add_test(tcase, too_much_private_memory_is_refused);
    tcase_add_test(tcase,
                   private_memory_that_is_not_promised_is_shared_instead);
    tcase_add_test(tcase, destroy_may_be_called_twice);
    tcase_add_test(tcase, no_memory_is_refused);
    tcase_add_test(tcase, more_than_the_host_has_is_refused_with_both_numbers);
    tcase_add_test(tcase, all_that_the_host_has_is_given);
    tcase_add_test(tcase, parts_of_pages_are_refused);
    tcase_add_test(tcase, other_page_sizes_are_refused);
    tcase_add_test(tcase, ranges_that_overlap_or_wrap_are_refused);
    tcase_add_test(tcase, missing_huge_pages_are_named);
    tcase_add_test(tcase, huge_pages_are_used_when_the_host_has_some);
}

int main(void)
{
    return check_main("guest_memory", add_tests);
}
