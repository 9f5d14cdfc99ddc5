/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_memory_use.c: which resident memory is the guest's, and which not.
 */
#include "vmm/memory_use.h"

#include "tests/support/check_main.h"
#include "tests/support/temp_tree.h"

#include <errno.h>

#define SMAPS                                                                  \
    "55d0c0000000-55d0c0010000 r-xp 00000000 fe:01 42   /usr/bin/vmm\n"        \
    "Size:                 64 kB\n"                                            \
    "Rss:                  60 kB\n"                                            \
    "Pss:                  30 kB\n"                                            \
    "7f0000000000-7f0020000000 rw-s 00000000 00:01 7 /memfd:guest-memory "     \
    "(deleted)\n"                                                              \
    "Rss:               10000 kB\n"                                            \
    "7f0020000000-7f0040000000 rw-p 00000000 00:00 0 \n"                       \
    "Rss:                2000 kB\n"                                            \
    "VmFlags: rd wr sh\n"                                                      \
    "7f0050000000-7f0050010000 rw-p 00000000 00:00 0 \n"                       \
    "Rss:                  40 kB\n"

/* A shared region, and a private one. */
static const struct guest_memory memory = {
    .count = 2,
    .regions = {{.host = (uint8_t *)0x7f0000000000, .size = 0x20000000},
                {.host = (uint8_t *)0x7f0020000000, .size = 0x20000000}},
};

static struct temp_tree tree;

static void setup(void)
{
    temp_tree_init(&tree);
}

static void teardown(void)
{
    temp_tree_destroy(&tree);
}

START_TEST(guest_memory_is_told_apart)
{
    struct memory_use use;

    temp_tree_add_file(&tree, "smaps", SMAPS);
    temp_tree_add_file(&tree, "status", "Name:\tvmm\nVmHWM:\t   12300 kB\n");
    ck_assert_int_eq(memory_use_read(&use, tree.root, &memory), 0);
    ck_assert_uint_eq(use.guest, 12000);
    ck_assert_uint_eq(use.beyond, 100);
    ck_assert_uint_eq(use.peak, 12300);
    ck_assert_uint_eq(use.peak_beyond, 300);
}
END_TEST

START_TEST(the_peak_is_no_less_than_what_is_there)
{
    struct memory_use use;

    temp_tree_add_file(&tree, "smaps", SMAPS);
    /* The kernel counts it in steps; or does not tell. */
    temp_tree_add_file(&tree, "status", _i ? "Name:\tvmm\n" : "VmHWM: 11 kB\n");
    ck_assert_int_eq(memory_use_read(&use, tree.root, &memory), 0);
    ck_assert_uint_eq(use.peak_beyond, 100);
}
END_TEST

START_TEST(without_proc_there_is_an_error)
{
    struct memory_use use;

    ck_assert_int_eq(memory_use_read(&use, tree.root, &memory), -ENOENT);
}
END_TEST

START_TEST(this_process_has_memory)
{
    struct memory_use use;

    ck_assert_int_eq(memory_use_read(&use, "/proc/self", &memory), 0);
    ck_assert_uint_gt(use.beyond, 0);
    ck_assert_uint_gt(use.peak, 0);
    ck_assert_uint_eq(use.guest, 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, guest_memory_is_told_apart);
    tcase_add_loop_test(tcase, the_peak_is_no_less_than_what_is_there, 0, 2);
    tcase_add_test(tcase, without_proc_there_is_an_error);
    tcase_add_test(tcase, this_process_has_memory);
}

int main(void)
{
    return check_main("memory_use", add_tests);
}
