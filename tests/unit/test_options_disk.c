/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_options_disk.c: --disk of "vmm run".
 */
#include "tests/support/check_main.h"
#include "tests/support/options_bed.h"

#include <errno.h>
#include <string.h>

static struct options_bed bed;

/* Parses "vmm run bzImage" and then the arguments. */
#define PARSE(...)                                                             \
    options_bed_parse_words(                                                   \
        &bed, (const char *const[]){"run", "bzImage", __VA_ARGS__, NULL})

START_TEST(a_disk_is_a_file)
{
    ck_assert_int_eq(PARSE("-q"), 0);
    ck_assert_uint_eq(bed.options.disk_count, 0);
    ck_assert_int_eq(PARSE("--disk", "root.img"), 0);
    ck_assert_uint_eq(bed.options.disk_count, 1);
    ck_assert_str_eq(bed.options.disks[0].path, "root.img");
    ck_assert(!bed.options.disks[0].is_read_only);
    ck_assert(!bed.options.disks[0].is_snapshot);
}
END_TEST

START_TEST(disks_keep_their_order_and_their_ways)
{
    ck_assert_int_eq(PARSE("-d", "a,ro", "--disk=path=/x=y,snapshot",
                           "--disk=snapshot,path=c"),
                     -EINVAL);
    ck_assert_int_eq(PARSE("-d", "a,ro", "--disk=path=/x=y,snapshot"), 0);
    ck_assert_uint_eq(bed.options.disk_count, 2);
    ck_assert_str_eq(bed.options.disks[0].path, "a");
    ck_assert(bed.options.disks[0].is_read_only);
    ck_assert(!bed.options.disks[0].is_snapshot);
    ck_assert_str_eq(bed.options.disks[1].path, "/x=y");
    ck_assert(!bed.options.disks[1].is_read_only);
    ck_assert(bed.options.disks[1].is_snapshot);
}
END_TEST

START_TEST(eight_disks_are_the_most)
{
    ck_assert_int_eq(
        PARSE("-da", "-da", "-da", "-da", "-da", "-da", "-da", "-da"), 0);
    ck_assert_uint_eq(bed.options.disk_count, 8);
    ck_assert_int_eq(
        PARSE("-da", "-da", "-da", "-da", "-da", "-da", "-da", "-da", "-da"),
        -EINVAL);
    ck_assert_str_eq(bed.error, "--disk: more than 8 disks");
}
END_TEST

static const struct {
    const char *value, *reason;
} refusals[] = {
    {"", "the value is empty; give one such as root.img,snapshot"},
    {"path=", "\"path=\" names no file"},
    {"path=,ro", "names no file"},
    {"a,", "has an empty item"},
    {"a,snapshto", "unknown key \"snapshto\": did you mean \"snapshot\"?"},
    {"a,b", "unknown key \"b\""},
    {"a,path=b", "\"path\" is given twice"},
    {"a,ro,ro", "\"ro\" is given twice"},
    {"a,ro=on", "ro takes no value: give \"ro\" or leave it out"},
    {"a,snapshot=", "snapshot takes no value"},
    {"a,ro,snapshot", "ro and snapshot: give one of them"},
    {"a,format=qcow2", "unknown key \"format\""},
};

START_TEST(other_disks_are_refused_with_a_reason)
{
    ck_assert_int_eq(PARSE("--disk", refusals[_i].value), -EINVAL);
    ck_assert_msg(strncmp(bed.error, "--disk: ", 8) == 0, "%s", bed.error);
    ck_assert_msg(strstr(bed.error, refusals[_i].reason) != NULL, "%s",
                  bed.error);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, a_disk_is_a_file);
    tcase_add_test(tcase, disks_keep_their_order_and_their_ways);
    tcase_add_test(tcase, eight_disks_are_the_most);
    tcase_add_loop_test(tcase, other_disks_are_refused_with_a_reason, 0,
                        ARRAY_SIZE(refusals));
}

int main(void)
{
    return check_main("options_disk", add_tests);
}
