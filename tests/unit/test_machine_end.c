/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_machine_end.c: how a run ended, and the lines that say so.
 */
#include "vmm/machine_end.h"

#include "tests/support/check_main.h"
#include "tests/support/machine_bed.h"
#include "vmm/exit_status.h"

#include <signal.h>
#include <string.h>

static struct machine_bed bed;

static void print(const char *text)
{
    kernel_log_add(&bed.machine.kernel_log, (const uint8_t *)text,
                   strlen(text));
}

/* The machine ends by that; its last line is `outcome`. */
static void end(enum machine_request what, int detail, const char *outcome)
{
    const char *line;

    machine_request(&bed.machine, what, detail);
    machine_end(&bed.machine);
    outcome_say(bed.machine.outcome);
    line = strstr(bed.log, "outcome=");
    ck_assert_msg(line != NULL, "no outcome in: %s", bed.log);
    ck_assert_str_eq(line, outcome);
}

static const struct {
    enum machine_request what;
    int detail;
    const char *log;
} endings[] = {
    {MACHINE_REQUEST_POWER_OFF, 0, "outcome=power-off status=0\n"},
    {MACHINE_REQUEST_RESET, 0, "outcome=reset status=0\n"},
    {MACHINE_REQUEST_QUIT, 0, "outcome=quit status=0\n"},
    {MACHINE_REQUEST_EXIT, 42, "outcome=exit-port status=42\n"},
    {MACHINE_REQUEST_TRIPLE_FAULT, 0,
     "the guest ended by a triple fault\noutcome=triple-fault status=121\n"},
    {MACHINE_REQUEST_SIGNAL, SIGTERM,
     "ended by signal 15 (Terminated)\noutcome=interrupted status=143\n"},
    {MACHINE_REQUEST_TIMEOUT, 0, "outcome=timeout status=124\n"},
    {MACHINE_REQUEST_PANIC, 0, "outcome=panic status=120\n"},
    {MACHINE_REQUEST_FAILED, 0, "outcome=error status=125\n"},
};

START_TEST(each_end_has_its_name_and_status)
{
    machine_bed_begin(&bed, "run K");
    machine_request(&bed.machine, endings[_i].what, endings[_i].detail);
    machine_end(&bed.machine);
    outcome_say(bed.machine.outcome);
    ck_assert_str_eq(bed.log, endings[_i].log);
    machine_bed_end(&bed);
}
END_TEST

/* ---- Commands ---- */

START_TEST(a_command_ends_with_its_status)
{
    machine_bed_begin(&bed, "run K -- false");
    bed.machine.command.phase = GUEST_PHASE_ENDED;
    bed.machine.command.status = 1;
    end(MACHINE_REQUEST_POWER_OFF, 0, "outcome=exit status=1\n");
    ck_assert_str_eq(bed.log, "outcome=exit status=1\n");
    machine_bed_end(&bed);
}
END_TEST

START_TEST(a_command_may_be_killed)
{
    machine_bed_begin(&bed, "run K -- crash");
    bed.machine.command.phase = GUEST_PHASE_ENDED;
    bed.machine.command.was_killed = true;
    bed.machine.command.status = EXIT_STATUS_SIGNAL + SIGSEGV;
    end(MACHINE_REQUEST_POWER_OFF, 0, "outcome=killed status=139\n");
    machine_bed_end(&bed);
}
END_TEST

START_TEST(a_command_may_not_be_there)
{
    machine_bed_begin(&bed, "run K -- nowhere");
    bed.machine.command.phase = GUEST_PHASE_ENDED;
    bed.machine.command.was_not_run = true;
    bed.machine.command.status = 127;
    end(MACHINE_REQUEST_POWER_OFF, 0, "outcome=not-run status=127\n");
    machine_bed_end(&bed);
}
END_TEST

START_TEST(a_guest_that_goes_before_its_command_is_no_success)
{
    machine_bed_begin(&bed, "run K -- true");
    bed.machine.command.phase = GUEST_PHASE_COMMAND;
    end(MACHINE_REQUEST_POWER_OFF, 0, "outcome=power-off status=121\n");
    ck_assert_uint_eq(machine_bed_said(&bed, "the guest ended by a power-off "
                                             "while the command ran\n"),
                      1);
    machine_bed_end(&bed);
}
END_TEST

/* It has no port to say so by, when the port is what it lacks. */
START_TEST(a_first_process_that_gives_up_is_heard)
{
    machine_bed_begin(&bed, "run K -- true");
    print("vmm init: module virtio_console does not load\n");
    machine_request(&bed.machine, MACHINE_REQUEST_POWER_OFF, 0);
    machine_end(&bed.machine);
    ck_assert_uint_eq(machine_bed_said(&bed, "the guest gave up: module "
                                             "virtio_console does not load\n"),
                      1);
    ck_assert_int_ne(bed.machine.outcome.status, 0);
    machine_bed_end(&bed);
}
END_TEST

/* ---- The kernel's trouble ---- */

static const char panic[] = "[ 1.0] Kernel panic - not syncing: boom\r\n"
                            "[ 1.1] ---[ end Kernel panic - not syncing ]---\n";

