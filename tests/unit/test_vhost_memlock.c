/* SPDX-License-Identifier: BSD-2-Clause */
/* test_vhost_memlock.c: the limit on memory that devices may pin. */
#include "vdpa/vhost_memlock.h"

#include "tests/support/check_main.h"
#include "tests/support/fake_vhost.h"
#include "tests/support/log_capture.h"
#include "tests/support/temp_tree.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct bed {
    struct fake_vhost fake;
    struct log_capture capture;
    struct vhost_device device;
    char path[32];
};

/* A device of that kind, and a limit of 8 MiB that may go up to 64 MiB. */
static void start(struct bed *bed, enum vhost_pinning pinning,
                  const char *driver)
{
    *bed = (struct bed){.path = FAKE_VHOST_PATH};
    fake_vhost_init(&bed->fake, &fake_vhost_vp_vdpa);
    bed->fake.memlock = (struct rlimit){8 * MIB, 64 * MIB};
    bed->device = (struct vhost_device){
        .syscalls = &bed->fake.syscalls,
        .fd = -1,
        .path = bed->path,
        .parent = {.pinning = pinning},
    };
    (void)snprintf(bed->device.parent.driver, VHOST_NAME_SIZE, "%s", driver);
    log_capture_start(&bed->capture);
}

START_TEST(a_sufficient_limit_is_left_alone)
{
    struct bed bed;

    start(&bed, VHOST_PINNING_ALWAYS, "vp-vdpa");
    ck_assert_int_eq(vhost_memlock_reserve(&bed.device, 8 * MIB), 0);
    ck_assert_uint_eq(bed.fake.memlock.rlim_cur, 8 * MIB);
}
END_TEST

START_TEST(a_low_limit_is_raised_as_far_as_needed)
{
    struct bed bed;

    start(&bed, VHOST_PINNING_ALWAYS, "vp-vdpa");
    ck_assert_int_eq(vhost_memlock_reserve(&bed.device, 64 * MIB), 0);
    ck_assert_uint_eq(bed.fake.memlock.rlim_cur, 64 * MIB);
    ck_assert_uint_eq(bed.fake.memlock.rlim_max, 64 * MIB);
    ck_assert_uint_eq(bed.capture.lines, 0);
}
END_TEST

START_TEST(a_privileged_process_raises_the_hard_limit_too)
{
    struct bed bed;

    start(&bed, VHOST_PINNING_ALWAYS, "vp-vdpa");
    bed.fake.may_raise_hard_limit = true;
    ck_assert_int_eq(vhost_memlock_reserve(&bed.device, 2048 * MIB), 0);
    ck_assert_uint_eq(bed.fake.memlock.rlim_cur, 2048 * MIB);
}
END_TEST

START_TEST(a_limit_that_cannot_be_raised_is_an_error_with_a_remedy)
{
    struct bed bed;

    start(&bed, VHOST_PINNING_ALWAYS, "vp-vdpa");
    ck_assert_int_eq(vhost_memlock_reserve(&bed.device, 2048 * MIB), -ENOMEM);
    ck_assert_uint_eq(bed.capture.lines, 1);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, FAKE_VHOST_PATH));
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "driver vp-vdpa pins"));
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "2097152 KiB needed"));
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "allows 8192 KiB"));
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "ulimit -l unlimited"));
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "LimitMEMLOCK=infinity"));
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "prlimit"));
}
END_TEST

START_TEST(a_device_that_never_pins_needs_no_limit)
{
    struct bed bed;

    start(&bed, VHOST_PINNING_NEVER, "vduse");
    ck_assert_int_eq(vhost_memlock_reserve(&bed.device, 2048 * MIB), 0);
    ck_assert_uint_eq(bed.fake.memlock.rlim_cur, 8 * MIB);
    ck_assert(!vhost_memlock_is_short(&bed.device, 2048 * MIB));
}
END_TEST

START_TEST(a_device_that_may_not_pin_is_given_the_chance)
{
    struct bed bed;

    start(&bed, VHOST_PINNING_UNKNOWN, "");
    ck_assert_int_eq(vhost_memlock_reserve(&bed.device, 2048 * MIB), 0);
    ck_assert_uint_eq(bed.capture.lines, 0);
    ck_assert_int_eq(vhost_memlock_reserve(&bed.device, 32 * MIB), 0);
    ck_assert_uint_eq(bed.fake.memlock.rlim_cur, 32 * MIB);
}
END_TEST

START_TEST(what_other_devices_have_pinned_counts)
{
    struct bed bed;
    struct temp_tree proc;

    start(&bed, VHOST_PINNING_ALWAYS, "vp-vdpa");
    temp_tree_init(&proc);
    temp_tree_add_file(
        &proc, "self/status",
        "Name:\tvmm\nVmLck:\t       8 kB\nVmPin:\t    4096 kB\n");
    bed.fake.syscalls.proc_dir = proc.root;
    ck_assert(!vhost_memlock_is_short(&bed.device, 4 * MIB));
    ck_assert(vhost_memlock_is_short(&bed.device, 5 * MIB));
    ck_assert_int_eq(vhost_memlock_reserve(&bed.device, 60 * MIB), 0);
    ck_assert_int_eq(vhost_memlock_reserve(&bed.device, 61 * MIB), -ENOMEM);
    temp_tree_destroy(&proc);
}
END_TEST

