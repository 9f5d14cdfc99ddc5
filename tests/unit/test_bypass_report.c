/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_bypass_report.c: what the numbers add up to, and the report to the
 * letter.
 */
#include "tests/support/check_main.h"
#include "tests/support/fake_stats.h"
#include "tests/support/sleep_ms.h"
#include "vmm/bypass_report.h"

#include <linux/virtio_config.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define NUM_VCPUS 2U

static const struct fake_stat stats[] = {
    {"exits", 1000},         {"mmio_exits", 100},     {"io_exits", 10},
    {"signal_exits", 0},     {"halt_exits", 50},      {"irq_exits", 3},
    {"irq_window_exits", 2}, {"insn_emulation", 900}, {"irq_injections", 7},
};

static struct vcpu vcpus[NUM_VCPUS];
static struct vcpu_group group;
static struct bypass_report report;
static char *text;
static struct bypass_host_interrupts host_interrupts;

static const char *print(void);

static void setup(void)
{
    group = (struct vcpu_group){.vcpus = vcpus, .count = NUM_VCPUS};
    memset(vcpus, 0, sizeof(vcpus));
    host_interrupts.is_known = false;
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

static struct bypass_moment moment(uint64_t serial, uint64_t common)
{
    return (struct bypass_moment){
        .vcpus = &group,
        .accesses = {{"serial port", serial}, {"common configuration", common}},
        .num_accesses = 2,
        .host_interrupts = host_interrupts,
    };
}

static void start(uint64_t serial, uint64_t common)
{
    struct bypass_moment now = moment(serial, common);

    bypass_report_start(&report, &now);
}

static void stop(uint64_t serial, uint64_t common)
{
    struct bypass_moment now = moment(serial, common);

    bypass_report_stop(&report, &now);
    /* Of this test itself, which takes its time. */
    thread_times_destroy(&report.threads);
}

/* The line on device and host, which differs by host. */
static const char *device_line(const char *text_before_host)
{
    static char line[256];
    struct utsname host;

    ck_assert_int_eq(uname(&host), 0);
    (void)snprintf(line, sizeof(line), "  device:   %s; host %s %s\n",
                   text_before_host, host.sysname, host.release);
    return line;
}

/* The text is that of head, device line and rest. */
static void expect_text(const char *head, const char *device, const char *rest)
{
    char expected[2048];

    (void)snprintf(expected, sizeof(expected), "%s%s%s", head,
                   device_line(device), rest);
    ck_assert_str_eq(print(), expected);
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
    set_stat(1, 0, stats[0].value + 100);
    stop(103, 40);
    report.seconds = 10;
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
    expect_text(
        "bypass report of /dev/vhost-vdpa-0 (virtio-net): 10.0 s between "
        "DRIVER_OK and the end\n",
        "split rings, features 0x0",
        "  queue 0   receive         17 kicks by ioeventfd  used index "
        "65535  interrupts by irqfd\n"
        "  queue 1   transmit    123456 kicks by ioeventfd  no interrupts\n"
        "  KVM:      exits 100 (10 a second), mmio_exits 2, io_exits 3, "
        "signal_exits 4,\n"
        "            halt_exits 5, irq_exits 6, irq_window_exits 7,\n"
        "            insn_emulation 8, irq_injections 9\n"
        "  KVM_RUN:  returned 8 times, io 5, mmio 2, signal 1\n"
        "  control:  serial port 3\n"
        "  verdict:  no data-path event woke the VMM (0 kicks, 0 "
        "interrupts)\n");
}
END_TEST

START_TEST(kicks_to_a_page_are_not_counted_and_others_say_why)
{
    const struct bypass_queue queue = {.role = "transmit",
                                       .was_used = true,
                                       .kick_path = BYPASS_PATH_DEVICE,
                                       .interrupt_path = BYPASS_PATH_KERNEL,
                                       .has_unseen_kicks = true,
                                       .kicks = 1};
    const char *text_of_queues;

    start(0, 0);
    stop(0, 0);
    for (unsigned i = 0; i < 3; i++)
        report.queues[i] = queue;
    text_of_queues = print();
    ck_assert_ptr_nonnull(strstr(
        text_of_queues, "  queue 1   transmit         - kicks by doorbell"));
    ck_assert_ptr_null(strstr(text_of_queues, "doorbell:"));
    report.queues[0].kick_path = report.queues[2].kick_path =
        BYPASS_PATH_KERNEL;
    report.queues[0].no_page = report.queues[2].no_page = "of the weather";
    ck_assert_ptr_nonnull(
        strstr(print(), "\n  doorbell: none for queue 0, 2: of the weather\n"));
    report.queues[1].no_page = "of you";
    report.queues[2].was_used = false;
    ck_assert_ptr_nonnull(
        strstr(print(), "\n  doorbell: none for queue 0: of the weather\n"
                        "  doorbell: none for queue 1: of you\n"));
}
END_TEST

START_TEST(run_that_woke_the_vmm_says_how_often)
{
    start(0, 0);
    stop(0, 0);
    report.seconds = 0;
    report.features = 1ULL << VIRTIO_F_RING_PACKED;
    (void)strcpy(report.parent, "v0 of vp-vdpa");
    report.queues[2] = (struct bypass_queue){.role = "control",
                                             .was_used = true,
                                             .kick_path = BYPASS_PATH_VMM,
                                             .interrupt_path = BYPASS_PATH_VMM,
                                             .kicks = 9,
                                             .kicks_by_vmm = 9,
                                             .interrupts_by_vmm = 4};
    ck_assert_uint_eq(bypass_report_wakeups(&report), 13);
    expect_text(
        "bypass report of /dev/vhost-vdpa-0 (virtio-net): 0.0 s between "
        "DRIVER_OK and the end\n",
        "v0 of vp-vdpa, packed rings, features 0x400000000",
        "  queue 2   control          9 kicks by VMM        interrupts by VMM  "
        "VMM woken by 9 kicks, 4 interrupts\n"
        "  KVM:      exits 0, mmio_exits 0, io_exits 0, signal_exits 0,\n"
        "            halt_exits 0, irq_exits 0, irq_window_exits 0,\n"
        "            insn_emulation 0, irq_injections 0\n"
        "  KVM_RUN:  returned 0 times\n"
        "  verdict:  the data path woke the VMM 13 times (9 kicks, 4 "
        "interrupts)\n");
}
END_TEST

START_TEST(verdict_on_a_way_that_nothing_went)
{
    start(0, 0);
    stop(0, 0);
    report.queues[0] = (struct bypass_queue){
        .role = "receive", .was_used = true, .kick_path = BYPASS_PATH_VMM};
    ck_assert_ptr_nonnull(
        strstr(print(), "  verdict:  no data-path event woke the VMM (0 kicks, "
                        "0 interrupts), but queue 0 (receive): kicks have no "
                        "way but the VMM\n"));
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
                     "queue 1 (not enabled): 1 kick came to the VMM");
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
    expect_text(
        "bypass report of /dev/vhost-vdpa-0 (virtio-net): 1.0 s between "
        "DRIVER_OK and the end, in 2 runs\n",
        "split rings, features 0x0",
        "  KVM:      exits 110 (110 a second), mmio_exits 12, io_exits 13, "
        "signal_exits 14,\n"
        "            halt_exits 15, irq_exits 16, irq_window_exits 17,\n"
        "            insn_emulation 18, irq_injections 19\n"
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

START_TEST(threads_that_worked_are_listed)
{
    static const struct thread_time threads[] = {{.tid = 1, .name = "I/O"},
                                                 {.tid = 2, .name = "idle"},
                                                 {.tid = 3,
                                                  .name = "vcpu-0",
                                                  .user_ms = 10,
                                                  .system_ms = 2340,
                                                  .guest_ms = 123456}};

    start(0, 0);
    stop(0, 0);
    report.threads.threads = calloc(3, sizeof(threads[0]));
    ck_assert_ptr_nonnull(report.threads.threads);
    memcpy(report.threads.threads, threads, sizeof(threads));
    report.threads.count = 3;
    ck_assert_ptr_nonnull(strstr(
        print(),
        "  CPU time: I/O          0.00 s user,     0.00 s system\n"
        "            vcpu-0       0.01 s user,     2.34 s system,   123.46 s "
        "guest\n"
        "  verdict:"));
}
END_TEST

START_TEST(interrupts_of_the_host_are_those_of_the_run)
{
    host_interrupts =
        (struct bypass_host_interrupts){"0000:00:03.0", true, 100};
    start(0, 0);
    host_interrupts.count = 142;
    stop(0, 0);
    ck_assert_ptr_nonnull(
        strstr(print(), "  host:     took 42 interrupts of 0000:00:03.0\n"));
    /* A driver without interrupts asks for them anew when it starts. */
    host_interrupts.is_known = false;
    start(0, 0);
    host_interrupts = (struct bypass_host_interrupts){"0000:00:03.0", true, 8};
    stop(0, 0);
    ck_assert_uint_eq(report.host_interrupts.count, 50);
}
END_TEST

START_TEST(interrupts_that_the_host_never_saw_may_be_posted)
{
    host_interrupts =
        (struct bypass_host_interrupts){"0000:00:03.0", true, 100};
    start(0, 0);
    stop(0, 0);
    ck_assert_ptr_nonnull(
        strstr(print(), "  host:     took no interrupt of 0000:00:03.0: they "
                        "are posted to the guest by hardware, or none came\n"));
}
END_TEST

START_TEST(counts_are_variables_of_a_shell)
{
    size_t size = 0;
    FILE *file;

    run_once();
    report.name = "/dev/$(rm x);";
    report.host_interrupts.is_known = true;
    report.host_interrupts.count = 42;
    report.threads.threads = calloc(1, sizeof(struct thread_time));
    ck_assert_ptr_nonnull(report.threads.threads);
    report.threads.threads[0] =
        (struct thread_time){.name = "I/O", .user_ms = 1, .system_ms = 2};
    report.threads.count = 1;
    report.queues[0] =
        (struct bypass_queue){.role = "receive",
                              .was_used = true,
                              .kick_path = BYPASS_PATH_KERNEL,
                              .interrupt_path = BYPASS_PATH_KERNEL,
                              .kicks = 17};
    file = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(file);
    bypass_report_print_counts(&report, "device0_", file);
    (void)fclose(file);
    ck_assert_str_eq(text, "device0_name=/dev/__rm_x__\n"
                           "device0_runs=1\n"
                           "device0_ms=10000\n"
                           "device0_features=0\n"
                           "device0_queue0_role=receive\n"
                           "device0_queue0_kick_path=ioeventfd\n"
                           "device0_queue0_kicks=17\n"
                           "device0_queue0_kicks_by_vmm=0\n"
                           "device0_queue0_interrupt_path=irqfd\n"
                           "device0_queue0_interrupts_by_vmm=0\n"
                           "device0_kvm_exits=100\n"
                           "device0_kvm_mmio_exits=2\n"
                           "device0_kvm_io_exits=3\n"
                           "device0_kvm_signal_exits=4\n"
                           "device0_kvm_halt_exits=5\n"
                           "device0_kvm_irq_exits=6\n"
                           "device0_kvm_irq_window_exits=7\n"
                           "device0_kvm_insn_emulation=8\n"
                           "device0_kvm_irq_injections=9\n"
                           "device0_kvm_run_io=5\n"
                           "device0_kvm_run_mmio=2\n"
                           "device0_kvm_run_signal=1\n"
                           "device0_kvm_run_returns=8\n"
                           "device0_access_serial_port=3\n"
                           "device0_access_common_configuration=0\n"
                           "device0_cpu_io_user_ms=1\n"
                           "device0_cpu_io_system_ms=2\n"
                           "device0_cpu_io_guest_ms=0\n"
                           "device0_host_interrupts=42\n"
                           "device0_vmm_woken=0\n");
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
    tcase_add_test(tcase, kicks_to_a_page_are_not_counted_and_others_say_why);
    tcase_add_test(tcase, run_that_woke_the_vmm_says_how_often);
    tcase_add_test(tcase, verdict_on_a_way_that_nothing_went);
    tcase_add_test(tcase, what_led_through_the_vmm_is_named);
    tcase_add_test(tcase, device_that_never_ran_shows_nothing);
    tcase_add_test(tcase, runs_add_up);
    tcase_add_test(tcase, stop_without_a_start_counts_nothing);
    tcase_add_test(tcase, time_is_taken_while_the_device_runs);
    tcase_add_test(tcase, kernel_without_statistics_is_told);
    tcase_add_test(tcase, threads_that_worked_are_listed);
    tcase_add_test(tcase, interrupts_of_the_host_are_those_of_the_run);
    tcase_add_test(tcase, interrupts_that_the_host_never_saw_may_be_posted);
    tcase_add_test(tcase, counts_are_variables_of_a_shell);
    tcase_add_test(tcase, every_return_of_kvm_run_has_a_name);
}

int main(void)
{
    return check_main("bypass_report", add_tests);
}
