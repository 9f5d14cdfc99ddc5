/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_pci_host_removal.c: functions that come and go while vCPUs run.
 */
#include "devices/pci_host.h"
#include "tests/support/check_main.h"
#include "vmm/bytes.h"

#include <linux/pci_regs.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

static const struct pci_host_layout layout = {
    .ecam_base = 0xb0000000,
    .window32_base = 0xc0000000,
    .window32_size = 64 * KIB,
    .window64_base = 0x4000000000,
    .window64_size = 64 * KIB,
    .first_gsi = 16,
    .num_gsis = 4,
};
static const struct pci_identity identity = {
    .vendor = 0x1af4,
    .device = 0x1041,
    .class_code = 0x020000,
};
static const struct pci_function_ops no_ops = {0};

static struct bus mmio;
static struct pci_host host;
static struct pci_function first, second;

static uint64_t bar_read(void *device, uint64_t offset, unsigned size)
{
    const struct pci_function *function = device;

    (void)size;
    /* Of a function that is there. */
    ck_assert_str_eq(function->name, "net");
    return offset;
}

static void bar_write(void *device, uint64_t offset, unsigned size,
                      uint64_t value)
{
    (void)device;
    (void)offset;
    (void)size;
    (void)value;
}

static const struct bus_ops bar_ops = {.read = bar_read, .write = bar_write};

static void make(struct pci_function *function, uint64_t bar_size)
{
    pci_function_init(function, "net", &identity, &no_ops, &mmio);
    pci_function_add_bar(function, 0, bar_size, false, false, &bar_ops,
                         function);
}

static void setup(void)
{
    bus_init(&mmio, "mmio");
    ck_assert_int_eq(pci_host_init(&host, &layout, &mmio, NULL), 0);
    make(&first, 16 * KIB);
    make(&second, 16 * KIB);
}

static void teardown(void)
{
    pci_function_destroy(&first);
    pci_function_destroy(&second);
    pci_host_destroy(&host);
    bus_destroy(&mmio);
}

static uint64_t ecam_at(unsigned slot, unsigned offset)
{
    return layout.ecam_base + (slot << 15) + offset;
}

static uint64_t read_mmio(uint64_t gpa, unsigned size)
{
    uint8_t bytes[8];

    bus_read(&mmio, gpa, bytes, size);
    return load_le(bytes, size);
}

static void write_mmio(uint64_t gpa, unsigned size, uint64_t value)
{
    uint8_t bytes[8];

    store_le(bytes, size, value);
    bus_write(&mmio, gpa, bytes, size);
}

START_TEST(removed_function_is_gone_with_its_bars)
{
    ck_assert_int_eq(pci_host_add(&host, &first), 0);
    write_mmio(ecam_at(1, PCI_COMMAND), 2, PCI_COMMAND_MEMORY);
    ck_assert_uint_eq(read_mmio(layout.window32_base + 3, 1), 3);
    pci_host_remove(&host, &first);
    ck_assert_uint_eq(read_mmio(ecam_at(1, PCI_VENDOR_ID), 4), UINT32_MAX);
    ck_assert_uint_eq(read_mmio(layout.window32_base + 3, 1), UINT8_MAX);
    ck_assert_uint_eq(mmio.count, 1);
}
END_TEST

START_TEST(slot_and_addresses_are_given_again)
{
    struct pci_function third;

    make(&third, 4 * KIB);
    ck_assert_int_eq(pci_host_add(&host, &first), 0);
    ck_assert_int_eq(pci_host_add(&host, &second), 0);
    ck_assert_uint_eq(second.bars[0].assigned_gpa, 0xc0004000);
    pci_host_remove(&host, &first);
    ck_assert_int_eq(pci_host_add(&host, &third), 0);
    ck_assert_uint_eq(third.slot, 1);
    ck_assert_uint_eq(third.gsi, layout.first_gsi + 1);
    ck_assert_uint_eq(third.bars[0].assigned_gpa, 0xc0000000);
    /* The 12 KiB that are left between the two do not do. */
    ck_assert_int_eq(pci_host_add(&host, &first), 0);
    ck_assert_uint_eq(first.slot, 3);
    ck_assert_uint_eq(first.bars[0].assigned_gpa, 0xc0008000);
    pci_host_remove(&host, &first);
    pci_host_remove(&host, &second);
    pci_host_remove(&host, &third);
    pci_function_destroy(&third);
}
END_TEST

