/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_bypass_report.c: what the numbers add up to, and the report to the
 * letter.
 */
#include "tests/support/check_main.h"
#include "tests/support/fake_stats.h"
#include "tests/support/sleep_ms.h"
#include "vmm/bypass_report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NUM_VCPUS 2U

static const struct fake_stat stats[] = {
    {"exits", 1000},     {"mmio_exits", 100}, {"io_exits", 10},
    {"signal_exits", 0}, {"halt_exits", 50},  {"irq_injections", 7},
};

static struct vcpu vcpus[NUM_VCPUS];
static struct vcpu_group group;
static struct bypass_report report;
static char *text;

static void setup(void)
{
    group = (struct vcpu_group){.vcpus = vcpus, .count = NUM_VCPUS};
    memset(vcpus, 0, sizeof(vcpus));
    for (unsigned i = 0; i < NUM_VCPUS; i++)
        vcpus[i].stats_fd = fake_stats_open(stats, ARRAY_SIZE(stats), NULL);
    ck_assert_int_eq(
        bypass_report_init(&report, "/dev/vhost-vdpa-0", "virtio-net", 3), 0);
}

static void teardown(void)
{
    bypass_report_destroy(&report);
    bypass_report_destroy(&report); /* may be called twice */
    for (unsigned i = 0; i < NUM_VCPUS; i++)
        close(vcpus[i].stats_fd);
    free(text);
    text = NULL;
}

static void set_stat(unsigned vcpu, unsigned stat, uint64_t value)
{
    fake_stats_set(vcpus[vcpu].stats_fd, ARRAY_SIZE(stats), stat, value);
}

static void start(uint64_t serial, uint64_t common)
{
    const struct bypass_access accesses[] = {{"serial port", serial},
                                             {"common configuration", common}};

    bypass_report_start(&report, &group, accesses, 2);
}

static void stop(uint64_t serial, uint64_t common)
{
    const struct bypass_access accesses[] = {{"serial port", serial},
                                             {"common configuration", common}};

    bypass_report_stop(&report, &group, accesses, 2);
}

static const char *print(void)
{
    size_t size = 0;
    FILE *file;

    free(text);
    file = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(file);
    bypass_report_print(&report, file);
    (void)fclose(file);
    return text;
}

/* One run, in which each counter of a vCPU went up by a number of its own. */
static void run_once(void)
{
    start(100, 40);
    for (unsigned i = 0; i < ARRAY_SIZE(stats); i++)
        set_stat(1, i, stats[i].value + 1 + i);
    atomic_store(&vcpus[0].exits[KVM_EXIT_IO], 5);
    atomic_store(&vcpus[1].exits[KVM_EXIT_MMIO], 2);
    atomic_store(&vcpus[1].exits[VCPU_EXIT_SIGNAL], 1);
    stop(103, 40);
    report.seconds = 12.34;
}

START_TEST(device_that_never_ran_is_one_line)
{
    ck_assert_str_eq(print(),
                     "bypass report of /dev/vhost-vdpa-0 (virtio-net): the "
                     "guest never started the device\n");
    ck_assert_uint_eq(bypass_report_wakeups(&report), 0);
}
END_TEST

START_TEST(run_that_bypassed_the_vmm_says_so)
{
    run_once();
    report.queues[0] =
        (struct bypass_queue){.role = "receive",
                              .was_used = true,
                              .kick_path = BYPASS_PATH_KERNEL,
                              .interrupt_path = BYPASS_PATH_KERNEL,
                              .kicks = 17,
                              .used_index = 65535,
                              .has_used_index = true};
    report.queues[1] = (struct bypass_queue){.role = "transmit",
                                             .was_used = true,
                                             .kick_path = BYPASS_PATH_KERNEL,
                                             .kicks = 123456};
    ck_assert_str_eq(
        print(),
        "bypass report of /dev/vhost-vdpa-0 (virtio-net): 12.3 s between "
        "DRIVER_OK and the end\n"
        "  queue 0   receive         17 kicks by ioeventfd  used index 65535  "
        "interrupts by irqfd  VMM woken 0 + 0\n"
        "  queue 1   transmit    123456 kicks by ioeventfd  used index     -  "
        "interrupts by none   VMM woken 0 + 0\n"
        "  KVM:      exits 1 mmio_exits 2 io_exits 3 signal_exits 4 "
        "halt_exits 5 irq_injections 6\n"
        "  KVM_RUN:  returned 8 times, io 5, mmio 2, signal 1\n"
        "  control:  serial port 3\n"
        "  verdict:  no data-path event woke the VMM (0 kicks, 0 "
        "interrupts)\n");
}
END_TEST

START_TEST(run_that_woke_the_vmm_says_how_often)
{
    start(0, 0);
    stop(0, 0);
    report.seconds = 0.04;
    report.queues[2] = (struct bypass_queue){.role = "control",
                                             .was_used = true,
                                             .kick_path = BYPASS_PATH_VMM,
                                             .interrupt_path = BYPASS_PATH_VMM,
                                             .kicks = 9,
                                             .kicks_by_vmm = 9,
                                             .interrupts_by_vmm = 4};
    ck_assert_uint_eq(bypass_report_wakeups(&report), 13);
    ck_assert_str_eq(
        print(),
        "bypass report of /dev/vhost-vdpa-0 (virtio-net): 0.0 s between "
        "DRIVER_OK and the end\n"
        "  queue 2   control          9 kicks by VMM        used index     -  "
        "interrupts by VMM    VMM woken 9 + 4\n"
        "  KVM:      exits 0 mmio_exits 0 io_exits 0 signal_exits 0 "
        "halt_exits 0 irq_injections 0\n"
        "  KVM_RUN:  returned 0 times\n"
        "  verdict:  the data path woke the VMM 13 times\n");
}
END_TEST

