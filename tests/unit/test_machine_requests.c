/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_machine_requests.c: what is asked of a machine, and which of it counts.
 */
#include "vmm/machine_requests.h"

#include "tests/support/check_main.h"
#include "tests/support/loop_steps.h"
#include "tests/support/machine_bed.h"

#include <pthread.h>
#include <signal.h>

static struct machine_bed bed;

static void setup(void)
{
    machine_bed_begin(&bed, "run K");
}

static void teardown(void)
{
    machine_bed_end(&bed);
}

START_TEST(nothing_is_asked_at_first)
{
    machine_bed_expect_request(&bed, MACHINE_REQUEST_NONE, 0);
}
END_TEST

START_TEST(detail_comes_with_what_is_asked)
{
    machine_request(&bed.machine, MACHINE_REQUEST_EXIT, 255);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_EXIT, 255);
    ck_assert(bed.machine.terminal.is_ending);
}
END_TEST

START_TEST(the_first_end_counts)
{
    machine_request(&bed.machine, MACHINE_REQUEST_POWER_OFF, 0);
    machine_request(&bed.machine, MACHINE_REQUEST_SIGNAL, 15);
    machine_request(&bed.machine, MACHINE_REQUEST_RESET, 0);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_POWER_OFF, 0);
}
END_TEST

/* And does not wait for who reads the console. */
START_TEST(an_end_comes_before_a_reset)
{
    machine_request(&bed.machine, MACHINE_REQUEST_RESET, 0);
    machine_request(&bed.machine, MACHINE_REQUEST_TRIPLE_FAULT, 0);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_RESET, 0);
    ck_assert(!bed.machine.terminal.is_ending);
    machine_request(&bed.machine, MACHINE_REQUEST_QUIT, 0);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_QUIT, 0);
    ck_assert(bed.machine.terminal.is_ending);
}
END_TEST

static void *reset_on(void *machine)
{
    for (unsigned i = 0; i < 2000; i++)
        machine_request(machine, MACHINE_REQUEST_RESET, 0);
    return NULL;
}

static void *end_on(void *machine)
{
    for (int i = 0; i < 2000; i++)
        machine_request(machine, MACHINE_REQUEST_EXIT, 7);
    return NULL;
}

START_TEST(it_counts_whoever_asks_at_the_same_time)
{
    pthread_t guest, user;

    for (unsigned i = 0; i < 20; i++) {
        ck_assert_int_eq(pthread_create(&guest, NULL, reset_on, &bed.machine),
                         0);
        ck_assert_int_eq(pthread_create(&user, NULL, end_on, &bed.machine), 0);
        pthread_join(guest, NULL);
        pthread_join(user, NULL);
        machine_bed_expect_request(&bed, MACHINE_REQUEST_EXIT, 7);
        atomic_store(&bed.machine.request, MACHINE_REQUEST_NONE);
    }
}
END_TEST

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP};

START_TEST(a_signal_is_a_request)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, deadly[_i]);
    sigaddset(&signals, SIGWINCH);
    ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &signals, NULL), 0);
    /* A window that changes its size ends nothing. */
    ck_assert_int_eq(raise(SIGWINCH), 0);
    machine_bed_serve(&bed);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_NONE, 0);
    ck_assert_int_eq(raise(deadly[_i]), 0);
    machine_bed_serve(&bed);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_SIGNAL, deadly[_i]);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, nothing_is_asked_at_first);
    tcase_add_test(tcase, detail_comes_with_what_is_asked);
    tcase_add_test(tcase, the_first_end_counts);
    tcase_add_test(tcase, an_end_comes_before_a_reset);
    tcase_add_test(tcase, it_counts_whoever_asks_at_the_same_time);
    tcase_add_loop_test(tcase, a_signal_is_a_request, 0, ARRAY_SIZE(deadly));
}

int main(void)
{
    return check_main("machine_requests", add_tests);
}
