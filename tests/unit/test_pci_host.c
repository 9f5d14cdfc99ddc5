/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_pci_host.c: how functions are found, and what they are given.
 */
#include "devices/pci_host.h"
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <string.h>

#define ADDRESS_PORT 0xcf8U
#define DATA_PORT    0xcfcU
#define ENABLE       0x80000000U

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

static struct bus mmio, ports;
static struct pci_host host;
static struct pci_function functions[PCI_HOST_SLOTS];
static struct log_capture capture;

static uint64_t bar_read(void *device, uint64_t offset, unsigned size)
{
    (void)device;
    (void)size;
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

static void setup(void)
{
    log_capture_start(&capture);
    bus_init(&mmio, "mmio");
    bus_init(&ports, "ports");
    ck_assert_int_eq(pci_host_init(&host, &layout, &mmio, &ports), 0);
    for (unsigned i = 0; i < PCI_HOST_SLOTS; i++)
        pci_function_init(&functions[i], "net", &identity, &no_ops, &mmio);
}

static void teardown(void)
{
    for (unsigned i = 0; i < PCI_HOST_SLOTS; i++) {
        pci_function_unmap(&functions[i]);
        pci_function_destroy(&functions[i]);
    }
    pci_host_destroy(&host);
    bus_destroy(&ports);
    bus_destroy(&mmio);
    log_capture_stop();
}

static uint64_t ecam_at(unsigned slot, unsigned number, unsigned offset)
{
    return layout.ecam_base + (slot << 15 | number << 12) + offset;
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

static uint32_t read_port(unsigned port, unsigned size)
{
    uint8_t bytes[4];

    bus_read(&ports, port, bytes, size);
    return (uint32_t)load_le(bytes, size);
}

static void write_port(unsigned port, unsigned size, uint32_t value)
{
    uint8_t bytes[4];

    store_le(bytes, size, value);
    bus_write(&ports, port, bytes, size);
}

START_TEST(bridge_is_in_slot_0)
{
    ck_assert_uint_eq(read_mmio(ecam_at(0, 0, PCI_VENDOR_ID), 4), 0x00081b36);
    ck_assert_uint_eq(read_mmio(ecam_at(0, 0, PCI_CLASS_REVISION), 4),
                      0x06000000);
    ck_assert_uint_eq(read_mmio(ecam_at(0, 0, PCI_HEADER_TYPE), 1), 0);
    ck_assert_uint_eq(read_mmio(ecam_at(0, 0, PCI_INTERRUPT_PIN), 1), 0);
}
END_TEST

START_TEST(absent_function_reads_as_ones)
{
    ck_assert_uint_eq(read_mmio(ecam_at(1, 0, 0), 4), UINT32_MAX);
    ck_assert_uint_eq(read_mmio(ecam_at(0, 1, 0), 2), UINT16_MAX);
    ck_assert_uint_eq(read_mmio(ecam_at(31, 7, 4088), 8), UINT64_MAX);
    write_mmio(ecam_at(1, 0, 4), 2, 7);
    write_port(ADDRESS_PORT, 4, ENABLE | 1 << 11);
    ck_assert_uint_eq(read_port(DATA_PORT, 4), UINT32_MAX);
    write_port(ADDRESS_PORT, 4, ENABLE | 1 << 16); /* bus 1 */
    ck_assert_uint_eq(read_port(DATA_PORT, 4), UINT32_MAX);
}
END_TEST

START_TEST(functions_get_slots_in_order_and_gsis_in_turn)
{
    for (unsigned i = 0; i < 5; i++) {
        pci_function_use_intx(&functions[i]);
        ck_assert_int_eq(pci_host_add(&host, &functions[i]), 0);
        ck_assert_uint_eq(functions[i].slot, i + 1);
        ck_assert_uint_eq(functions[i].gsi, 16 + (i + 1) % 4);
        ck_assert_uint_eq(read_mmio(ecam_at(i + 1, 0, PCI_INTERRUPT_LINE), 2),
                          0x0100 | functions[i].gsi);
        ck_assert_uint_eq(read_mmio(ecam_at(i + 1, 0, 0), 4), 0x10411af4);
    }
}
END_TEST

START_TEST(function_without_intx_has_no_interrupt_line)
{
    ck_assert_int_eq(pci_host_add(&host, &functions[0]), 0);
    ck_assert_uint_eq(read_mmio(ecam_at(1, 0, PCI_INTERRUPT_LINE), 2), 0);
}
END_TEST

START_TEST(slots_run_out)
{
    for (unsigned i = 0; i < PCI_HOST_SLOTS - 1; i++)
        ck_assert_int_eq(pci_host_add(&host, &functions[i]), 0);
    ck_assert_uint_eq(read_mmio(ecam_at(31, 0, 0), 4), 0x10411af4);
    ck_assert_uint_eq(capture.lines, 0);
    ck_assert_int_eq(pci_host_add(&host, &functions[PCI_HOST_SLOTS - 1]),
                     -ENOSPC);
    ck_assert_uint_eq(capture.lines, 1);
}
END_TEST

START_TEST(bars_get_aligned_addresses_in_their_window)
{
    pci_function_add_bar(&functions[0], 0, 4 * KIB, false, false, &bar_ops,
                         NULL);
    pci_function_add_bar(&functions[0], 1, 16 * KIB, false, false, &bar_ops,
                         NULL);
    pci_function_add_bar(&functions[0], 2, 4 * KIB, true, true, &bar_ops, NULL);
    pci_function_add_bar(&functions[1], 4, 32 * KIB, true, false, &bar_ops,
                         NULL);
    ck_assert_int_eq(pci_host_add(&host, &functions[0]), 0);
    ck_assert_int_eq(pci_host_add(&host, &functions[1]), 0);

    ck_assert_uint_eq(functions[0].bars[0].assigned_gpa, 0xc0000000);
    ck_assert_uint_eq(functions[0].bars[1].assigned_gpa, 0xc0004000);
    ck_assert_uint_eq(functions[0].bars[2].assigned_gpa, 0x4000000000);
    ck_assert_uint_eq(functions[1].bars[4].assigned_gpa, 0x4000008000);
    /* Memory decoding is still off. */
    ck_assert_uint_eq(mmio.count, 1);
    write_mmio(ecam_at(1, 0, PCI_COMMAND), 2, PCI_COMMAND_MEMORY);
    ck_assert_uint_eq(read_mmio(0xc0004123, 2), 0x123);
    ck_assert_uint_eq(read_mmio(0x4000000010, 1), 0x10);
}
END_TEST

START_TEST(wide_bar_falls_back_to_the_low_window)
{
    pci_function_add_bar(&functions[0], 0, 64 * KIB, true, true, &bar_ops,
                         NULL);
    pci_function_add_bar(&functions[1], 0, 16 * KIB, true, true, &bar_ops,
                         NULL);
    ck_assert_int_eq(pci_host_add(&host, &functions[0]), 0);
    ck_assert_int_eq(pci_host_add(&host, &functions[1]), 0);
    ck_assert_uint_eq(functions[1].bars[0].assigned_gpa, 0xc0000000);
}
END_TEST

START_TEST(function_whose_bars_do_not_fit_takes_nothing)
{
    pci_function_add_bar(&functions[0], 0, 16 * KIB, false, false, &bar_ops,
                         NULL);
    pci_function_add_bar(&functions[0], 1, 64 * KIB, false, false, &bar_ops,
                         NULL);
    ck_assert_int_eq(pci_host_add(&host, &functions[0]), -ENOSPC);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_ptr_nonnull(strstr(capture.last, "64 KiB of BAR 1"));

    pci_function_add_bar(&functions[1], 0, 64 * KIB, false, false, &bar_ops,
                         NULL);
    ck_assert_int_eq(pci_host_add(&host, &functions[1]), 0);
    ck_assert_uint_eq(functions[1].slot, 1);
    ck_assert_uint_eq(functions[1].bars[0].assigned_gpa, 0xc0000000);
}
END_TEST

START_TEST(bar_greater_than_any_window_does_not_wrap)
{
    pci_function_add_bar(&functions[0], 0, UINT64_C(1) << 63, true, true,
                         &bar_ops, NULL);
    ck_assert_int_eq(pci_host_add(&host, &functions[0]), -ENOSPC);
}
END_TEST

START_TEST(ecam_serves_every_width)
{
    ck_assert_int_eq(pci_host_add(&host, &functions[0]), 0);
    ck_assert_uint_eq(read_mmio(ecam_at(1, 0, 0), 1), 0xf4);
    ck_assert_uint_eq(read_mmio(ecam_at(1, 0, 2), 2), 0x1041);
    ck_assert_uint_eq(read_mmio(ecam_at(1, 0, 0), 8), 0x10411af4);
    ck_assert_uint_eq(read_mmio(ecam_at(1, 0, 1), 4), 0x0010411a);
    ck_assert_uint_eq(read_mmio(ecam_at(1, 0, 0xfe), 4), 0); /* over 256 */
    write_mmio(ecam_at(1, 0, 0), 8, UINT64_MAX);
    ck_assert_uint_eq(read_mmio(ecam_at(1, 0, PCI_COMMAND), 2),
                      PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
                          PCI_COMMAND_INTX_DISABLE);
    write_mmio(ecam_at(1, 0, PCI_INTERRUPT_LINE - 1), 2, 0x5a00);
    ck_assert_uint_eq(read_mmio(ecam_at(1, 0, PCI_INTERRUPT_LINE), 1), 0x5a);
}
END_TEST

START_TEST(ecam_access_over_the_end_of_a_function_reaches_none)
{
    ck_assert_int_eq(pci_host_add(&host, &functions[0]), 0);
    ck_assert_uint_eq(read_mmio(ecam_at(0, 0, 4094), 4), UINT32_MAX);
    ck_assert_uint_eq(read_mmio(ecam_at(0, 7, 4092), 8), UINT64_MAX);
    write_mmio(ecam_at(0, 0, 4095), 8, UINT64_MAX);
    ck_assert_uint_eq(read_mmio(ecam_at(1, 0, PCI_COMMAND), 2), 0);
    /* The last of all is the last of the region too. */
    ck_assert_uint_eq(read_mmio(ecam_at(31, 7, 4095), 2), UINT16_MAX);
}
END_TEST

START_TEST(address_register_keeps_what_is_an_address)
{
    write_port(ADDRESS_PORT, 4, UINT32_MAX);
    ck_assert_uint_eq(read_port(ADDRESS_PORT, 4), 0x80fffffc);
    write_port(ADDRESS_PORT, 4, ENABLE);
    ck_assert_uint_eq(read_port(ADDRESS_PORT, 4), ENABLE);
}
END_TEST

/* Linux's probe writes a byte to 0xCFB first; chipsets have other registers
 * there. */
START_TEST(address_register_takes_dwords_only)
{
    write_port(ADDRESS_PORT, 4, ENABLE | 0x40);
    for (unsigned i = 0; i < 4; i++) {
        write_port(ADDRESS_PORT + i, 1, 0x01);
        ck_assert_uint_eq(read_port(ADDRESS_PORT + i, 1), UINT8_MAX);
    }
    write_port(ADDRESS_PORT, 2, 0);
    ck_assert_uint_eq(read_port(ADDRESS_PORT + 2, 2), UINT16_MAX);
    ck_assert_uint_eq(read_port(ADDRESS_PORT, 4), ENABLE | 0x40);
}
END_TEST

START_TEST(data_port_has_byte_enables)
{
    ck_assert_int_eq(pci_host_add(&host, &functions[0]), 0);
    write_port(ADDRESS_PORT, 4, ENABLE | 1 << 11 | PCI_VENDOR_ID);
    ck_assert_uint_eq(read_port(DATA_PORT, 4), 0x10411af4);
    ck_assert_uint_eq(read_port(DATA_PORT + 2, 2), 0x1041);
    ck_assert_uint_eq(read_port(DATA_PORT + 1, 1), 0x1a);
    ck_assert_uint_eq(read_port(DATA_PORT + 1, 2), 0x411a);
    ck_assert_uint_eq(read_port(DATA_PORT + 3, 2), UINT16_MAX);

    write_port(ADDRESS_PORT, 4, ENABLE | 1 << 11 | PCI_INTERRUPT_LINE);
    write_port(DATA_PORT, 1, 0x0b);
    ck_assert_uint_eq(read_port(DATA_PORT, 1), 0x0b);
    write_port(ADDRESS_PORT, 4, ENABLE | 1 << 11 | PCI_COMMAND);
    write_port(DATA_PORT + 1, 1, 0x04);
    ck_assert_uint_eq(read_port(DATA_PORT, 2), PCI_COMMAND_INTX_DISABLE);
}
END_TEST

START_TEST(data_port_is_dead_without_the_enable_bit)
{
    write_port(ADDRESS_PORT, 4, 0);
    ck_assert_uint_eq(read_port(DATA_PORT, 4), UINT32_MAX);
    write_port(DATA_PORT, 4, PCI_COMMAND_MEMORY);
    write_port(ADDRESS_PORT, 4, PCI_COMMAND);
    write_port(DATA_PORT, 2, PCI_COMMAND_MEMORY);
    ck_assert_uint_eq(read_mmio(ecam_at(0, 0, PCI_COMMAND), 2), 0);
}
END_TEST

START_TEST(both_ways_lead_to_the_same_registers)
{
    write_port(ADDRESS_PORT, 4, ENABLE | PCI_COMMAND);
    write_port(DATA_PORT, 2, PCI_COMMAND_MASTER);
    ck_assert_uint_eq(read_mmio(ecam_at(0, 0, PCI_COMMAND), 2),
                      PCI_COMMAND_MASTER);
}
END_TEST

START_TEST(ports_may_be_left_out)
{
    struct bus other_mmio;
    static struct pci_host ecam_only;

    bus_init(&other_mmio, "mmio");
    ck_assert_int_eq(pci_host_init(&ecam_only, &layout, &other_mmio, NULL), 0);
    ck_assert_uint_eq(other_mmio.count, 1);
    pci_host_destroy(&ecam_only);
    ck_assert_uint_eq(other_mmio.count, 0);
    bus_destroy(&other_mmio);
}
END_TEST

START_TEST(host_that_finds_its_place_taken_leaves_no_trace)
{
    static struct pci_host second;
    struct pci_host_layout elsewhere = layout;

    ck_assert_int_eq(pci_host_init(&second, &layout, &mmio, &ports), -EEXIST);
    ck_assert_uint_eq(capture.lines, 1);
    elsewhere.ecam_base = 0xa0000000;
    ck_assert_int_eq(pci_host_init(&second, &elsewhere, &mmio, &ports),
                     -EEXIST);
    ck_assert_uint_eq(mmio.count, 1);
    ck_assert_uint_eq(ports.count, 2);
}
END_TEST

START_TEST(reset_resets_every_function)
{
    pci_function_use_intx(&functions[0]);
    pci_function_add_bar(&functions[0], 0, 4 * KIB, false, false, &bar_ops,
                         NULL);
    ck_assert_int_eq(pci_host_add(&host, &functions[0]), 0);
    write_port(ADDRESS_PORT, 4, ENABLE | 0x10);
    write_mmio(ecam_at(1, 0, PCI_COMMAND), 2, PCI_COMMAND_MEMORY);
    write_mmio(ecam_at(1, 0, PCI_BASE_ADDRESS_0), 4, 0xd0000000);
    write_mmio(ecam_at(1, 0, PCI_INTERRUPT_LINE), 1, 0xaa);
    write_mmio(ecam_at(0, 0, PCI_COMMAND), 2, PCI_COMMAND_MASTER);

    pci_host_reset(&host);
    ck_assert_uint_eq(read_port(ADDRESS_PORT, 4), 0);
    ck_assert_uint_eq(read_mmio(ecam_at(1, 0, PCI_COMMAND), 2), 0);
    ck_assert_uint_eq(read_mmio(ecam_at(1, 0, PCI_BASE_ADDRESS_0), 4),
                      0xc0000000);
    ck_assert_uint_eq(read_mmio(ecam_at(1, 0, PCI_INTERRUPT_LINE), 1), 17);
    ck_assert_uint_eq(read_mmio(ecam_at(0, 0, PCI_COMMAND), 2), 0);
    ck_assert_uint_eq(mmio.count, 1);
}
END_TEST

/* Each vCPU switches another function's BAR on and off. */
static void *flip_decoding(void *argument)
{
    const struct pci_function *function = argument;
    uint64_t command = ecam_at(function->slot, 0, PCI_COMMAND);

    for (unsigned i = 0; i < 500; i++) {
        uint64_t value;

        write_mmio(command, 2, PCI_COMMAND_MEMORY);
        value = read_mmio(function->bars[0].assigned_gpa + 5, 1);
        ck_assert_uint_eq(value, 5);
        write_mmio(command, 2, 0);
        (void)read_mmio(ecam_at(1, 0, PCI_COMMAND), 4);
    }
    return NULL;
}

START_TEST(vcpus_may_configure_at_once)
{
    pthread_t vcpus[2];

    for (unsigned i = 0; i < ARRAY_SIZE(vcpus); i++) {
        pci_function_add_bar(&functions[i], 0, 4 * KIB, true, true, &bar_ops,
                             NULL);
        ck_assert_int_eq(pci_host_add(&host, &functions[i]), 0);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(vcpus); i++)
        ck_assert_int_eq(
            pthread_create(&vcpus[i], NULL, flip_decoding, &functions[i]), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(vcpus); i++)
        ck_assert_int_eq(pthread_join(vcpus[i], NULL), 0);
    ck_assert_uint_eq(mmio.count, 1);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, bridge_is_in_slot_0);
    tcase_add_test(tcase, absent_function_reads_as_ones);
    tcase_add_test(tcase, functions_get_slots_in_order_and_gsis_in_turn);
    tcase_add_test(tcase, function_without_intx_has_no_interrupt_line);
    tcase_add_test(tcase, slots_run_out);
    tcase_add_test(tcase, bars_get_aligned_addresses_in_their_window);
    tcase_add_test(tcase, wide_bar_falls_back_to_the_low_window);
    tcase_add_test(tcase, function_whose_bars_do_not_fit_takes_nothing);
    tcase_add_test(tcase, bar_greater_than_any_window_does_not_wrap);
    tcase_add_test(tcase, ecam_serves_every_width);
    tcase_add_test(tcase, ecam_access_over_the_end_of_a_function_reaches_none);
    tcase_add_test(tcase, address_register_keeps_what_is_an_address);
    tcase_add_test(tcase, address_register_takes_dwords_only);
    tcase_add_test(tcase, data_port_has_byte_enables);
    tcase_add_test(tcase, data_port_is_dead_without_the_enable_bit);
    tcase_add_test(tcase, both_ways_lead_to_the_same_registers);
    tcase_add_test(tcase, ports_may_be_left_out);
    tcase_add_test(tcase, host_that_finds_its_place_taken_leaves_no_trace);
    tcase_add_test(tcase, reset_resets_every_function);
    tcase_add_test(tcase, vcpus_may_configure_at_once);
}

int main(void)
{
    return check_main("pci_host", add_tests);
}
