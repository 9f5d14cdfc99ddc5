/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_vcpu.c: pausing, resuming and stopping vCPUs that run a few bytes of
 * code at the x86 reset vector.
 */
#include "tests/support/boot_image.h"
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/open_fds.h"
#include "tests/support/real_kvm.h"
#include "tests/support/sleep_ms.h"
#include "tests/support/x86/boot_kernels.h"
#include "tests/support/x86/reset_vector.h"
#include "vmm/arch.h"
#include "vmm/bytes.h"
#include "vmm/vcpu.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define NUM_VCPUS 2U
#define PORT      0x80

/* For the few steps until the first of them is seen. */
#define PATIENCE_MS 20000U

static struct kvm kvm;
static struct guest_memory memory;
static struct bus ports, mmio;
static struct vcpu_group group;
static struct log_capture capture;
static atomic_uint accesses, stops, last_stop;
static unsigned fds_before;
static bool has_kvm;

static uint64_t port_read(void *device, uint64_t offset, unsigned size)
{
    (void)device;
    (void)offset;
    (void)size;
    return atomic_fetch_add(&accesses, 1);
}

static void port_write(void *device, uint64_t offset, unsigned size,
                       uint64_t value)
{
    (void)device;
    (void)offset;
    (void)size;
    (void)value;
    atomic_fetch_add(&accesses, 1);
}

static const struct bus_ops port_ops = {.read = port_read, .write = port_write};
static struct bus_region port_region = {
    .name = "port", .base = PORT, .size = 1, .ops = &port_ops};

static void stopped(void *owner, enum vcpu_stop why)
{
    ck_assert_ptr_eq(owner, &group);
    atomic_store(&last_stop, why);
    atomic_fetch_add(&stops, 1);
}

static void setup(void)
{
    const struct guest_memory_range ranges[] = {
        {.gpa = 0, .size = 2 * MIB},
        {.gpa = RAM_GPA, .size = 64 * KIB},
    };

    log_capture_start(&capture);
    accesses = stops = last_stop = 0;
    fds_before = count_open_fds();
    has_kvm = real_kvm_is_there();
    if (!has_kvm)
        return;
    bus_init(&ports, "ports");
    bus_init(&mmio, "mmio");
    ck_assert_int_eq(bus_add(&ports, &port_region), 0);
    ck_assert_int_eq(guest_memory_init(&memory, ranges, 2, 0), 0);
    ck_assert_int_eq(kvm_open(&kvm, arch_machine_type), 0);
    ck_assert_int_eq(kvm_add_memory(&kvm, &memory), 0);
    ck_assert_int_eq(arch_init_interrupts(&kvm), 0);
    ck_assert_int_eq(vcpu_group_init(&group, &kvm, NUM_VCPUS, &ports, &mmio),
                     0);
    ck_assert_int_eq(arch_init_vcpus(&kvm, &group), 0);
    group.stopped = stopped;
    group.owner = &group;
}

static void teardown(void)
{
    if (has_kvm) {
        arch_destroy_vcpus(&group);
        vcpu_group_destroy(&group);
        vcpu_group_destroy(&group); /* may be called twice */
        kvm_close(&kvm);
        guest_memory_destroy(&memory);
        bus_remove(&ports, &port_region);
        bus_destroy(&mmio);
        bus_destroy(&ports);
    }
    ck_assert_uint_eq(count_open_fds(), fds_before);
    log_capture_stop();
}

/* Starts the group, still paused, on this code. False: skipped. */
static bool start(const void *code, size_t size)
{
    if (!has_kvm) {
        skip_test("/dev/kvm cannot be used");
        return false;
    }
    ck_assert_int_eq(guest_memory_write(&memory, CODE_GPA, code, size), 0);
    ck_assert_int_eq(vcpu_group_start(&group), 0);
    return true;
}

static bool reaches(atomic_uint *counter, unsigned value)
{
    for (unsigned i = 0; i < PATIENCE_MS && atomic_load(counter) < value; i++)
        sleep_ms(1);
    return atomic_load(counter) >= value;
}

/* out 0x80, al; jmp to it */
static const uint8_t writing[] = {0xe6, PORT, 0xeb, 0xfc};
/* in al, 0x80; jmp to it */
static const uint8_t reading[] = {0xe4, PORT, 0xeb, 0xfc};
/* hlt; jmp to it */
static const uint8_t halting[] = {0xf4, 0xeb, 0xfd};
/* jmp to itself */
static const uint8_t spinning[] = {0xeb, 0xfe};

START_TEST(group_starts_paused)
{
    if (!start(writing, sizeof(writing)))
        return;
    vcpu_group_pause(&group);
    sleep_ms(20);
    ck_assert_uint_eq(accesses, 0);
    for (unsigned i = 0; i <= VCPU_EXIT_SIGNAL; i++)
        ck_assert_uint_eq(vcpu_group_exits(&group, i), 0);
}
END_TEST

START_TEST(group_that_never_started_can_be_destroyed)
{
    if (!has_kvm)
        skip_test("/dev/kvm cannot be used");
}
END_TEST

START_TEST(group_can_be_destroyed_while_it_runs)
{
    if (!start(spinning, sizeof(spinning)))
        return;
    vcpu_group_resume(&group);
    sleep_ms(10);
}
END_TEST

