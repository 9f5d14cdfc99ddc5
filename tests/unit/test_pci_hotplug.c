/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_pci_hotplug.c: what the registers tell the guest, when they interrupt
 * it, and what it may eject.
 */
#include "devices/pci_hotplug.h"
#include "tests/support/check_main.h"
#include "vmm/bytes.h"

#include <pthread.h>

#define BASE 0x610U

static struct bus ports;
static struct pci_hotplug hotplug;
static bool line;
static uint32_t ejected;
static unsigned ejections;

static void set_irq(void *owner, bool high)
{
    ck_assert_ptr_eq(owner, &line);
    line = high;
}

static void count_ejected(void *owner, unsigned slot)
{
    ck_assert_ptr_eq(owner, &line);
    ejected |= 1U << slot;
    ejections++;
}

static const struct pci_hotplug_ops ops = {
    .set_irq = set_irq,
    .ejected = count_ejected,
};

static void setup(void)
{
    line = false;
    ejected = 0;
    ejections = 0;
    bus_init(&ports, "ports");
    pci_hotplug_init(&hotplug, BASE, &ops, &line);
    ck_assert_int_eq(bus_add(&ports, &hotplug.region), 0);
}

static void teardown(void)
{
    pci_hotplug_destroy(&hotplug);
    bus_destroy(&ports);
}

static uint64_t in(unsigned offset, unsigned size)
{
    uint8_t bytes[8];

    bus_read(&ports, BASE + offset, bytes, size);
    return load_le(bytes, size);
}

static void out(unsigned offset, unsigned size, uint64_t value)
{
    uint8_t bytes[8];

    store_le(bytes, size, value);
    bus_write(&ports, BASE + offset, bytes, size);
}

START_TEST(nothing_happens_by_itself)
{
    ck_assert_uint_eq(in(PCI_HOTPLUG_CHECK, 4), 0);
    ck_assert_uint_eq(in(PCI_HOTPLUG_REQUEST, 4), 0);
    ck_assert_uint_eq(in(PCI_HOTPLUG_EJECT, 4), 0);
    ck_assert(!line);
    ck_assert_uint_eq(ejections, 0);
}
END_TEST

START_TEST(slots_are_told_once_and_gathered)
{
    pci_hotplug_check(&hotplug, 1);
    pci_hotplug_check(&hotplug, 31);
    pci_hotplug_check(&hotplug, 1);
    pci_hotplug_request(&hotplug, 2);
    ck_assert_uint_eq(in(PCI_HOTPLUG_CHECK, 4), 0x80000002);
    ck_assert_uint_eq(in(PCI_HOTPLUG_CHECK, 4), 0);
    ck_assert_uint_eq(in(PCI_HOTPLUG_REQUEST, 4), 4);
    ck_assert_uint_eq(in(PCI_HOTPLUG_REQUEST, 4), 0);
}
END_TEST

START_TEST(line_is_high_until_all_was_read)
{
    pci_hotplug_check(&hotplug, 1);
    pci_hotplug_request(&hotplug, 2);
    ck_assert(line);
    (void)in(PCI_HOTPLUG_CHECK, 4);
    ck_assert(line);
    (void)in(PCI_HOTPLUG_REQUEST, 4);
    ck_assert(!line);
    pci_hotplug_request(&hotplug, 2);
    ck_assert(line);
}
END_TEST

START_TEST(reset_takes_back_what_was_told)
{
    pci_hotplug_check(&hotplug, 1);
    pci_hotplug_request(&hotplug, 2);
    pci_hotplug_reset(&hotplug);
    ck_assert(!line);
    ck_assert_uint_eq(in(PCI_HOTPLUG_CHECK, 4), 0);
    ck_assert_uint_eq(in(PCI_HOTPLUG_REQUEST, 4), 0);
}
END_TEST

START_TEST(each_slot_that_is_written_is_ejected)
{
    out(PCI_HOTPLUG_EJECT, 4, 0x80000012);
    ck_assert_uint_eq(ejected, 0x80000012);
    ck_assert_uint_eq(ejections, 3);
    ck_assert_uint_eq(in(PCI_HOTPLUG_EJECT, 4), 0);
}
END_TEST

START_TEST(registers_are_dwords)
{
    pci_hotplug_check(&hotplug, 1);
    pci_hotplug_request(&hotplug, 1);
    for (unsigned size = 1; size <= 8; size *= 2)
        for (unsigned at = 0; at + size <= PCI_HOTPLUG_SIZE; at++) {
            if (size == 4 && at % 4 == 0)
                continue;
            ck_assert_uint_eq(in(at, size), 0);
            out(at, size, UINT64_MAX);
        }
    ck_assert_uint_eq(ejections, 0);
    ck_assert(line);
    ck_assert_uint_eq(in(PCI_HOTPLUG_CHECK, 4), 2);
}
END_TEST

START_TEST(what_the_guest_is_told_it_cannot_write)
{
    out(PCI_HOTPLUG_CHECK, 4, UINT32_MAX);
    out(PCI_HOTPLUG_REQUEST, 4, UINT32_MAX);
    ck_assert(!line);
    ck_assert_uint_eq(ejections, 0);
    ck_assert_uint_eq(in(PCI_HOTPLUG_CHECK, 4), 0);
    ck_assert_uint_eq(in(PCI_HOTPLUG_REQUEST, 4), 0);
}
END_TEST

#define ROUNDS 2000U

static void *tell(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        pci_hotplug_check(&hotplug, i % 8);
        pci_hotplug_request(&hotplug, i % 8);
    }
    return NULL;
}

/* A guest that reads as it is interrupted misses nothing. */
START_TEST(line_follows_the_registers_from_any_thread)
{
    pthread_t host;

    ck_assert_int_eq(pthread_create(&host, NULL, tell, NULL), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        (void)in(PCI_HOTPLUG_CHECK, 4);
        (void)in(PCI_HOTPLUG_REQUEST, 4);
    }
    ck_assert_int_eq(pthread_join(host, NULL), 0);
    ck_assert(line == (hotplug.check != 0 || hotplug.request != 0));
    (void)in(PCI_HOTPLUG_CHECK, 4);
    (void)in(PCI_HOTPLUG_REQUEST, 4);
    ck_assert(!line);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, nothing_happens_by_itself);
    tcase_add_test(tcase, slots_are_told_once_and_gathered);
    tcase_add_test(tcase, line_is_high_until_all_was_read);
    tcase_add_test(tcase, reset_takes_back_what_was_told);
    tcase_add_test(tcase, each_slot_that_is_written_is_ejected);
    tcase_add_test(tcase, registers_are_dwords);
    tcase_add_test(tcase, what_the_guest_is_told_it_cannot_write);
    tcase_add_test(tcase, line_follows_the_registers_from_any_thread);
}

int main(void)
{
    return check_main("pci_hotplug", add_tests);
}
