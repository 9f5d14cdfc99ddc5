/* SPDX-License-Identifier: BSD-2-Clause */
/* test_guest_line.c: what the guest's first process may say, and not. */
#include "tests/support/check_main.h"
#include "vmm/guest_line.h"

#include <check.h>

START_TEST(each_line_of_the_protocol_is_understood)
{
    static const struct {
        const char *text;
        struct guest_line line;
    } cases[] = {
        {"init", {GUEST_LINE_INIT, 0, ""}},
        {"command", {GUEST_LINE_COMMAND, 0, ""}},
        {"exit 0", {GUEST_LINE_EXIT, 0, ""}},
        {"exit 255", {GUEST_LINE_EXIT, 255, ""}},
        {"signal 9", {GUEST_LINE_SIGNAL, 9, ""}},
        {"cannot-run 2 no such", {GUEST_LINE_CANNOT_RUN, 2, "no such"}},
        {"failed mounting: it", {GUEST_LINE_FAILED, 0, "mounting: it"}},
        {"warning slow", {GUEST_LINE_WARNING, 0, "slow"}},
        {"net eth0 10.0.2.15", {GUEST_LINE_OTHER, 0, "net eth0 10.0.2.15"}},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct guest_line line = guest_line_parse(cases[i].text);

        ck_assert_int_eq(line.kind, cases[i].line.kind);
        ck_assert_uint_eq(line.number, cases[i].line.number);
        ck_assert_str_eq(line.text, cases[i].line.text);
    }
}
END_TEST

START_TEST(numbers_out_of_range_end_nothing)
{
    static const char *const texts[] = {
        "exit",     "exit x",     "exit -1",      "exit 256",
        "signal 0", "signal 128", "cannot-run 0", "cannot-run 99999",
        "exits 0",  "",           " exit 0",      "exit 99999999999999999999",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        ck_assert_msg(guest_line_parse(texts[i]).kind == GUEST_LINE_OTHER,
                      "\"%s\"", texts[i]);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, each_line_of_the_protocol_is_understood);
    tcase_add_test(tcase, numbers_out_of_range_end_nothing);
}

int main(void)
{
    return check_main("guest_line", add_tests);
}
