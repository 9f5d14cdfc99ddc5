/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_options_script.c: the options for programs that start guests.
 */
#include "tests/support/check_main.h"
#include "tests/support/options_bed.h"
#include "vmm/arch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct options_bed bed;

/* Parses "vmm run bzImage" and then the arguments. */
#define PARSE(...)                                                             \
    options_bed_parse_words(                                                   \
        &bed, (const char *const[]){"run", "bzImage", __VA_ARGS__, NULL})

START_TEST(nobody_is_told_by_default)
{
    ck_assert_int_eq(PARSE("-q"), 0);
    ck_assert_int_eq(bed.options.ready_fd, -1);
    ck_assert_ptr_null(bed.options.pidfile);
    ck_assert_ptr_null(bed.options.log);
    ck_assert(!bed.options.dies_with_parent);
    ck_assert(!bed.options.is_dry_run);
}
END_TEST

START_TEST(each_is_read)
{
    ck_assert_int_eq(PARSE("--ready-fd=0", "--pidfile", "a", "--log=b",
                           "--pdeathsig", "--dry-run"),
                     0);
    ck_assert_int_eq(bed.options.ready_fd, 0);
    ck_assert_str_eq(bed.options.pidfile, "a");
    ck_assert_str_eq(bed.options.log, "b");
    ck_assert(bed.options.dies_with_parent);
    ck_assert(bed.options.is_dry_run);
}
END_TEST

START_TEST(each_output_has_a_file_of_its_own)
{
    ck_assert_int_eq(PARSE("--report=a", "--counts=b", "--log=c"), 0);
    ck_assert_int_eq(PARSE("--report=/dev/null", "--counts=/dev/null"), 0);
    ck_assert_int_eq(PARSE("--kmsg=a", "--report=b", "--trace=vdpa=b"),
                     -EINVAL);
    ck_assert_str_eq(bed.error, "--report and --trace: both are \"b\": give "
                                "each its own");
}
END_TEST

START_TEST(device_tree_is_for_machines_that_have_one)
{
    int result = PARSE("--dump-dtb=a.dtb");

    if (arch_machine_layout()->has_device_tree) {
        ck_assert_int_eq(result, 0);
        ck_assert_str_eq(bed.options.device_tree_file, "a.dtb");
        ck_assert_int_eq(PARSE("--log=a", "--dump-dtb=a"), -EINVAL);
        return;
    }
    ck_assert_int_eq(result, -EINVAL);
    ck_assert_str_eq(bed.error, "--dump-dtb: this machine has no device tree: "
                                "ACPI describes it");
}
END_TEST

static const char *const no_descriptors[] = {"x", "3x", "2147483648", "-1"};

START_TEST(what_is_no_descriptor_is_refused)
{
    char argument[64], reason[128];

    (void)snprintf(argument, sizeof(argument), "--ready-fd=%s",
                   no_descriptors[_i]);
    (void)snprintf(reason, sizeof(reason),
                   "--ready-fd: \"%s\" is not the number of a descriptor",
                   no_descriptors[_i]);
    ck_assert_int_eq(PARSE(argument), -EINVAL);
    ck_assert_str_eq(bed.error, reason);
}
END_TEST

START_TEST(what_was_given_is_noted_in_its_order)
{
    ck_assert_int_eq(PARSE("-m", "64", "--hugepages"), 0);
    ck_assert_uint_eq(bed.options.num_given, 2);
    ck_assert_str_eq(bed.options.given[0].name, "memory");
    ck_assert_str_eq(bed.options.given[0].value, "64");
    ck_assert_str_eq(bed.options.given[1].name, "hugepages");
    ck_assert_ptr_null(bed.options.given[1].value);
}
END_TEST

/* Whoever asked for the whole line would get a part of it. */
START_TEST(only_dry_runs_have_a_limit)
{
    const char *words[OPTIONS_MAX_GIVEN + 4] = {"run", "k"};

    for (unsigned i = 0; i <= OPTIONS_MAX_GIVEN; i++)
        words[2 + i] = "-q";
    ck_assert_int_eq(options_bed_parse_words(&bed, words), 0);
    words[2] = "--dry-run";
    ck_assert_int_eq(options_bed_parse_words(&bed, words), -EINVAL);
    ck_assert_ptr_nonnull(
        strstr(bed.error, "--dry-run: more than 128 options"));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, nobody_is_told_by_default);
    tcase_add_test(tcase, each_is_read);
    tcase_add_test(tcase, each_output_has_a_file_of_its_own);
    tcase_add_test(tcase, device_tree_is_for_machines_that_have_one);
    tcase_add_loop_test(tcase, what_is_no_descriptor_is_refused, 0,
                        ARRAY_SIZE(no_descriptors));
    tcase_add_test(tcase, what_was_given_is_noted_in_its_order);
    tcase_add_test(tcase, only_dry_runs_have_a_limit);
}

int main(void)
{
    return check_main("options_script", add_tests);
}
