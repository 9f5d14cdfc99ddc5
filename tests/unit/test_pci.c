/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_pci.c: configuration space of one function, and where its BARs are.
 */
#include "devices/pci.h"
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "vmm/bytes.h"

#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

#define BAR0_SIZE (16 * KIB) /* 32-bit */
#define BAR2_SIZE (64 * KIB) /* 64-bit, prefetchable: BARs 2 and 3 */
#define BAR0_GPA  UINT64_C(0xe0000000)
#define BAR2_GPA  UINT64_C(0x8000000000)
#define BAR0      ((unsigned)PCI_BASE_ADDRESS_0)
#define BAR2      ((unsigned)PCI_BASE_ADDRESS_2)
#define BAR3      ((unsigned)PCI_BASE_ADDRESS_3)

static struct bus mmio;
static struct pci_function function;
static struct log_capture capture;
static char history[512];

static uint64_t bar_read(void *device, uint64_t offset, unsigned size)
{
    (void)size;
    return *(const uint8_t *)device + offset;
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
/* What reading the first byte of each BAR gives. */
static uint8_t bar0_mark = 0xb0, bar2_mark = 0xb2;

static void note(const char *what, unsigned a, unsigned b)
{
    size_t used = strlen(history);

    (void)snprintf(history + used, sizeof(history) - used, "%s %u %u;", what, a,
                   b);
}

static void note_written(struct pci_function *written, unsigned offset,
                         unsigned size)
{
    ck_assert_ptr_eq(written, &function);
    note("written", offset, size);
}

static void note_reading(struct pci_function *reading, unsigned offset,
                         unsigned size)
{
    ck_assert_ptr_eq(reading, &function);
    note("reading", offset, size);
    /* What is refreshed here is what the guest gets. */
    function.config[0xfc] = 0x77;
}

static uint8_t byte_at(uint64_t gpa)
{
    uint8_t byte;

    bus_read(&mmio, gpa, &byte, 1);
    return byte;
}

/* The region is on the bus on both occasions. */
static void note_mapped(struct pci_function *mapping, unsigned index,
                        bool mapped)
{
    ck_assert_uint_ne(byte_at(mapping->bars[index].region.base), 0xff);
    note(mapped ? "map" : "unmap", index, 0);
}

static const struct pci_function_ops noting_ops = {
    .config_written = note_written,
    .config_reading = note_reading,
    .bar_mapped = note_mapped,
};
static const struct pci_function_ops mapping_ops = {.bar_mapped = note_mapped};
static const struct pci_function_ops no_ops = {0};

static const struct pci_identity identity = {
    .vendor = 0x1af4,
    .device = 0x1041,
    .subsystem_vendor = 0x1234,
    .subsystem = 0x5678,
    .class_code = 0x020000,
    .revision = 9,
};

static void setup(void)
{
    history[0] = '\0';
    log_capture_start(&capture);
    bus_init(&mmio, "mmio");
    pci_function_init(&function, "net", &identity, &mapping_ops, &mmio);
    pci_function_add_bar(&function, 0, BAR0_SIZE, false, false, &bar_ops,
                         &bar0_mark);
    pci_function_add_bar(&function, 2, BAR2_SIZE, true, true, &bar_ops,
                         &bar2_mark);
    pci_function_assign_bar(&function, 0, BAR0_GPA);
    pci_function_assign_bar(&function, 2, BAR2_GPA);
}

static void teardown(void)
{
    pci_function_unmap(&function);
    pci_function_destroy(&function);
    bus_destroy(&mmio);
    log_capture_stop();
}

static uint32_t read32(unsigned offset)
{
    return pci_function_read(&function, offset, 4);
}

static void write32(unsigned offset, uint32_t value)
{
    pci_function_write(&function, offset, 4, value);
}

static void set_command(uint16_t value)
{
    pci_function_write(&function, PCI_COMMAND, 2, value);
}

static uint16_t get_command(void)
{
    return (uint16_t)pci_function_read(&function, PCI_COMMAND, 2);
}

START_TEST(identity_is_where_the_guest_looks)
{
    ck_assert_uint_eq(read32(PCI_VENDOR_ID), 0x10411af4);
    ck_assert_uint_eq(read32(PCI_CLASS_REVISION), 0x02000009);
    ck_assert_uint_eq(read32(PCI_SUBSYSTEM_VENDOR_ID), 0x56781234);
    ck_assert_uint_eq(pci_function_read(&function, PCI_HEADER_TYPE, 1),
                      PCI_HEADER_TYPE_NORMAL);
    ck_assert_uint_eq(pci_function_read(&function, PCI_DEVICE_ID, 2), 0x1041);
    ck_assert_uint_eq(pci_function_read(&function, PCI_CLASS_DEVICE + 1, 1), 2);
}
END_TEST

START_TEST(identity_cannot_be_written)
{
    uint8_t before[PCI_CONFIG_SIZE];

    memcpy(before, function.config, sizeof(before));
    for (unsigned offset = 0; offset < PCI_CONFIG_SIZE; offset += 4)
        if (offset != PCI_COMMAND && offset != PCI_CACHE_LINE_SIZE &&
            offset != PCI_INTERRUPT_LINE && offset != BAR0 && offset != BAR2 &&
            offset != BAR3)
            write32(offset, 0xffffffff);
    ck_assert_mem_eq(function.config, before, sizeof(before));
}
END_TEST

START_TEST(command_has_three_bits_and_status_none)
{
    pci_function_add_capability(&function, PCI_CAP_ID_MSIX, 12);
    write32(PCI_COMMAND, 0xffffffff);
    ck_assert_uint_eq(get_command(), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
                                         PCI_COMMAND_INTX_DISABLE);
    write32(PCI_COMMAND, 0);
    ck_assert_uint_eq(read32(PCI_COMMAND), (uint32_t)PCI_STATUS_CAP_LIST << 16);
}
END_TEST

START_TEST(interrupt_pin_is_there_when_asked_for)
{
    ck_assert_uint_eq(pci_function_read(&function, PCI_INTERRUPT_PIN, 1), 0);
    pci_function_use_intx(&function);
    ck_assert_uint_eq(pci_function_read(&function, PCI_INTERRUPT_PIN, 1), 1);
    pci_function_write(&function, PCI_INTERRUPT_LINE, 2, 0xffa5);
    ck_assert_uint_eq(pci_function_read(&function, PCI_INTERRUPT_LINE, 2),
                      0x01a5);
}
END_TEST

START_TEST(bars_tell_size_and_kind_when_written_with_ones)
{
    write32(BAR0, UINT32_MAX);
    ck_assert_uint_eq(read32(BAR0), 0xffffc000);
    write32(BAR2, UINT32_MAX);
    write32(BAR3, UINT32_MAX);
    ck_assert_uint_eq(read32(BAR2), 0xffff0000 | PCI_BASE_ADDRESS_MEM_TYPE_64 |
                                        PCI_BASE_ADDRESS_MEM_PREFETCH);
    ck_assert_uint_eq(read32(BAR3), 0xffffffff);
    for (unsigned i = 1; i < PCI_NUM_BARS; i += i == 1 ? 3 : 1) {
        write32(BAR0 + 4 * i, UINT32_MAX);
        ck_assert_uint_eq(read32(BAR0 + 4 * i), 0);
    }
    write32(PCI_ROM_ADDRESS, UINT32_MAX);
    ck_assert_uint_eq(read32(PCI_ROM_ADDRESS), 0);
}
END_TEST

START_TEST(bar_above_4_gib_tells_its_size_in_both_halves)
{
    pci_function_add_bar(&function, 4, 8 * GIB, true, true, &bar_ops,
                         &bar0_mark);
    write32(PCI_BASE_ADDRESS_4, UINT32_MAX);
    write32(PCI_BASE_ADDRESS_5, UINT32_MAX);
    ck_assert_uint_eq(read32(PCI_BASE_ADDRESS_4), 0xc);
    ck_assert_uint_eq(read32(PCI_BASE_ADDRESS_5), 0xfffffffe);
}
END_TEST

START_TEST(bars_hold_the_assigned_addresses)
{
    ck_assert_uint_eq(read32(BAR0), BAR0_GPA);
    ck_assert_uint_eq(read32(BAR2) & PCI_BASE_ADDRESS_MEM_MASK, 0);
    ck_assert_uint_eq(read32(BAR3), BAR2_GPA >> 32);
}
END_TEST

START_TEST(bars_appear_and_vanish_with_memory_decoding)
{
    ck_assert_uint_eq(mmio.count, 0);
    set_command(PCI_COMMAND_MASTER);
    ck_assert_uint_eq(mmio.count, 0);
    set_command(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    ck_assert_uint_eq(byte_at(BAR0_GPA), 0xb0);
    ck_assert_uint_eq(byte_at(BAR2_GPA), 0xb2);
    ck_assert_uint_eq(byte_at(BAR2_GPA + 3), 0xb5);
    ck_assert_uint_eq(byte_at(BAR0_GPA + BAR0_SIZE), 0xff);
    /* Once: nothing moves while nothing changes. */
    set_command(PCI_COMMAND_MEMORY);
    set_command(PCI_COMMAND_MASTER);
    ck_assert_uint_eq(mmio.count, 0);
    ck_assert_str_eq(history, "map 0 0;map 2 0;unmap 0 0;unmap 2 0;");
    ck_assert_uint_eq(capture.lines, 0);

    set_command(PCI_COMMAND_MEMORY);
    pci_function_write(&function, PCI_COMMAND + 1, 1, 0);
    ck_assert_uint_eq(mmio.count, 2);
    pci_function_write(&function, PCI_COMMAND, 1, 0);
    ck_assert_uint_eq(mmio.count, 0);
}
END_TEST

START_TEST(bar_follows_the_guest)
{
    set_command(PCI_COMMAND_MEMORY);
    write32(BAR0, 0xd0003fff); /* low bits are not address */
    ck_assert_uint_eq(read32(BAR0), 0xd0000000);
    ck_assert_uint_eq(byte_at(0xd0000000), 0xb0);
    ck_assert_uint_eq(byte_at(BAR0_GPA), 0xff);
    /* Same place again: stays mapped all the while. */
    write32(BAR0, 0xd0000000);
    ck_assert_str_eq(history, "map 0 0;map 2 0;unmap 0 0;map 0 0;");
    pci_function_write(&function, BAR0 + 3, 1, 0xd1);
    ck_assert_uint_eq(byte_at(0xd1000000), 0xb0);
}
END_TEST

START_TEST(bar_moves_while_decoding_is_off)
{
    write32(BAR2, 0x10000);
    write32(BAR3, 0x90);
    ck_assert_uint_eq(mmio.count, 0);
    set_command(PCI_COMMAND_MEMORY);
    ck_assert_uint_eq(byte_at(0x9000010000), 0xb2);
    ck_assert_uint_eq(byte_at(BAR2_GPA), 0xff);
    ck_assert_str_eq(history, "map 0 0;map 2 0;");
}
END_TEST

START_TEST(sizing_with_decoding_on_harms_nothing)
{
    set_command(PCI_COMMAND_MEMORY);
    write32(BAR0, UINT32_MAX);
    ck_assert_uint_eq(mmio.count, 1);
    write32(BAR2, UINT32_MAX);
    write32(BAR3, UINT32_MAX);
    ck_assert_uint_eq(mmio.count, 0);
    write32(BAR0, (uint32_t)BAR0_GPA);
    write32(BAR2, (uint32_t)BAR2_GPA);
    write32(BAR3, (uint32_t)(BAR2_GPA >> 32));
    ck_assert_uint_eq(byte_at(BAR0_GPA), 0xb0);
    ck_assert_uint_eq(byte_at(BAR2_GPA), 0xb2);
}
END_TEST

START_TEST(bar_at_zero_is_not_mapped)
{
    set_command(PCI_COMMAND_MEMORY);
    write32(BAR0, 0);
    ck_assert_uint_eq(mmio.count, 1);
    ck_assert_uint_eq(byte_at(0), 0xff);
}
END_TEST

static struct bus_region other = {.name = "other",
                                  .base = 0xd0002000,
                                  .size = 0x1000,
                                  .ops = &bar_ops,
                                  .device = &bar2_mark};

START_TEST(bar_over_another_region_stays_off_the_bus)
{
    ck_assert_int_eq(bus_add(&mmio, &other), 0);
    set_command(PCI_COMMAND_MEMORY);
    write32(BAR0, 0xd0000000);
    ck_assert_uint_eq(read32(BAR0), 0xd0000000); /* it is still a register */
    ck_assert_uint_eq(byte_at(0xd0000000), 0xff);
    ck_assert_uint_eq(byte_at(0xd0002000), 0xb2);
    ck_assert_str_eq(history, "map 0 0;map 2 0;unmap 0 0;");
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_ptr_nonnull(strstr(capture.last, "BAR 0 at 0xd0000000"));
    write32(BAR0, 0xd0004000);
    ck_assert_uint_eq(byte_at(0xd0004000), 0xb0);
    bus_remove(&mmio, &other);
}
END_TEST

START_TEST(overlap_again_and_again_does_not_flood_the_log)
{
    ck_assert_int_eq(bus_add(&mmio, &other), 0);
    set_command(PCI_COMMAND_MEMORY);
    for (unsigned i = 0; i < 1000; i++)
        write32(BAR0, 0xd0000000);
    ck_assert_uint_eq(capture.lines, 10);
    bus_remove(&mmio, &other);
}
END_TEST

START_TEST(bar_takes_the_place_that_another_leaves)
{
    set_command(PCI_COMMAND_MEMORY);
    write32(BAR2, (uint32_t)BAR0_GPA);
    write32(BAR3, 0); /* over BAR 0, which was there first */
    ck_assert_uint_eq(byte_at(BAR0_GPA), 0xb0);
    write32(BAR0, 0xd0000000);
    ck_assert_uint_eq(byte_at(BAR0_GPA), 0xb2);
    ck_assert_uint_eq(byte_at(0xd0000000), 0xb0);
}
END_TEST

START_TEST(bar_may_end_at_4_gib_and_beyond)
{
    set_command(PCI_COMMAND_MEMORY);
    write32(BAR2, 0xffff0000);
    write32(BAR3, 0);
    ck_assert_uint_eq(byte_at(0xffffffff), 0xb1); /* 0xb2 + 0xffff */
    write32(BAR3, 0xfffffffe);
    ck_assert_uint_eq(byte_at(0xfffffffeffff0000), 0xb2);
}
END_TEST

START_TEST(capabilities_form_a_list_of_aligned_entries)
{
    unsigned first, second;

    ck_assert_uint_eq(pci_function_read(&function, PCI_STATUS, 2), 0);
    ck_assert_uint_eq(read32(PCI_CAPABILITY_LIST), 0);
    first = pci_function_add_capability(&function, 0x09, 17);
    second = pci_function_add_capability(&function, 0x11, 12);
    ck_assert_uint_eq(first, 0x40);
    ck_assert_uint_eq(second, 0x54);
    ck_assert_uint_eq(read32(PCI_CAPABILITY_LIST), first);
    ck_assert_uint_eq(read32(first), 0x09 | second << 8);
    ck_assert_uint_eq(read32(second), 0x11);
    ck_assert_uint_eq(pci_function_read(&function, PCI_STATUS, 2),
                      PCI_STATUS_CAP_LIST);
}
END_TEST

START_TEST(capabilities_may_fill_the_space)
{
    ck_assert_uint_eq(pci_function_add_capability(&function, 0x09, 0xbc), 0x40);
    ck_assert_uint_eq(pci_function_add_capability(&function, 0x09, 4), 0xfc);
    ck_assert_uint_eq(read32(0xfc), 0x09);
    ck_assert_uint_eq(function.next_free, 0);
}
END_TEST

START_TEST(capability_is_read_only_except_where_allowed)
{
    unsigned offset = pci_function_add_capability(&function, 0x11, 12);

    store_le16(function.writable + offset + 2, 0xc000);
    write32(offset, UINT32_MAX);
    ck_assert_uint_eq(read32(offset), 0xc0000011);
    pci_function_write(&function, offset + 3, 1, 0x40);
    ck_assert_uint_eq(read32(offset), 0x40000011);
}
END_TEST

START_TEST(space_beyond_256_bytes_reads_as_zero)
{
    function.ops = &noting_ops;
    for (unsigned offset = PCI_CONFIG_SIZE; offset < 4096; offset += 4) {
        write32(offset, UINT32_MAX);
        ck_assert_uint_eq(read32(offset), 0);
    }
    ck_assert_str_eq(history, "");
}
END_TEST

START_TEST(device_hears_of_each_access)
{
    function.ops = &noting_ops;
    write32(PCI_COMMAND, PCI_COMMAND_MEMORY);
    pci_function_write(&function, 0x3d, 1, 5);
    ck_assert_uint_eq(read32(0xfc), 0x77);
    /* The BARs are in their places before the device hears. */
    ck_assert_str_eq(history,
                     "map 0 0;map 2 0;written 4 4;written 61 1;reading 252 4;");
}
END_TEST

START_TEST(device_need_not_listen)
{
    function.ops = &no_ops;
    set_command(PCI_COMMAND_MEMORY);
    ck_assert_uint_eq(byte_at(BAR0_GPA), 0xb0);
    set_command(0);
    ck_assert_uint_eq(byte_at(BAR0_GPA), 0xff);
}
END_TEST

START_TEST(reset_brings_back_the_assigned_addresses_unmapped)
{
    unsigned offset = pci_function_add_capability(&function, 0x11, 12);

    store_le16(function.writable + offset + 2, 0xc000);
    write32(offset, UINT32_MAX);
    set_command(PCI_COMMAND_MEMORY);
    write32(BAR0, 0xd0000000);
    write32(BAR3, 0x99);
    history[0] = '\0';

    pci_function_reset(&function);
    ck_assert_str_eq(history, "unmap 0 0;unmap 2 0;");
    ck_assert_uint_eq(mmio.count, 0);
    ck_assert_uint_eq(get_command(), 0);
    ck_assert_uint_eq(read32(offset), 0x11);
    ck_assert_uint_eq(read32(PCI_VENDOR_ID), 0x10411af4);
    set_command(PCI_COMMAND_MEMORY);
    ck_assert_uint_eq(byte_at(BAR0_GPA), 0xb0);
    ck_assert_uint_eq(byte_at(BAR2_GPA), 0xb2);
}
END_TEST

START_TEST(unmapping_takes_the_bars_off_the_bus)
{
    set_command(PCI_COMMAND_MEMORY);
    pci_function_unmap(&function);
    pci_function_destroy(&function);
    ck_assert_uint_eq(mmio.count, 0);
    ck_assert_str_eq(history, "map 0 0;map 2 0;unmap 0 0;unmap 2 0;");
    pci_function_init(&function, "net", &identity, &no_ops, &mmio);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, identity_is_where_the_guest_looks);
    tcase_add_test(tcase, identity_cannot_be_written);
    tcase_add_test(tcase, command_has_three_bits_and_status_none);
    tcase_add_test(tcase, interrupt_pin_is_there_when_asked_for);
    tcase_add_test(tcase, bars_tell_size_and_kind_when_written_with_ones);
    tcase_add_test(tcase, bar_above_4_gib_tells_its_size_in_both_halves);
    tcase_add_test(tcase, bars_hold_the_assigned_addresses);
    tcase_add_test(tcase, bars_appear_and_vanish_with_memory_decoding);
    tcase_add_test(tcase, bar_follows_the_guest);
    tcase_add_test(tcase, bar_moves_while_decoding_is_off);
    tcase_add_test(tcase, sizing_with_decoding_on_harms_nothing);
    tcase_add_test(tcase, bar_at_zero_is_not_mapped);
    tcase_add_test(tcase, bar_over_another_region_stays_off_the_bus);
    tcase_add_test(tcase, overlap_again_and_again_does_not_flood_the_log);
    tcase_add_test(tcase, bar_takes_the_place_that_another_leaves);
    tcase_add_test(tcase, bar_may_end_at_4_gib_and_beyond);
    tcase_add_test(tcase, capabilities_form_a_list_of_aligned_entries);
    tcase_add_test(tcase, capabilities_may_fill_the_space);
    tcase_add_test(tcase, capability_is_read_only_except_where_allowed);
    tcase_add_test(tcase, space_beyond_256_bytes_reads_as_zero);
    tcase_add_test(tcase, device_hears_of_each_access);
    tcase_add_test(tcase, device_need_not_listen);
    tcase_add_test(tcase, reset_brings_back_the_assigned_addresses_unmapped);
    tcase_add_test(tcase, unmapping_takes_the_bars_off_the_bus);
}

int main(void)
{
    return check_main("pci", add_tests);
}
