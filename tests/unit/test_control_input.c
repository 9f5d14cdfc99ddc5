/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_control_input.c: lines out of pieces, and words at their beginning.
 */
#include "vmm/control_input.h"

#include "tests/support/check_main.h"

#include <stdio.h>
#include <string.h>

static struct control_input input;
static char line[CONTROL_MAX_LINE];

static void setup(void)
{
    memset(&input, 0, sizeof(input));
}

static void add(const char *bytes, size_t size)
{
    ck_assert_uint_le(size, sizeof(input.bytes) - input.size);
    memcpy(input.bytes + input.size, bytes, size);
    input.size += size;
}

static void add_text(const char *text)
{
    add(text, strlen(text));
}

static void expect_line(const char *expected)
{
    ck_assert_int_eq(control_input_take(&input, line), CONTROL_LINE_READY);
    ck_assert_str_eq(line, expected);
}

static void expect_none(void)
{
    ck_assert_int_eq(control_input_take(&input, line), CONTROL_LINE_NONE);
    ck_assert_uint_lt(input.size, sizeof(input.bytes));
}

START_TEST(line_may_come_in_pieces)
{
    add_text("sta");
    expect_none();
    add_text("tus\n");
    expect_line("status");
    expect_none();
}
END_TEST

START_TEST(piece_may_hold_several_lines)
{
    add_text("a\r\n\nb c\nd");
    expect_line("a");
    expect_line("");
    expect_line("b c");
    expect_none();
    add_text("\n");
    expect_line("d");
}
END_TEST

START_TEST(longest_line_fits)
{
    char longest[CONTROL_MAX_LINE];

    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\n';
    add(longest, sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    expect_line(longest);
}
END_TEST

START_TEST(longer_line_is_dropped_to_its_end)
{
    char piece[CONTROL_MAX_LINE];

    memset(piece, 'x', sizeof(piece));
    for (unsigned i = 0; i < 3; i++) {
        add(piece, sizeof(piece));
        expect_none();
    }
    add_text("status\nstatus\n");
    ck_assert_int_eq(control_input_take(&input, line), CONTROL_LINE_TOO_LONG);
    expect_line("status");
}
END_TEST

START_TEST(control_characters_are_no_text)
{
    const char nul[] = "a\0b\n";

    add(nul, sizeof(nul) - 1);
    ck_assert_int_eq(control_input_take(&input, line), CONTROL_LINE_NO_TEXT);
    add_text("\033[31m\n");
    ck_assert_int_eq(control_input_take(&input, line), CONTROL_LINE_NO_TEXT);
    add_text("a\rb\n");
    ck_assert_int_eq(control_input_take(&input, line), CONTROL_LINE_NO_TEXT);
    add_text("/tmp/\303\274\n");
    expect_line("/tmp/\303\274");
}
END_TEST

static const char *match(const char *name, const char *text)
{
    (void)snprintf(line, sizeof(line), "%s", text);
    return control_match_words(name, line);
}

START_TEST(words_are_matched_whole)
{
    ck_assert_str_eq(match("status", "status"), "");
    ck_assert_str_eq(match("status", "  status  "), "");
    ck_assert_ptr_null(match("status", "statuses"));
    ck_assert_ptr_null(match("status", "stat"));
    ck_assert_ptr_null(match("status", ""));
    ck_assert_str_eq(match("net add", "net   add  user,mtu=9000 "),
                     "user,mtu=9000");
    ck_assert_str_eq(match("net add", "net add vdpa=/a b"), "vdpa=/a b");
    ck_assert_ptr_null(match("net add", "net"));
    ck_assert_ptr_null(match("net add", "net adder"));
    ck_assert_ptr_null(match("net add", "netadd x"));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, line_may_come_in_pieces);
    tcase_add_test(tcase, piece_may_hold_several_lines);
    tcase_add_test(tcase, longest_line_fits);
    tcase_add_test(tcase, longer_line_is_dropped_to_its_end);
    tcase_add_test(tcase, control_characters_are_no_text);
    tcase_add_test(tcase, words_are_matched_whole);
}

int main(void)
{
    return check_main("control_input", add_tests);
}
