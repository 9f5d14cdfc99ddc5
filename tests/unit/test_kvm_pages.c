/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_kvm_pages.c: pages of a device in a real VM, whose vCPU runs a few
 * bytes of code at the x86 reset vector. A device's page is played by memory
 * that the process, as with a device's, may only write to.
 */
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/open_fds.h"
#include "tests/support/real_kvm.h"
#include "tests/support/sleep_ms.h"
#include "tests/support/x86/reset_vector.h"
#include "vmm/arch.h"
#include "vmm/bytes.h"
#include "vmm/kvm.h"
#include "vmm/vcpu.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE    4096U
#define WRITTEN UINT64_C(0x1000) /* where the guest has a page to write to */
#define READ    UINT64_C(0x2000) /* and one that it reads */
#define BENEATH 0x77U            /* what the bus answers there */
#define PORT    0x80U

#define PATIENCE_MS 20000U

static struct kvm kvm;
static struct machine_port port;
static struct guest_memory memory;
static struct bus ports, mmio;
static struct vcpu_group group;
static struct log_capture capture;
static unsigned fds_before;
static bool has_kvm;
static int pages_fd;
static uint8_t *pages; /* as a device is mapped: not to be read */
static uint8_t *view;  /* of the same, to see what was written */
static atomic_uint outs, last_out, bus_reads, bus_writes, stops;

static uint64_t read_beneath(void *device, uint64_t offset, unsigned size)
{
    (void)device;
    (void)offset;
    (void)size;
    atomic_fetch_add(&bus_reads, 1);
    return BENEATH;
}

static void write_beneath(void *device, uint64_t offset, unsigned size,
                          uint64_t value)
{
    (void)device;
    (void)offset;
    (void)size;
    (void)value;
    atomic_fetch_add(&bus_writes, 1);
}

static void port_write(void *device, uint64_t offset, unsigned size,
                       uint64_t value)
{
    (void)device;
    (void)offset;
    (void)size;
    atomic_store(&last_out, (unsigned)value);
    atomic_fetch_add(&outs, 1);
}

static const struct bus_ops beneath_ops = {.read = read_beneath,
                                           .write = write_beneath};
static const struct bus_ops port_ops = {.read = read_beneath,
                                        .write = port_write};
static struct bus_region beneath = {
    .name = "beneath", .base = 0, .size = 0x10000, .ops = &beneath_ops};
static struct bus_region port_region = {
    .name = "port", .base = PORT, .size = 1, .ops = &port_ops};

static void stopped(void *owner, enum vcpu_stop why)
{
    (void)owner;
    (void)why;
    atomic_fetch_add(&stops, 1);
}

static void map_pages(void)
{
    void *mapped;

    pages_fd = memfd_create("pages", MFD_CLOEXEC);
    ck_assert_int_eq(ftruncate(pages_fd, 2 * (off_t)PAGE), 0);
    mapped = mmap(NULL, (size_t)2 * PAGE, PROT_WRITE, MAP_SHARED, pages_fd, 0);
    ck_assert_ptr_ne(mapped, MAP_FAILED);
    pages = mapped;
    mapped = mmap(NULL, (size_t)2 * PAGE, PROT_READ, MAP_SHARED, pages_fd, 0);
    ck_assert_ptr_ne(mapped, MAP_FAILED);
    view = mapped;
}

static void setup(void)
{
    const struct guest_memory_range range = {.gpa = RAM_GPA, .size = 64 * KIB};

    log_capture_start(&capture);
    outs = last_out = bus_reads = bus_writes = stops = 0;
    fds_before = count_open_fds();
    has_kvm = real_kvm_is_there();
    if (!has_kvm)
        return;
    map_pages();
    bus_init(&ports, "ports");
    bus_init(&mmio, "mmio");
    ck_assert_int_eq(bus_add(&ports, &port_region), 0);
    ck_assert_int_eq(bus_add(&mmio, &beneath), 0);
    ck_assert_int_eq(guest_memory_init(&memory, &range, 1, 0), 0);
    ck_assert_int_eq(kvm_open(&kvm, arch_machine_type), 0);
    ck_assert_int_eq(kvm_add_memory(&kvm, &memory), 0);
    ck_assert_int_eq(arch_init_interrupts(&kvm), 0);
    ck_assert_int_eq(vcpu_group_init(&group, &kvm, 1, &ports, &mmio), 0);
    ck_assert_int_eq(arch_init_vcpus(&kvm, &group), 0);
    group.stopped = stopped;
    port = kvm_machine_port(&kvm);
}