/* The report of a run with this as queue 1. */
static const char *violation(const struct bypass_queue *queue)
{
    static char why[160];

    report.runs = 1;
    report.queues[1] = *queue;
    why[0] = '\0';
    ck_assert_int_eq(bypass_report_violation(&report, why, sizeof(why)),
                     why[0] != '\0');
    return why;
}

START_TEST(what_led_through_the_vmm_is_named)
{
    struct bypass_queue queue = {.role = "transmit",
                                 .was_used = true,
                                 .kick_path = BYPASS_PATH_KERNEL,
                                 .interrupt_path = BYPASS_PATH_NONE};

    ck_assert_str_eq(violation(&queue), "");
    queue.interrupt_path = BYPASS_PATH_VMM;
    ck_assert_str_eq(violation(&queue),
                     "queue 1 (transmit): interrupts have no way but the VMM: "
                     "the driver does not use MSI-X");
    queue.kick_path = BYPASS_PATH_VMM;
    ck_assert_str_eq(violation(&queue),
                     "queue 1 (transmit): kicks have no way but the VMM");
    queue.interrupts_by_vmm = 7;
    ck_assert_str_eq(violation(&queue),
                     "queue 1 (transmit): 7 interrupts came from the VMM");
    queue.kicks_by_vmm = 6;
    ck_assert_str_eq(violation(&queue),
                     "queue 1 (transmit): 6 kicks came to the VMM");
    queue =
        (struct bypass_queue){.kicks_by_vmm = 1, .kick_path = BYPASS_PATH_VMM};
    ck_assert_str_eq(violation(&queue),
                     "queue 1 (not enabled): 1 kicks came to the VMM");
    queue.kicks_by_vmm = 0;
    ck_assert_str_eq(violation(&queue), "");
}
END_TEST

START_TEST(device_that_never_ran_shows_nothing)
{
    char why[160];

    ck_assert(bypass_report_violation(&report, why, sizeof(why)));
    ck_assert_str_eq(why, "the guest never started the device");
}
END_TEST

START_TEST(runs_add_up)
{
    run_once();
    for (unsigned i = 0; i < ARRAY_SIZE(stats); i++)
        set_stat(0, i, stats[i].value + 100);
    start(200, 50);
    for (unsigned i = 0; i < ARRAY_SIZE(stats); i++)
        set_stat(0, i, stats[i].value + 110);
    atomic_store(&vcpus[0].exits[KVM_EXIT_IO], 6);
    stop(200, 55);
    report.seconds = 1;
    ck_assert_str_eq(
        print(),
        "bypass report of /dev/vhost-vdpa-0 (virtio-net): 1.0 s between "
        "DRIVER_OK and the end, in 2 runs\n"
        "  KVM:      exits 11 mmio_exits 12 io_exits 13 signal_exits 14 "
        "halt_exits 15 irq_injections 16\n"
        "  KVM_RUN:  returned 9 times, io 6, mmio 2, signal 1\n"
        "  control:  serial port 3, common configuration 5\n"
        "  verdict:  no data-path event woke the VMM (0 kicks, 0 "
        "interrupts)\n");
}
END_TEST

START_TEST(stop_without_a_start_counts_nothing)
{
    stop(5, 5);
    ck_assert_uint_eq(report.runs, 0);
    start(0, 0);
    stop(1, 0);
    stop(9, 9);
    ck_assert_uint_eq(report.accesses[0].count, 1);
    ck_assert_uint_eq(report.runs, 1);
}
END_TEST

START_TEST(time_is_taken_while_the_device_runs)
{
    start(0, 0);
    sleep_ms(20);
    stop(0, 0);
    sleep_ms(20);
    ck_assert(report.seconds >= 0.02);
    ck_assert(report.seconds < 20);
}
END_TEST

START_TEST(kernel_without_statistics_is_told)
{
    close(vcpus[1].stats_fd);
    vcpus[1].stats_fd = -1;
    start(0, 0);
    stop(0, 0);
    ck_assert(!report.total.has_stats);
    ck_assert_ptr_nonnull(
        strstr(print(), "  KVM:      this kernel has no statistics to ask\n"));
}
END_TEST

START_TEST(every_return_of_kvm_run_has_a_name)
{
    ck_assert_str_eq(vcpu_exit_name(KVM_EXIT_HLT), "hlt");
    ck_assert_str_eq(vcpu_exit_name(VCPU_EXIT_SIGNAL), "signal");
    ck_assert_str_eq(vcpu_exit_name(VCPU_EXIT_SIGNAL + 1), "other");
    for (unsigned i = 0; i <= VCPU_EXIT_SIGNAL; i++)
        ck_assert_ptr_nonnull(vcpu_exit_name(i));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, device_that_never_ran_is_one_line);
    tcase_add_test(tcase, run_that_bypassed_the_vmm_says_so);
    tcase_add_test(tcase, run_that_woke_the_vmm_says_how_often);
    tcase_add_test(tcase, what_led_through_the_vmm_is_named);
    tcase_add_test(tcase, device_that_never_ran_shows_nothing);
    tcase_add_test(tcase, runs_add_up);
    tcase_add_test(tcase, stop_without_a_start_counts_nothing);
    tcase_add_test(tcase, time_is_taken_while_the_device_runs);
    tcase_add_test(tcase, kernel_without_statistics_is_told);
    tcase_add_test(tcase, every_return_of_kvm_run_has_a_name);
}

int main(void)
{
    return check_main("bypass_report", add_tests);
}
