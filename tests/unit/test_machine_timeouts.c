/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_machine_timeouts.c: runs that take too long, and what the guest's
 * kernel is asked before they end.
 */
#include "vmm/machine_timeouts.h"

#include "tests/support/check_main.h"
#include "tests/support/machine_bed.h"
#include "vmm/arch.h"

#include <linux/serial_reg.h>
#include <string.h>
#include <sys/timerfd.h>

static struct machine_bed bed;

static void begin(const char *line)
{
    machine_bed_begin(&bed, line);
    ck_assert_int_eq(machine_timeouts_begin(&bed.machine), 0);
}

/* Milliseconds until the timer expires, rounded up; 0: it does not. */
static uint64_t left_ms(void)
{
    struct itimerspec when;

    ck_assert_int_eq(timerfd_gettime(bed.machine.timeouts.timer.fd, &when), 0);
    return (uint64_t)when.it_value.tv_sec * 1000 +
           ((uint64_t)when.it_value.tv_nsec + 999999) / 1000000;
}

/* So much time has passed, as the machine sees it. */
static void pass(uint64_t ms)
{
    bed.machine.timeouts.start_ms -= ms;
    machine_bed_expire(bed.machine.timeouts.timer.fd);
    machine_bed_serve(&bed);
}

START_TEST(without_a_limit_there_is_no_timer)
{
    begin("run K");
    ck_assert_int_eq(bed.machine.timeouts.timer.fd, -1);
    machine_bed_end(&bed);
}
END_TEST

START_TEST(time_is_up_by_itself)
{
    begin("run K --timeout 10ms --on-timeout kill");
    machine_bed_serve(&bed);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_TIMEOUT, 0);
    ck_assert_str_eq(bed.log, "--timeout: the guest took more than 0.010 s\n");
    machine_bed_end(&bed);
}
END_TEST

START_TEST(time_is_not_up_before_it_is)
{
    begin("run K --timeout 2m --on-timeout kill");
    ck_assert_uint_le(left_ms(), 120000);
    ck_assert_uint_gt(left_ms(), 60000);
    pass(60000);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_NONE, 0);
    ck_assert_uint_le(left_ms(), 60000);
    ck_assert_uint_gt(left_ms(), 1000);
    pass(60000);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_TIMEOUT, 0);
    machine_bed_end(&bed);
}
END_TEST

START_TEST(a_boot_has_its_own_limit)
{
    begin("run K --boot-timeout 20 --timeout 60 --on-timeout kill -- true");
    ck_assert_uint_le(left_ms(), 20000);
    pass(20000);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_TIMEOUT, 0);
    ck_assert_ptr_nonnull(strstr(bed.log, "--boot-timeout: the guest took more "
                                          "than 20.000 s, "));
    machine_bed_end(&bed);
}
END_TEST

START_TEST(a_boot_that_is_over_has_none)
{
    begin("run K --boot-timeout 20 --timeout 60 --on-timeout kill -- true");
    atomic_store(&bed.machine.command.phase, GUEST_PHASE_COMMAND);
    pass(20000);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_NONE, 0);
    ck_assert_str_eq(bed.log, "");
    ck_assert_uint_gt(left_ms(), 20000);
    pass(40000);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_TIMEOUT, 0);
    ck_assert_ptr_nonnull(strstr(bed.log, "--timeout: the guest took more than "
                                          "60.000 s, "));
    machine_bed_end(&bed);
}
END_TEST

START_TEST(a_boot_limit_alone_is_over_with_the_boot)
{
    begin("run K --boot-timeout 20 --on-timeout kill -- true");
    atomic_store(&bed.machine.command.phase, GUEST_PHASE_INIT);
    pass(20000);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_NONE, 0);
    ck_assert_uint_eq(left_ms(), 0);
    machine_bed_end(&bed);
}
END_TEST

START_TEST(the_whole_limit_may_be_the_nearer)
{
    begin("run K --boot-timeout 60 --timeout 20 --on-timeout kill -- true");
    ck_assert_uint_le(left_ms(), 20000);
    pass(20000);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_TIMEOUT, 0);
    ck_assert_ptr_nonnull(strstr(bed.log, "--timeout: the guest took"));
    machine_bed_end(&bed);
}
END_TEST

/* ---- What the guest is asked ---- */

/* The byte that the guest would read next. */
static uint8_t read_byte(void)
{
    struct serial *serial = &bed.machine.serial;

    ck_assert_uint_ge(serial->fifo_count, 1);
    serial->fifo_count--;
    return serial->fifo[serial->fifo_start++];
}

START_TEST(its_kernel_is_asked_by_the_serial_port)
{
    static const char keys[] = "7lw";

    begin("run K --timeout 20 --on-timeout sysrq");
    pass(20000);
    for (unsigned i = 0; i < strlen(keys); i++) {
        machine_bed_expect_request(&bed, MACHINE_REQUEST_NONE, 0);
        /* A break, which is a byte too, and the key. */
        ck_assert(bed.machine.serial.line_errors & UART_LSR_BI);
        bed.machine.serial.line_errors = 0;
        ck_assert_uint_eq(read_byte(), 0);
        ck_assert_uint_eq(read_byte(), (uint8_t)keys[i]);
        ck_assert_uint_le(left_ms(), 1000);
        ck_assert_uint_gt(left_ms(), 0);
        pass(0);
    }
    machine_bed_expect_request(&bed, MACHINE_REQUEST_TIMEOUT, 0);
    ck_assert_uint_eq(bed.machine.serial.fifo_count, 0);
    ck_assert_uint_eq(machine_bed_said(&bed, "the guest took"), 1);
    machine_bed_end(&bed);
}
END_TEST

START_TEST(its_vcpus_are_asked_once)
{
    begin("run K --timeout 20 --on-timeout nmi");
    /* One that is paused has nothing to say. */
    bed.machine.is_paused = _i == 1;
    pass(20000);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_NONE, 0);
    pass(0);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_TIMEOUT, 0);
    ck_assert_uint_eq(machine_bed_said(&bed, "the guest took"), 1);
    machine_bed_end(&bed);
}
END_TEST

/* It waits to be served, and the vCPUs stay out of the guest until then. */
START_TEST(a_request_is_not_undone_by_asking)
{
    begin("run K --timeout 20 --on-timeout nmi");
    machine_request(&bed.machine, MACHINE_REQUEST_RESET, 0);
    pass(20000);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_RESET, 0);
    pass(0);
    machine_bed_expect_request(&bed, MACHINE_REQUEST_TIMEOUT, 0);
    machine_bed_end(&bed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, without_a_limit_there_is_no_timer);
    tcase_add_test(tcase, time_is_up_by_itself);
    tcase_add_test(tcase, time_is_not_up_before_it_is);
    tcase_add_test(tcase, a_boot_has_its_own_limit);
    tcase_add_test(tcase, a_boot_that_is_over_has_none);
    tcase_add_test(tcase, a_boot_limit_alone_is_over_with_the_boot);
    tcase_add_test(tcase, the_whole_limit_may_be_the_nearer);
    tcase_add_test(tcase, its_kernel_is_asked_by_the_serial_port);
    if (arch_machine_layout()->has_nmi) {
        tcase_add_loop_test(tcase, its_vcpus_are_asked_once, 0, 2);
        tcase_add_test(tcase, a_request_is_not_undone_by_asking);
    }
}

int main(void)
{
    return check_main("machine_timeouts", add_tests);
}
