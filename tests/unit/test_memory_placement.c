/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_memory_placement.c: guest RAM on a node, and allocated in advance.
 */
#include "vmm/memory_placement.h"

#include "tests/support/check_main.h"
#include "tests/support/emulator.h"
#include "tests/support/log_capture.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct guest_memory memory;
static struct log_capture capture;

static void setup(void)
{
    log_capture_start(&capture);
}

static void teardown(void)
{
    guest_memory_destroy(&memory);
}

/* Bytes of the memfd that the host has pages for. */
static uint64_t allocated(void)
{
    struct stat status;

    ck_assert_int_eq(fstat(memory.fd, &status), 0);
    return (uint64_t)status.st_blocks * 512;
}

START_TEST(all_of_every_region_is_allocated)
{
    /* Ends of all kinds: a whole step, less, and more. */
    const struct guest_memory_range ranges[] = {
        {.gpa = 0, .size = 129 * MIB},
        {.gpa = GIB, .size = 4 * KIB},
        {.gpa = 2 * GIB, .size = 128 * MIB},
    };

    if (emulator_lacks("MADV_POPULATE_WRITE"))
        return;
    ck_assert_int_eq(guest_memory_init(&memory, ranges, 3, 0), 0);
    ck_assert_uint_eq(allocated(), 0);
    ck_assert_int_eq(memory_placement_populate(&memory), 0);
    ck_assert_uint_eq(allocated(), 257 * MIB + 4 * KIB);
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(what_is_there_already_stays)
{
    const struct guest_memory_range range = {.size = MIB};
    char text[2];

    ck_assert_int_eq(guest_memory_init(&memory, &range, 1, 0), 0);
    ck_assert_int_eq(guest_memory_write(&memory, 4096, "ab", 2), 0);
    ck_assert_int_eq(memory_placement_populate(&memory), 0);
    memcpy(text, guest_memory_at(&memory, 4096, 2), 2);
    ck_assert_int_eq(memcmp(text, "ab", 2), 0);
}
END_TEST

START_TEST(more_than_is_free_is_refused)
{
    const uint64_t host =
        (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    const struct guest_memory_range range = {.size = host};

    ck_assert_int_eq(guest_memory_init(&memory, &range, 1, 0), 0);
    ck_assert_int_eq(memory_placement_populate(&memory), -ENOMEM);
    ck_assert_uint_eq(allocated(), 0);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_ptr_nonnull(strstr(capture.last, "free on this host"));
    ck_assert_ptr_nonnull(strstr(capture.last, "--memory"));
}
END_TEST

/* The file is shorter than the mapping: who touched the rest would get a
 * SIGBUS, as with a huge page that is not there. */
START_TEST(pages_that_cannot_be_are_an_error)
{
    const struct guest_memory_range range = {.size = MIB};

    if (emulator_lacks("MADV_POPULATE_WRITE"))
        return;
    ck_assert_int_eq(guest_memory_init(&memory, &range, 1, 0), 0);
    ck_assert_int_eq(ftruncate(memory.fd, 4096), 0);
    ck_assert_int_eq(memory_placement_populate(&memory), -ENOMEM);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_ptr_nonnull(strstr(capture.last, "too few pages of 4 KiB"));
}
END_TEST

START_TEST(nodes_that_are_not_there_are_refused)
{
    const struct guest_memory_range range = {.size = MIB};

    ck_assert_int_eq(guest_memory_init(&memory, &range, 1, 0), 0);
    ck_assert_int_eq(memory_placement_bind(&memory, 1023), -EINVAL);
    ck_assert_ptr_nonnull(strstr(capture.last, "no NUMA node 1023"));
    ck_assert_int_eq(memory_placement_bind(&memory, 1024), -EINVAL);
    ck_assert_int_eq(memory_placement_bind(&memory, 4000000000U), -EINVAL);
    ck_assert_uint_eq(capture.lines, 3);
}
END_TEST

START_TEST(the_first_node_gives_memory)
{
    const struct guest_memory_range ranges[] = {{.gpa = 0, .size = MIB},
                                                {.gpa = GIB, .size = 2 * MIB}};

    if (emulator_lacks("mbind()"))
        return;
    if (access("/sys/devices/system/node/node0", F_OK) != 0) {
        skip_test("this host's kernel knows of no NUMA nodes");
        return;
    }
    ck_assert_int_eq(guest_memory_init(&memory, ranges, 2, 0), 0);
    ck_assert_int_eq(memory_placement_bind(&memory, 0), 0);
    ck_assert_int_eq(memory_placement_populate(&memory), 0);
    ck_assert_uint_eq(allocated(), 3 * MIB);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, all_of_every_region_is_allocated);
    tcase_add_test(tcase, what_is_there_already_stays);
    tcase_add_test(tcase, more_than_is_free_is_refused);
    tcase_add_test(tcase, pages_that_cannot_be_are_an_error);
    tcase_add_test(tcase, nodes_that_are_not_there_are_refused);
    tcase_add_test(tcase, the_first_node_gives_memory);
}

int main(void)
{
    return check_main("memory_placement", add_tests);
}
