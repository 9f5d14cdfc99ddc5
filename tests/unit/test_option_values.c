/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_option_values.c: numbers, sizes, addresses and words as typed.
 */
#include "vmm/option_values.h"

#include "tests/support/check_main.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <string.h>

START_TEST(numbers_are_decimal_digits)
{
    uint64_t number;

    ck_assert_str_eq(option_read_number("012x", &number), "x");
    ck_assert_uint_eq(number, 12);
    ck_assert_str_eq(option_read_number("18446744073709551615", &number), "");
    ck_assert_uint_eq(number, UINT64_MAX);
    ck_assert_ptr_null(option_read_number("18446744073709551616", &number));
    ck_assert_ptr_null(option_read_number("", &number));
    ck_assert_ptr_null(option_read_number("-1", &number));
    ck_assert_ptr_null(option_read_number(" 1", &number));
}
END_TEST

START_TEST(sizes_are_mib_or_have_a_unit)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"1", MIB},
        {"0512", 512 * MIB},
        {"4K", 4 * KIB},
        {"4k", 4 * KIB},
        {"3M", 3 * MIB},
        {"3m", 3 * MIB},
        {"3MiB", 3 * MIB},
        {"2G", 2 * GIB},
        {"2GiB", 2 * GIB},
        {"1T", 1024 * GIB},
        {"1TiB", 1024 * GIB},
        {"12KiB", 12 * KIB},
        {"0", 0},
        {"16777215T", 16777215 * (1024 * GIB)},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t bytes = 1;

        ck_assert_msg(option_read_size(cases[i].text, &bytes), "%s",
                      cases[i].text);
        ck_assert_uint_eq(bytes, cases[i].bytes);
    }
}
END_TEST

START_TEST(other_sizes_are_refused)
{
    static const char *const texts[] = {
        "",
        "12Q",
        "M",
        "1MB",
        "-1",
        "+1",
        "0x10",
        "1.5G",
        "16777216T",
        "1Mi",
        "1iB",
        "1MM",
        "1Gib",
        "1B",
        "K4",
        "1 G",
        "18446744073709551616",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        uint64_t bytes;

        ck_assert_msg(!option_read_size(texts[i], &bytes), "%s", texts[i]);
    }
}
END_TEST

START_TEST(macs_are_six_pairs_of_digits)
{
    static const uint8_t expected[6] = {0x52, 0x54, 0x00, 0xab, 0xcd, 0xef};
    uint8_t mac[6];

    ck_assert(option_read_mac("52:54:00:ab:CD:ef", mac));
    ck_assert_mem_eq(mac, expected, sizeof(mac));
    ck_assert(!option_read_mac("52:54:00:ab:cd", mac));
    ck_assert(!option_read_mac("52:54:00:ab:cd:ef:", mac));
    ck_assert(!option_read_mac("", mac));
}
END_TEST

START_TEST(choices_are_told_by_their_index)
{
    static const char *const words[] = {"auto", "on", "off"};
    char error[64];

    ck_assert_int_eq(option_read_choice("auto", words, 3, error, 64), 0);
    ck_assert_int_eq(option_read_choice("off", words, 3, error, 64), 2);
    ck_assert_int_eq(option_read_choice("of", words, 3, error, 64), -EINVAL);
    ck_assert_str_eq(error, "\"of\" is neither auto, on nor off: did you mean "
                            "\"off\"?");
    ck_assert_int_eq(option_read_choice("x", words, 3, error, 64), -EINVAL);
    ck_assert_str_eq(error, "\"x\" is neither auto, on nor off");
    ck_assert_int_eq(option_read_choice("", words, 2, error, 64), -EINVAL);
    ck_assert_str_eq(error, "\"\" is neither auto nor on");
}
END_TEST

START_TEST(durations_are_seconds_or_have_a_unit)
{
    static const struct {
        const char *text;
        uint32_t ms; /* 0: refused */
    } cases[] = {
        {"60", 60000},
        {"60s", 60000},
        {"500ms", 500},
        {"5m", 300000},
        {"1h", 3600000},
        {"4294967295ms", UINT32_MAX},
        {"4294967", 4294967000},
        {"1193h", 4294800000},
        {"4294968", 0},
        {"1194h", 0},
        {"4294967296ms", 0},
        {"18446744073709551616", 0},
        {"0", 0},
        {"0ms", 0},
        {"", 0},
        {"s", 0},
        {"1.5s", 0},
        {"-1", 0},
        {"1 s", 0},
        {"1S", 0},
        {"1d", 0},
        {"1ss", 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint32_t ms = 0;
        bool is_one = option_read_duration(cases[i].text, &ms);

        ck_assert_msg(is_one == (cases[i].ms != 0), "%s", cases[i].text);
        ck_assert_uint_eq(ms, cases[i].ms);
    }
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, numbers_are_decimal_digits);
    tcase_add_test(tcase, sizes_are_mib_or_have_a_unit);
    tcase_add_test(tcase, other_sizes_are_refused);
    tcase_add_test(tcase, durations_are_seconds_or_have_a_unit);
    tcase_add_test(tcase, macs_are_six_pairs_of_digits);
    tcase_add_test(tcase, choices_are_told_by_their_index);
}

int main(void)
{
    return check_main("option_values", add_tests);
}
