/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_options_script.c: the options for programs that start guests.
 */
#include "vmm/arch.h"
#include "vmm/options.h"

#include "tests/support/check_main.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct options options;
static char error[OPTIONS_MAX_ERROR];

/* Parses "vmm run bzImage" and then the arguments. */
#define PARSE(...)                                                             \
    parse((char *[]){(char[]){"vmm"}, (char[]){"run"}, (char[]){"bzImage"},    \
                     __VA_ARGS__, NULL})

static int parse(char *const *arguments)
{
    int count = 0;

    while (arguments[count])
        count++;
    return options_parse(&options, count, arguments, error, sizeof(error));
}

START_TEST(nobody_is_told_by_default)
{
    ck_assert_int_eq(PARSE((char[]){"-q"}), 0);
    ck_assert_int_eq(options.ready_fd, -1);
    ck_assert_ptr_null(options.pidfile);
    ck_assert_ptr_null(options.log);
    ck_assert(!options.dies_with_parent);
    ck_assert(!options.is_dry_run);
}
END_TEST

START_TEST(each_is_read)
{
    ck_assert_int_eq(PARSE((char[]){"--ready-fd=0"}, (char[]){"--pidfile"},
                           (char[]){"a"}, (char[]){"--log=b"},
                           (char[]){"--pdeathsig"}, (char[]){"--dry-run"}),
                     0);
    ck_assert_int_eq(options.ready_fd, 0);
    ck_assert_str_eq(options.pidfile, "a");
    ck_assert_str_eq(options.log, "b");
    ck_assert(options.dies_with_parent);
    ck_assert(options.is_dry_run);
}
END_TEST

START_TEST(device_tree_is_for_machines_that_have_one)
{
    int result = PARSE((char[]){"--dump-dtb=a.dtb"});

    if (arch_machine_layout()->has_device_tree) {
        ck_assert_int_eq(result, 0);
        ck_assert_str_eq(options.device_tree_file, "a.dtb");
        return;
    }
    ck_assert_int_eq(result, -EINVAL);
    ck_assert_str_eq(error, "--dump-dtb: this machine has no device tree: "
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
    ck_assert_str_eq(error, reason);
}
END_TEST

START_TEST(what_was_given_is_noted_in_its_order)
{
    ck_assert_int_eq(
        PARSE((char[]){"-m"}, (char[]){"64"}, (char[]){"--hugepages"}), 0);
    ck_assert_uint_eq(options.num_given, 2);
    ck_assert_str_eq(options.given[0].name, "memory");
    ck_assert_str_eq(options.given[0].value, "64");
    ck_assert_str_eq(options.given[1].name, "hugepages");
    ck_assert_ptr_null(options.given[1].value);
}
END_TEST

/* Whoever asked for the whole line would get a part of it. */
START_TEST(only_dry_runs_have_a_limit)
{
    char program[] = "vmm", run[] = "run", kernel[] = "k", quiet[] = "-q",
         dry[] = "--dry-run";
    char *arguments[OPTIONS_MAX_GIVEN + 5] = {program, run, kernel};

    for (unsigned i = 0; i <= OPTIONS_MAX_GIVEN; i++)
        arguments[3 + i] = quiet;
    ck_assert_int_eq(parse(arguments), 0);
    arguments[3] = dry;
    ck_assert_int_eq(parse(arguments), -EINVAL);
    ck_assert_ptr_nonnull(strstr(error, "--dry-run: more than 128 options"));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, nobody_is_told_by_default);
    tcase_add_test(tcase, each_is_read);
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
