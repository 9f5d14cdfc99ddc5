/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_options_trace.c: --trace of "vmm run", and "vmm trace".
 */
#include "tests/support/check_main.h"
#include "tests/support/options_bed.h"

#include <errno.h>
#include <stdio.h>

static struct options_bed bed;

/* Parses "vmm" and then the arguments. */
#define PARSE(...)                                                             \
    options_bed_parse_words(&bed, (const char *const[]){__VA_ARGS__, NULL})

START_TEST(nothing_is_traced_unless_asked_for)
{
    ck_assert_int_eq(PARSE("run", "bzImage"), 0);
    ck_assert(!bed.options.is_traced);
    ck_assert_ptr_null(bed.options.trace);
}
END_TEST

START_TEST(a_trace_goes_to_a_file_or_to_standard_error)
{
    ck_assert_int_eq(PARSE("run", "bzImage", "--trace", "vdpa"), 0);
    ck_assert(bed.options.is_traced);
    ck_assert_ptr_null(bed.options.trace);
    ck_assert_int_eq(PARSE("run", "bzImage", "--trace=vdpa=a=b"), 0);
    ck_assert(bed.options.is_traced);
    ck_assert_str_eq(bed.options.trace, "a=b");
}
END_TEST

START_TEST(a_trace_is_checked)
{
    ck_assert_int_eq(PARSE("trace", "check", "file", "--verbose"), 0);
    ck_assert_int_eq(bed.options.command, COMMAND_TRACE);
    ck_assert_str_eq(bed.options.trace_check.path, "file");
    ck_assert_int_eq(PARSE("trace", "--help"), 0);
    ck_assert(bed.options.wants_help);
}
END_TEST

static const struct {
    const char *words[6];
    const char *reason;
} wrong[] = {
    {{"run", "bzImage", "--trace", "vdp"},
     "--trace: unknown \"vdp\": did you mean \"vdpa\"?"},
    {{"run", "bzImage", "--trace", "virtio=file"},
     "--trace: unknown \"virtio\": give \"vdpa\""},
    {{"run", "bzImage", "--trace", "vdpa="},
     "--trace: \"vdpa=\" lacks the file's name: give vdpa=trace.txt, or vdpa "
     "alone for standard error"},
    {{"trace"},
     "no action: \"vmm trace check FILE\" holds a trace against the rules"},
    {{"trace", "chekc", "file"},
     "trace: unknown \"chekc\": did you mean \"check\"?"},
    {{"trace", "check"},
     "no trace: give the file that \"vmm run --trace vdpa=FILE\" wrote, as in "
     "\"vmm trace check FILE\""},
    {{"trace", "check", ""}, "the trace's name is empty"},
    {{"trace", "check", "a", "b"},
     "unexpected \"b\": the trace is \"a\" already"},
    {{"trac", "check", "a"},
     "unknown command \"trac\": did you mean \"trace\"? \"vmm --help\" says "
     "more"},
};

START_TEST(what_is_wrong_is_named)
{
    ck_assert_int_eq(options_bed_parse_words(&bed, wrong[_i].words), -EINVAL);
    ck_assert_str_eq(bed.error, wrong[_i].reason);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, nothing_is_traced_unless_asked_for);
    tcase_add_test(tcase, a_trace_goes_to_a_file_or_to_standard_error);
    tcase_add_test(tcase, a_trace_is_checked);
    tcase_add_loop_test(tcase, what_is_wrong_is_named, 0, ARRAY_SIZE(wrong));
}

int main(void)
{
    return check_main("options_trace", add_tests);
}