START_TEST(a_panic_counts_whatever_ended_the_run)
{
    machine_bed_begin(&bed, "run K");
    print(panic);
    end(MACHINE_REQUEST_RESET, 0, "outcome=panic status=120\n");
    ck_assert_uint_eq(
        machine_bed_said(&bed, "the guest's kernel panicked\noutcome="), 1);
    machine_bed_end(&bed);
}
END_TEST

START_TEST(a_panic_may_be_known_by_its_device_alone)
{
    machine_bed_begin(&bed, "run K -- true");
    atomic_store(&bed.machine.panic.is_known, true);
    bed.machine.command.phase = GUEST_PHASE_INIT;
    end(MACHINE_REQUEST_PANIC, 0, "outcome=panic status=120\n");
    ck_assert_uint_eq(machine_bed_said(&bed, "panicked while the guest "
                                             "prepared the command\n"),
                      1);
    machine_bed_end(&bed);
}
END_TEST

static const char warning[] =
    "[ 1.0] ------------[ cut here ]------------\n"
    "[ 1.0] WARNING: CPU: 0 PID: 1 at net/core/dev.c:1 netdev_f+0x1\n"
    "[ 1.0] ---[ end trace 0000000000000000 ]---\n";

START_TEST(a_splat_counts_when_it_is_to)
{
    machine_bed_begin(&bed,
                      _i ? "run K --fail-on-splat -- true" : "run K -- true");
    bed.machine.command.phase = GUEST_PHASE_ENDED;
    print(warning);
    if (_i) {
        end(MACHINE_REQUEST_POWER_OFF, 0, "outcome=splat status=122\n");
        ck_assert_uint_eq(
            machine_bed_said(&bed,
                             "the guest's kernel reports a bug (WARNING):\n| "),
            1);
        ck_assert_uint_eq(machine_bed_said(&bed, "| [ 1.0] WARNING: CPU"), 1);
    } else {
        end(MACHINE_REQUEST_POWER_OFF, 0, "outcome=exit status=0\n");
        ck_assert_str_eq(bed.log, "outcome=exit status=0\n");
    }
    machine_bed_end(&bed);
}
END_TEST

START_TEST(the_end_of_the_log_is_shown_where_nobody_saw_it)
{
    machine_bed_begin(&bed,
                      _i ? "run K --console stdio" : "run K --console none");
    for (unsigned i = 0; i < 200; i++)
        print("a line of the guest's kernel\r\n");
    print("the last one");
    end(MACHINE_REQUEST_TIMEOUT, 0, "outcome=timeout status=124\n");
    ck_assert_uint_eq(machine_bed_said(&bed, "| the last one\n"), !_i);
    /* Whole lines of it, and not all. */
    ck_assert_uint_eq(
        machine_bed_said(&bed, "| a line of the guest's kernel\n"),
        machine_bed_said(&bed, "kernel\n"));
    ck_assert_uint_lt(machine_bed_said(&bed, "kernel\n"), 100);
    ck_assert(_i || machine_bed_said(&bed, "kernel\n") > 10);
    machine_bed_end(&bed);
}
END_TEST

START_TEST(a_run_that_went_well_shows_nothing_of_it)
{
    machine_bed_begin(&bed, "run K --console none");
    print("a line of the guest's kernel\n");
    end(MACHINE_REQUEST_POWER_OFF, 0, "outcome=power-off status=0\n");
    ck_assert_str_eq(bed.log, "outcome=power-off status=0\n");
    machine_bed_end(&bed);
}
END_TEST

/* ---- What else was asked for ---- */

START_TEST(what_was_lost_is_a_failure)
{
    machine_bed_begin(&bed, "run K");
    bed.machine.has_lost_kmsg = true;
    end(MACHINE_REQUEST_POWER_OFF, 0, "outcome=error status=125\n");
    machine_bed_end(&bed);
}
END_TEST

START_TEST(a_bypass_that_was_missed_counts_when_it_is_to)
{
    machine_bed_begin(&bed, _i ? "run K --net vdpa=/dev/vhost-vdpa-0 "
                                 "--require bypass"
                               : "run K");
    bed.machine.removed_without_bypass = true;
    end(MACHINE_REQUEST_POWER_OFF, 0,
        _i ? "outcome=no-bypass status=123\n" : "outcome=power-off status=0\n");
    machine_bed_end(&bed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, each_end_has_its_name_and_status, 0,
                        ARRAY_SIZE(endings));
    tcase_add_test(tcase, a_command_ends_with_its_status);
    tcase_add_test(tcase, a_command_may_be_killed);
    tcase_add_test(tcase, a_command_may_not_be_there);
    tcase_add_test(tcase, a_guest_that_goes_before_its_command_is_no_success);
    tcase_add_test(tcase, a_first_process_that_gives_up_is_heard);
    tcase_add_test(tcase, a_panic_counts_whatever_ended_the_run);
    tcase_add_test(tcase, a_panic_may_be_known_by_its_device_alone);
    tcase_add_loop_test(tcase, a_splat_counts_when_it_is_to, 0, 2);
    tcase_add_loop_test(tcase, the_end_of_the_log_is_shown_where_nobody_saw_it,
                        0, 2);
    tcase_add_test(tcase, a_run_that_went_well_shows_nothing_of_it);
    tcase_add_test(tcase, what_was_lost_is_a_failure);
    tcase_add_loop_test(tcase, a_bypass_that_was_missed_counts_when_it_is_to, 0,
                        2);
}

int main(void)
{
    return check_main("machine_end", add_tests);
}