START_TEST(windows_do_not_wear_out)
{
    for (unsigned i = 0; i < 1000; i++) {
        ck_assert_int_eq(pci_host_add(&host, &first), 0);
        ck_assert_uint_eq(first.slot, 1);
        ck_assert_uint_eq(first.bars[0].assigned_gpa, 0xc0000000);
        pci_host_remove(&host, &first);
    }
}
END_TEST

START_TEST(hidden_function_does_not_answer_and_keeps_its_place)
{
    ck_assert_int_eq(pci_host_add(&host, &first), 0);
    pci_host_hide(&host, &first);
    ck_assert_uint_eq(read_mmio(ecam_at(1, PCI_VENDOR_ID), 4), UINT32_MAX);
    write_mmio(ecam_at(1, PCI_COMMAND), 2, PCI_COMMAND_MEMORY);
    ck_assert_uint_eq(mmio.count, 1);
    ck_assert_int_eq(pci_host_add(&host, &second), 0);
    ck_assert_uint_eq(second.slot, 2);
    ck_assert_uint_eq(second.bars[0].assigned_gpa, 0xc0004000);
    pci_host_remove(&host, &second);
    pci_host_remove(&host, &first);
    /* Who comes next is not hidden. */
    ck_assert_int_eq(pci_host_add(&host, &second), 0);
    ck_assert_uint_eq(read_mmio(ecam_at(1, PCI_VENDOR_ID), 4), 0x10411af4);
    pci_host_remove(&host, &second);
}
END_TEST

START_TEST(reset_leaves_a_hidden_function_alone)
{
    ck_assert_int_eq(pci_host_add(&host, &first), 0);
    write_mmio(ecam_at(1, PCI_COMMAND), 2, PCI_COMMAND_MEMORY);
    pci_host_hide(&host, &first);
    pci_host_reset(&host);
    ck_assert(first.bars[0].is_mapped);
    pci_host_remove(&host, &first);
    ck_assert(!first.bars[0].is_mapped);
}
END_TEST

static atomic_bool finished;

/* A guest that uses whatever it finds in slot 1. */
static void *use_slot(void *argument)
{
    (void)argument;
    while (!atomic_load(&finished)) {
        uint64_t byte;

        write_mmio(ecam_at(1, PCI_COMMAND), 2, PCI_COMMAND_MEMORY);
        byte = read_mmio(layout.window32_base + 7, 1);
        ck_assert(byte == 7 || byte == UINT8_MAX);
        (void)read_mmio(ecam_at(1, PCI_VENDOR_ID), 4);
    }
    return NULL;
}

START_TEST(functions_end_while_vcpus_use_them)
{
    pthread_t vcpus[2];

    atomic_store(&finished, false);
    for (unsigned i = 0; i < ARRAY_SIZE(vcpus); i++)
        ck_assert_int_eq(pthread_create(&vcpus[i], NULL, use_slot, NULL), 0);
    for (unsigned i = 0; i < 300; i++) {
        struct pci_function function;

        make(&function, 4 * KIB);
        ck_assert_int_eq(pci_host_add(&host, &function), 0);
        sched_yield();
        if (i % 2)
            pci_host_hide(&host, &function);
        pci_host_remove(&host, &function);
        pci_function_destroy(&function);
        memset(&function, 0xff, sizeof(function));
    }
    atomic_store(&finished, true);
    for (unsigned i = 0; i < ARRAY_SIZE(vcpus); i++)
        ck_assert_int_eq(pthread_join(vcpus[i], NULL), 0);
    ck_assert_uint_eq(mmio.count, 1);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, removed_function_is_gone_with_its_bars);
    tcase_add_test(tcase, slot_and_addresses_are_given_again);
    tcase_add_test(tcase, windows_do_not_wear_out);
    tcase_add_test(tcase, hidden_function_does_not_answer_and_keeps_its_place);
    tcase_add_test(tcase, reset_leaves_a_hidden_function_alone);
    tcase_add_test(tcase, functions_end_while_vcpus_use_them);
}

int main(void)
{
    return check_main("pci_host_removal", add_tests);
}