static void teardown(void)
{
    if (has_kvm) {
        arch_destroy_vcpus(&group);
        vcpu_group_destroy(&group);
        kvm_close(&kvm);
        guest_memory_destroy(&memory);
        bus_remove(&mmio, &beneath);
        bus_remove(&ports, &port_region);
        bus_destroy(&mmio);
        bus_destroy(&ports);
        munmap(pages, (size_t)2 * PAGE);
        munmap(view, (size_t)2 * PAGE);
        close(pages_fd);
    }
    ck_assert_uint_eq(count_open_fds(), fds_before);
    log_capture_stop();
}

static bool skip_without_kvm(void)
{
    if (!has_kvm)
        skip_test("/dev/kvm cannot be used");
    return !has_kvm;
}

static int attach(uint64_t gpa, void *page)
{
    return port.ops->attach_page(port.machine, gpa, page);
}

/* False when it was not there. */
static bool detach(uint64_t gpa, void *page)
{
    bool was_there = port.ops->has_page(port.machine, gpa, page);

    port.ops->detach_page(port.machine, gpa, page);
    ck_assert(!port.ops->has_page(port.machine, gpa, page));
    return was_there;
}

static void run(const uint8_t *code, size_t size)
{
    ck_assert_int_eq(guest_memory_write(&memory, CODE_GPA, code, size), 0);
    ck_assert_int_eq(vcpu_group_start(&group), 0);
    vcpu_group_resume(&group);
    for (unsigned i = 0; i < PATIENCE_MS && atomic_load(&outs) < 3; i++)
        sleep_ms(1);
    vcpu_group_pause(&group);
    ck_assert_uint_ge(outs, 3);
    ck_assert_uint_eq(stops, 0);
}

/* mov al, 0x5a; mov [0x1234], al; out 0x80, al; jmp to the start */
static const uint8_t writing[] = {0xb0, 0x5a, 0xa2, 0x34, 0x12,
                                  0xe6, PORT, 0xeb, 0xf7};
/* mov al, 0x5a; mov [0x1234], al; mov al, [0x2000]; out 0x80, al; jmp */
static const uint8_t reading[] = {0xb0, 0x5a, 0xa2, 0x34, 0x12, 0xa0,
                                  0x00, 0x20, 0xe6, PORT, 0xeb, 0xf4};