START_TEST(no_limit_is_enough_for_anything)
{
    struct bed bed;

    start(&bed, VHOST_PINNING_ALWAYS, "vp-vdpa");
    bed.fake.memlock = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    ck_assert_int_eq(vhost_memlock_reserve(&bed.device, UINT64_MAX), 0);
}
END_TEST

/* Two cards and a device of whom sysfs knows nothing. fake_vhost gives every
 * file the same number, which sysfs knows as the card's. */
static void add_card(struct bed *bed, struct temp_tree *sys)
{
#define CARD "devices/pci0000:00/0000:00:03.0"
    temp_tree_init(sys);
    temp_tree_add_folder(sys, CARD "/v0/vhost-vdpa-0");
    temp_tree_add_link(sys, "dev/char/511:0", "../../" CARD "/v0/vhost-vdpa-0");
    temp_tree_add_link(sys, CARD "/driver", "../../../bus/pci/drivers/vp-vdpa");
    bed->fake.syscalls.sys_dir = sys->root;
}

static const char *const two_cards[] = {FAKE_VHOST_PATH, FAKE_VHOST_PATH};

START_TEST(each_device_pins_for_itself)
{
    struct temp_tree sys;
    struct bed bed;

    start(&bed, VHOST_PINNING_ALWAYS, "");
    add_card(&bed, &sys);
    ck_assert_int_eq(
        vhost_memlock_reserve_all(&bed.fake.syscalls, two_cards, 2, 32 * MIB),
        0);
    ck_assert_uint_eq(bed.fake.memlock.rlim_cur, 64 * MIB);
    ck_assert_uint_eq(bed.capture.lines, 0);
    temp_tree_destroy(&sys);
}
END_TEST

START_TEST(the_sum_of_all_devices_is_refused_at_once)
{
    struct temp_tree sys;
    struct bed bed;

    start(&bed, VHOST_PINNING_ALWAYS, "");
    add_card(&bed, &sys);
    ck_assert_int_eq(
        vhost_memlock_reserve_all(&bed.fake.syscalls, two_cards, 2, 33 * MIB),
        -ENOMEM);
    ck_assert_uint_eq(bed.capture.lines, 1);
    ck_assert_ptr_nonnull(strstr(
        bed.capture.last,
        "pinned by 2 devices, " FAKE_VHOST_PATH " (vp-vdpa), " FAKE_VHOST_PATH
        " (vp-vdpa): 67584 KiB needed, RLIMIT_MEMLOCK allows 8192 KiB; "
        "raise it with `ulimit -l unlimited`"));
    ck_assert_uint_eq(bed.fake.memlock.rlim_cur, 8 * MIB);
    ck_assert_int_eq(vhost_memlock_reserve_all(&bed.fake.syscalls, two_cards, 2,
                                               UINT64_MAX / 2 + 1),
                     -ENOMEM);
    temp_tree_destroy(&sys);
}
END_TEST

START_TEST(devices_that_may_pin_refuse_nothing)
{
    static const char *const paths[] = {FAKE_VHOST_PATH, "/nowhere"};
    struct temp_tree sys;
    struct bed bed;

    start(&bed, VHOST_PINNING_ALWAYS, "");
    add_card(&bed, &sys);
    /* Enough for the one of which it is known. */
    ck_assert_int_eq(
        vhost_memlock_reserve_all(&bed.fake.syscalls, paths, 2, 40 * MIB), 0);
    ck_assert_uint_eq(bed.fake.memlock.rlim_cur, 40 * MIB);
    ck_assert_int_eq(
        vhost_memlock_reserve_all(&bed.fake.syscalls, paths + 1, 1, 1000 * MIB),
        0);
    ck_assert_int_eq(vhost_memlock_reserve_all(&bed.fake.syscalls, NULL, 0, 1),
                     0);
    ck_assert_uint_eq(bed.fake.memlock.rlim_cur, 40 * MIB);
    ck_assert_uint_eq(bed.capture.lines, 0);
    temp_tree_destroy(&sys);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, a_sufficient_limit_is_left_alone);
    tcase_add_test(tcase, a_low_limit_is_raised_as_far_as_needed);
    tcase_add_test(tcase, a_privileged_process_raises_the_hard_limit_too);
    tcase_add_test(tcase,
                   a_limit_that_cannot_be_raised_is_an_error_with_a_remedy);
    tcase_add_test(tcase, a_device_that_never_pins_needs_no_limit);
    tcase_add_test(tcase, a_device_that_may_not_pin_is_given_the_chance);
    tcase_add_test(tcase, what_other_devices_have_pinned_counts);
    tcase_add_test(tcase, no_limit_is_enough_for_anything);
    tcase_add_test(tcase, each_device_pins_for_itself);
    tcase_add_test(tcase, the_sum_of_all_devices_is_refused_at_once);
    tcase_add_test(tcase, devices_that_may_pin_refuse_nothing);
}

int main(void)
{
    return check_main("vhost_memlock", add_tests);
}
