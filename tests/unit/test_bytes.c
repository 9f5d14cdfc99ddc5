/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_bytes.c: little-endian loads and stores, alignment, ranges.
 */
#include "tests/support/check_main.h"
#include "vmm/bytes.h"

#include <string.h>

START_TEST(loads_are_little_endian)
{
    const uint8_t bytes[] = {0xee, 1, 2, 3, 4, 5, 6, 7, 0x88, 0xee};

    /* From an odd address: nothing depends on alignment. */
    ck_assert_uint_eq(load_le(bytes + 1, 1), 0x01);
    ck_assert_uint_eq(load_le(bytes + 1, 3), 0x030201);
    ck_assert_uint_eq(load_le16(bytes + 1), 0x0201);
    ck_assert_uint_eq(load_le32(bytes + 1), 0x04030201);
    ck_assert_uint_eq(load_le64(bytes + 1), 0x8807060504030201);
}
END_TEST

START_TEST(stores_touch_only_their_bytes)
{
    for (unsigned size = 1; size <= 8; size++) {
        uint8_t bytes[10];

        memset(bytes, 0xee, sizeof(bytes));
        store_le(bytes + 1, size, 0x8070605040302010);
        ck_assert_uint_eq(bytes[0], 0xee);
        for (unsigned i = 0; i < size; i++)
            ck_assert_uint_eq(bytes[1 + i] >> 4, i + 1);
        for (unsigned i = size + 1; i < sizeof(bytes); i++)
            ck_assert_uint_eq(bytes[i], 0xee);
    }
}
END_TEST

START_TEST(what_is_stored_is_loaded)
{
    uint8_t bytes[8];

    store_le16(bytes, 0xfedc);
    ck_assert_uint_eq(load_le16(bytes), 0xfedc);
    store_le32(bytes, 0xfedcba98);
    ck_assert_uint_eq(load_le32(bytes), 0xfedcba98);
    store_le64(bytes, UINT64_MAX - 1);
    ck_assert_uint_eq(load_le64(bytes), UINT64_MAX - 1);
}
END_TEST

START_TEST(powers_of_two_have_one_bit)
{
    ck_assert(!is_power_of_two(0));
    ck_assert(is_power_of_two(1));
    ck_assert(is_power_of_two(2));
    ck_assert(!is_power_of_two(3));
    ck_assert(is_power_of_two(UINT64_C(1) << 63));
    ck_assert(!is_power_of_two(UINT64_MAX));
}
END_TEST

START_TEST(alignment_keeps_what_is_aligned)
{
    ck_assert_uint_eq(align_up(0, 4096), 0);
    ck_assert_uint_eq(align_up(1, 4096), 4096);
    ck_assert_uint_eq(align_up(4096, 4096), 4096);
    ck_assert_uint_eq(align_down(4095, 4096), 0);
    ck_assert_uint_eq(align_down(4096, 4096), 4096);
    ck_assert_uint_eq(align_down(UINT64_MAX, 2), UINT64_MAX - 1);
    ck_assert(is_aligned(8192, 4096));
    ck_assert(!is_aligned(8193, 4096));
}
END_TEST

START_TEST(range_inside_may_touch_both_ends)
{
    ck_assert(range_is_inside(100, 50, 100, 50));
    ck_assert(range_is_inside(100, 49, 100, 50));
    ck_assert(range_is_inside(101, 49, 100, 50));
    ck_assert(!range_is_inside(99, 50, 100, 50));
    ck_assert(!range_is_inside(101, 50, 100, 50));
    ck_assert(!range_is_inside(100, 51, 100, 50));
}
END_TEST

START_TEST(empty_range_is_inside_up_to_the_end)
{
    ck_assert(range_is_inside(100, 0, 100, 50));
    ck_assert(range_is_inside(150, 0, 100, 50));
    ck_assert(!range_is_inside(151, 0, 100, 50));
    ck_assert(!range_is_inside(99, 0, 100, 50));
}
END_TEST

START_TEST(range_that_wraps_is_inside_nothing)
{
    ck_assert(!range_is_inside(UINT64_MAX, 2, 0, UINT64_MAX));
    ck_assert(!range_is_inside(16, UINT64_MAX, 0, 32));
    ck_assert(!range_is_inside(UINT64_MAX - 1, 4, UINT64_MAX - 3, 4));
    ck_assert(range_is_inside(UINT64_MAX - 3, 4, UINT64_MAX - 3, 4));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, loads_are_little_endian);
    tcase_add_test(tcase, stores_touch_only_their_bytes);
    tcase_add_test(tcase, what_is_stored_is_loaded);
    tcase_add_test(tcase, powers_of_two_have_one_bit);
    tcase_add_test(tcase, alignment_keeps_what_is_aligned);
    tcase_add_test(tcase, range_inside_may_touch_both_ends);
    tcase_add_test(tcase, empty_range_is_inside_up_to_the_end);
    tcase_add_test(tcase, range_that_wraps_is_inside_nothing);
}

int main(void)
{
    return check_main("bytes", add_tests);
}
