/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_machine_panic.c: what a guest's kernel says of its panic by a device,
 * and the moment that it has for its last words.
 */
#include "vmm/machine_panic.h"

#include "devices/pvpanic.h"
#include "tests/support/check_main.h"
#include "tests/support/machine_bed.h"

#include <sys/timerfd.h>

static struct machine_bed bed;

static void setup(void)
{
    machine_bed_begin(&bed, "run K");
    ck_assert_int_eq(machine_panic_init(&bed.machine), 0);
}

static void teardown(void)
{
    machine_bed_end(&bed);
}

/* Nanoseconds until the run ends; 0: it does not. */
static long left_ns(void)
{
    struct itimerspec when;

    ck_assert_int_eq(timerfd_gettime(bed.machine.panic.timer.fd, &when), 0);
    return when.it_value.tv_sec * 1000000000 + when.it_value.tv_nsec;
}

START_TEST(a_panic_ends_the_run_a_moment_later)
{
    machine_panic_event(&bed.machine, PVPANIC_PANICKED);
    ck_assert(atomic_load(&bed.machine.panic.is_known));
    machine_bed_expect_request(&bed, MACHINE_REQUEST_NONE, 0);
    ck_assert_int_gt(left_ns(), 0);
    machine_bed_expire(bed.machine.panic.timer.fd);
    machine_bed_serve(&bed);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_PANIC, 0);
}
END_TEST

START_TEST(saying_so_again_gives_no_more_time)
{
    machine_panic_event(&bed.machine, PVPANIC_PANICKED);
    machine_bed_expire(bed.machine.panic.timer.fd);
    for (unsigned i = 0; i < 1000; i++)
        machine_panic_event(&bed.machine, UINT32_MAX);
    machine_bed_serve(&bed);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_PANIC, 0);
    ck_assert_int_eq(left_ns(), 0);
}
END_TEST

START_TEST(a_crash_kernel_goes_on)
{
    machine_panic_event(&bed.machine, 0);
    machine_panic_event(&bed.machine, ~(unsigned)PVPANIC_PANICKED);
    ck_assert(!atomic_load(&bed.machine.panic.is_known));
    ck_assert_int_eq(left_ns(), 0);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_NONE, 0);
    ck_assert_uint_ge(machine_bed_said(&bed, "crash kernel"), 1);
}
END_TEST

/* Whoever asks first has said how it ends. */
START_TEST(a_reset_of_the_guest_comes_first)
{
    machine_panic_event(&bed.machine, PVPANIC_PANICKED);
    machine_request(&bed.machine, MACHINE_REQUEST_POWER_OFF, 0);
    machine_bed_expire(bed.machine.panic.timer.fd);
    machine_bed_serve(&bed);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_POWER_OFF, 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_panic_ends_the_run_a_moment_later);
    tcase_add_test(tcase, saying_so_again_gives_no_more_time);
    tcase_add_test(tcase, a_crash_kernel_goes_on);
    tcase_add_test(tcase, a_reset_of_the_guest_comes_first);
}

int main(void)
{
    return check_main("machine_panic", add_tests);
}