START_TEST(writes_reach_the_page_alone)
{
    if (skip_without_kvm())
        return;
    ck_assert_int_eq(attach(WRITTEN, pages), 0);
    run(writing, sizeof(writing));
    ck_assert_uint_eq(view[0x234], 0x5a);
    ck_assert_uint_eq(bus_writes, 0);
    ck_assert_uint_eq(vcpu_group_exits(&group, KVM_EXIT_MMIO), 0);
    ck_assert(detach(WRITTEN, pages));
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(writes_reach_the_bus_once_the_page_is_gone)
{
    if (skip_without_kvm())
        return;
    ck_assert_int_eq(attach(WRITTEN, pages), 0);
    ck_assert(detach(WRITTEN, pages));
    ck_assert(!detach(WRITTEN, pages));
    run(writing, sizeof(writing));
    ck_assert_uint_eq(view[0x234], 0);
    ck_assert_uint_ge(bus_writes, 3);
}
END_TEST

START_TEST(guest_that_reads_a_page_loses_all_and_goes_on)
{
    if (skip_without_kvm())
        return;
    ck_assert_int_eq(attach(WRITTEN, pages), 0);
    ck_assert_int_eq(attach(READ, pages + PAGE), 0);
    run(reading, sizeof(reading));
    ck_assert_uint_eq(view[0x234], 0x5a);
    if (atomic_load(&kvm.pages.drops) == 0) {
        /* Some KVMs read what the process itself could not. */
        ck_assert_uint_eq(last_out, 0);
        ck_assert(detach(WRITTEN, pages));
        return;
    }
    ck_assert_uint_eq(kvm.pages.drops, 1);
    ck_assert_uint_eq(last_out, BENEATH);
    ck_assert_uint_ge(bus_reads, 3);
    ck_assert_uint_ge(bus_writes, 2);
    ck_assert(!detach(WRITTEN, pages));
    ck_assert(!detach(READ, pages + PAGE));
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_ptr_nonnull(strstr(capture.last, "read a doorbell"));
    /* The next run of a device has its pages again. */
    ck_assert_int_eq(attach(WRITTEN, pages), 0);
    ck_assert(detach(WRITTEN, pages));
}
END_TEST

START_TEST(fault_without_pages_has_another_cause)
{
    if (skip_without_kvm())
        return;
    ck_assert(!kvm_pages_drop(&kvm.pages, 0));
    ck_assert_int_eq(attach(WRITTEN, pages), 0);
    ck_assert(kvm_pages_drop(&kvm.pages, 0));
    /* A second vCPU, which met the same page. */
    ck_assert(kvm_pages_drop(&kvm.pages, 0));
    ck_assert(!kvm_pages_drop(&kvm.pages, 1));
}
END_TEST

START_TEST(page_over_memory_or_another_page_is_refused)
{
    if (skip_without_kvm())
        return;
    ck_assert_int_eq(attach(RAM_GPA, pages), -EEXIST);
    ck_assert_ptr_nonnull(strstr(capture.last, "page at 0xffff0000"));
    ck_assert_int_eq(attach(WRITTEN, pages), 0);
    ck_assert_int_eq(attach(WRITTEN, pages + PAGE), -EEXIST);
    ck_assert_int_eq(attach(READ + 1, pages + PAGE), -EINVAL);
    ck_assert(!detach(WRITTEN, pages + PAGE));
    ck_assert(!detach(READ, pages));
    ck_assert(detach(WRITTEN, pages));
}
END_TEST

START_TEST(slots_run_out_and_are_used_again)
{
    if (skip_without_kvm())
        return;
    ck_assert_uint_ge(kvm.pages.num_slots, 16);
    ck_assert_uint_eq(kvm.pages.first_slot, 1);
    kvm.pages.num_slots = 2;
    for (unsigned i = 0; i < 20; i++) {
        ck_assert_uint_eq(port.ops->count_free_pages(port.machine), 2);
        ck_assert_int_eq(attach(WRITTEN, pages), 0);
        ck_assert_int_eq(attach(READ, pages + PAGE), 0);
        ck_assert_uint_eq(port.ops->count_free_pages(port.machine), 0);
        ck_assert_int_eq(attach(READ + PAGE, pages), -ENOSPC);
        ck_assert(detach(READ, pages + PAGE));
        ck_assert(detach(WRITTEN, pages));
    }
    ck_assert_ptr_nonnull(strstr(capture.last, "all memory slots"));
    ck_assert_uint_le(capture.lines, 10);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, writes_reach_the_page_alone);
    tcase_add_test(tcase, writes_reach_the_bus_once_the_page_is_gone);
    tcase_add_test(tcase, guest_that_reads_a_page_loses_all_and_goes_on);
    tcase_add_test(tcase, fault_without_pages_has_another_cause);
    tcase_add_test(tcase, page_over_memory_or_another_page_is_refused);
    tcase_add_test(tcase, slots_run_out_and_are_used_again);
}

int main(void)
{
    return check_main("kvm_pages", add_tests);
}
