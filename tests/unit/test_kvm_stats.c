/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_kvm_stats.c: the counters that are found in KVM's file, and files that
 * are none.
 */
#include "tests/support/check_main.h"
#include "tests/support/fake_stats.h"
#include "vmm/kvm_stats.h"

#include <errno.h>
#include <linux/kvm.h>
#include <sys/mman.h>
#include <unistd.h>

/* In another order than ours, among others. */
static const struct fake_stat stats[] = {
    {"pf_taken", 7},     {"irq_injections", 600},      {"exits", 100000000000},
    {"io_exits", 300},   {"exits_of_another_kind", 9}, {"mmio_exits", 200},
    {"halt_exits", 500}, {"signal_exits", 400},
};

static uint64_t values[KVM_NUM_STATS];
static unsigned known;

static void setup(void)
{
    for (unsigned i = 0; i < KVM_NUM_STATS; i++)
        values[i] = 0;
    known = 0;
}

static int add(const struct fake_stats_fault *fault)
{
    int fd = fake_stats_open(stats, ARRAY_SIZE(stats), fault);
    int error = kvm_stats_add(fd, values, &known);

    close(fd);
    return error;
}

START_TEST(counters_are_found_by_name)
{
    ck_assert_int_eq(add(NULL), 0);
    ck_assert_uint_eq(values[KVM_STAT_EXITS], 100000000000);
    ck_assert_uint_eq(values[KVM_STAT_MMIO_EXITS], 200);
    ck_assert_uint_eq(values[KVM_STAT_IO_EXITS], 300);
    ck_assert_uint_eq(values[KVM_STAT_SIGNAL_EXITS], 400);
    ck_assert_uint_eq(values[KVM_STAT_HALT_EXITS], 500);
    ck_assert_uint_eq(values[KVM_STAT_IRQ_INJECTIONS], 600);
}
END_TEST

START_TEST(counters_of_several_vcpus_add_up)
{
    ck_assert_int_eq(add(NULL), 0);
    ck_assert_int_eq(add(NULL), 0);
    ck_assert_uint_eq(values[KVM_STAT_MMIO_EXITS], 400);
    ck_assert_uint_eq(values[KVM_STAT_EXITS], 200000000000);
}
END_TEST

START_TEST(file_is_read_anew_each_time)
{
    int fd = fake_stats_open(stats, ARRAY_SIZE(stats), NULL);

    ck_assert_int_eq(kvm_stats_add(fd, values, &known), 0);
    fake_stats_set(fd, ARRAY_SIZE(stats), 5, 1);
    ck_assert_int_eq(kvm_stats_add(fd, values, &known), 0);
    ck_assert_uint_eq(values[KVM_STAT_MMIO_EXITS], 201);
    close(fd);
}
END_TEST

START_TEST(counters_that_are_missing_add_nothing)
{
    const struct fake_stat few[] = {{"exits", 5}, {"wfi_exit_stat", 6}};
    int fd = fake_stats_open(few, ARRAY_SIZE(few), NULL);

    ck_assert_int_eq(kvm_stats_add(fd, values, &known), 0);
    close(fd);
    ck_assert_uint_eq(values[KVM_STAT_EXITS], 5);
    ck_assert_uint_eq(values[KVM_STAT_IO_EXITS], 0);
    ck_assert_uint_eq(values[KVM_STAT_WFI_EXITS], 6);
    ck_assert_uint_eq(known, 1U << KVM_STAT_EXITS | 1U << KVM_STAT_WFI_EXITS);
    fd = fake_stats_open(few, 0, NULL);
    ck_assert_int_eq(kvm_stats_add(fd, values, &known), 0);
    close(fd);
    ck_assert_uint_eq(values[KVM_STAT_EXITS], 5);
}
END_TEST

START_TEST(names_may_have_another_length)
{
    const struct fake_stats_fault shorter = {.name_size = 24};
    const struct fake_stats_fault longer = {.name_size = 128};

    ck_assert_int_eq(add(&shorter), 0);
    ck_assert_int_eq(add(&longer), 0);
    ck_assert_uint_eq(values[KVM_STAT_SIGNAL_EXITS], 800);
}
END_TEST

START_TEST(names_that_make_no_sense_are_refused)
{
    const uint32_t sizes[] = {4096, 0x80000000, 0xffffffff};

    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct kvm_stats_header header = {.name_size = sizes[i], .num_desc = 1};
        int fd = memfd_create("stats", MFD_CLOEXEC);

        ck_assert_int_eq(write(fd, &header, sizeof(header)), sizeof(header));
        ck_assert_int_eq(kvm_stats_add(fd, values, &known), -ENOTSUP);
        close(fd);
    }
}
END_TEST

START_TEST(file_that_ends_early_is_an_error)
{
    const struct fake_stats_fault cut = {.cut = 1};
    const struct fake_stats_fault more = {.more_descs = UINT32_MAX / 2};
    const struct fake_stats_fault far = {.data_offset = 1000000};
    int fd = memfd_create("stats", MFD_CLOEXEC);

    ck_assert_int_eq(kvm_stats_add(fd, values, &known), -EIO);
    close(fd);
    ck_assert_int_eq(add(&cut), -EIO);
    ck_assert_int_eq(add(&more), -EIO);
    ck_assert_int_eq(add(&far), -EIO);
}
END_TEST

START_TEST(no_file_is_an_error)
{
    int pipe_fds[2];

    ck_assert_int_eq(kvm_stats_add(-1, values, &known), -ENOTSUP);
    ck_assert_int_eq(pipe(pipe_fds), 0);
    ck_assert_int_eq(kvm_stats_add(pipe_fds[0], values, &known), -ESPIPE);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}
END_TEST

START_TEST(counters_have_kvms_names)
{
    ck_assert_str_eq(kvm_stat_name(KVM_STAT_EXITS), "exits");
    ck_assert_str_eq(kvm_stat_name(KVM_STAT_IRQ_INJECTIONS), "irq_injections");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, counters_are_found_by_name);
    tcase_add_test(tcase, counters_of_several_vcpus_add_up);
    tcase_add_test(tcase, file_is_read_anew_each_time);
    tcase_add_test(tcase, counters_that_are_missing_add_nothing);
    tcase_add_test(tcase, names_may_have_another_length);
    tcase_add_test(tcase, names_that_make_no_sense_are_refused);
    tcase_add_test(tcase, file_that_ends_early_is_an_error);
    tcase_add_test(tcase, no_file_is_an_error);
    tcase_add_test(tcase, counters_have_kvms_names);
}

int main(void)
{
    return check_main("kvm_stats", add_tests);
}