/* No device is reached while the group is paused. */
static void check_pauses(void)
{
    for (unsigned i = 0; i < 20; i++) {
        unsigned before = atomic_load(&accesses);

        vcpu_group_resume(&group);
        ck_assert(reaches(&accesses, before + 10));
        vcpu_group_pause(&group);
        before = atomic_load(&accesses);
        sleep_ms(2);
        ck_assert_uint_eq(accesses, before);
    }
    ck_assert_uint_ge(vcpu_group_exits(&group, KVM_EXIT_IO), 200);
    ck_assert_uint_eq(stops, 0);
}

START_TEST(paused_guest_writes_to_no_device)
{
    if (start(writing, sizeof(writing)))
        check_pauses();
}
END_TEST

START_TEST(paused_guest_reads_from_no_device)
{
    if (start(reading, sizeof(reading)))
        check_pauses();
}
END_TEST

START_TEST(resume_and_pause_may_follow_each_other_closely)
{
    if (!start(writing, sizeof(writing)))
        return;
    for (unsigned i = 0; i < 200; i++) {
        vcpu_group_resume(&group);
        vcpu_group_pause(&group);
    }
    ck_assert_uint_eq(stops, 0);
}
END_TEST

START_TEST(halted_and_spinning_vcpus_are_paused_too)
{
    if (!start(halting, sizeof(halting)))
        return;
    vcpu_group_resume(&group);
    sleep_ms(20);
    vcpu_group_pause(&group);
    ck_assert_int_eq(
        guest_memory_write(&memory, CODE_GPA, spinning, sizeof(spinning)), 0);
    ck_assert_int_eq(arch_reset(&kvm, &group), 0);
    vcpu_group_resume(&group);
    sleep_ms(20);
    vcpu_group_pause(&group);
    ck_assert_uint_ge(vcpu_group_exits(&group, VCPU_EXIT_SIGNAL), 2);
    ck_assert_uint_eq(stops, 0);
}
END_TEST

/* ud2, whose exception finds no interrupt table. */
static void load_faulting_kernel(void)
{
    struct boot_files files = {.initrd.fd = -1, .command_line = ""};
    struct pvh_image image;

    pvh_image_make(&image);
    memcpy(image.text + (PVH_IMAGE_ENTRY - PVH_IMAGE_GPA), "\x0f\x0b", 2);
    files.kernel = boot_image_open(&image, sizeof(image));
    ck_assert_int_eq(arch_load_guest(&memory, &group, &files), 0);
    close(files.kernel.fd);
}

START_TEST(triple_fault_asks_for_a_reset_after_which_it_runs_again)
{
    if (!start(writing, sizeof(writing)))
        return;
    load_faulting_kernel();
    vcpu_group_resume(&group);
    ck_assert(reaches(&stops, 1));
    ck_assert_msg(last_stop == VCPU_STOP_TRIPLE_FAULT, "stopped: %s",
                  capture.last);
    vcpu_group_pause(&group);
    ck_assert_uint_eq(stops, 1);
    ck_assert_uint_eq(vcpu_group_exits(&group, KVM_EXIT_SHUTDOWN), 1);

    ck_assert_int_eq(arch_reset(&kvm, &group), 0);
    vcpu_group_resume(&group);
    ck_assert(reaches(&accesses, 1));
    vcpu_group_pause(&group);
}
END_TEST

START_TEST(nobody_enters_the_guest_after_a_stop)
{
    unsigned before;

    if (!start(writing, sizeof(writing)))
        return;
    vcpu_group_resume(&group);
    ck_assert(reaches(&accesses, 10));
    vcpu_group_stop_entering(&group);
    vcpu_group_pause(&group);
    before = atomic_load(&accesses);
    sleep_ms(10);
    ck_assert_uint_eq(accesses, before);
}
END_TEST

START_TEST(too_many_vcpus_are_refused)
{
    struct vcpu_group many;

    if (!has_kvm) {
        skip_test("/dev/kvm cannot be used");
        return;
    }
    ck_assert_int_eq(vcpu_group_init(&many, &kvm, VCPU_MAX + 1, &ports, &mmio),
                     -EINVAL);
    ck_assert_ptr_nonnull(strstr(capture.last, "256 vCPUs are too many"));
    /* Their numbers are in use. */
    ck_assert_int_eq(vcpu_group_init(&many, &kvm, 1, &ports, &mmio), -EEXIST);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, group_starts_paused);
    tcase_add_test(tcase, group_that_never_started_can_be_destroyed);
    tcase_add_test(tcase, group_can_be_destroyed_while_it_runs);
    tcase_add_test(tcase, paused_guest_writes_to_no_device);
    tcase_add_test(tcase, paused_guest_reads_from_no_device);
    tcase_add_test(tcase, resume_and_pause_may_follow_each_other_closely);
    tcase_add_test(tcase, halted_and_spinning_vcpus_are_paused_too);
    tcase_add_test(tcase,
                   triple_fault_asks_for_a_reset_after_which_it_runs_again);
    tcase_add_test(tcase, nobody_enters_the_guest_after_a_stop);
    tcase_add_test(tcase, too_many_vcpus_are_refused);
}

int main(void)
{
    return check_main("vcpu", add_tests);
}
