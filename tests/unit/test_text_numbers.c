/* SPDX-License-Identifier: BSD-2-Clause */
/* test_text_numbers.c: numbers and words of the kernel's text files. */
#include "tests/support/check_main.h"
#include "vmm/text_numbers.h"

#include <check.h>

START_TEST(numbers_follow_blanks_and_leave_the_rest)
{
    uint64_t number = 0;

    ck_assert_str_eq(text_read_number("  12,3", 10, &number), ",3");
    ck_assert_uint_eq(number, 12);
    ck_assert_str_eq(text_read_number("0x1F rest", 16, &number), " rest");
    ck_assert_uint_eq(number, 31);
    ck_assert_str_eq(text_read_number("ff-", 16, &number), "-");
    ck_assert_uint_eq(number, 255);
    ck_assert_ptr_nonnull(
        text_read_number("18446744073709551615", 10, &number));
    ck_assert_uint_eq(number, UINT64_MAX);
}
END_TEST

START_TEST(what_is_no_number_is_refused)
{
    static const char *const texts[] = {
        "", "  ", "-1", "+1", "x1", "ab", "18446744073709551616"};
    uint64_t number;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        ck_assert_msg(!text_read_number(texts[i], 10, &number), "%s", texts[i]);
    ck_assert_ptr_null(text_read_number(NULL, 10, &number));
}
END_TEST

START_TEST(words_are_skipped_with_their_blanks)
{
    ck_assert_str_eq(text_skip_words(" a bc\t d\n", 2), "d\n");
    ck_assert_str_eq(text_skip_words("a", 1), "");
    ck_assert_str_eq(text_skip_words("  a", 0), "a");
    ck_assert_ptr_null(text_skip_words("a", 2));
    ck_assert_ptr_null(text_skip_words(NULL, 0));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, numbers_follow_blanks_and_leave_the_rest);
    tcase_add_test(tcase, what_is_no_number_is_refused);
    tcase_add_test(tcase, words_are_skipped_with_their_blanks);
}

int main(void)
{
    return check_main("text_numbers", add_tests);
}
