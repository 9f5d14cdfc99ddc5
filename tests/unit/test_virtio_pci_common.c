/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_pci_common.c: the registers of the common configuration, their
 * widths, and what reads back from them.
 */
#include "devices/virtio_pci_common.h"
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/virtio_bench.h"
#include "vmm/compiler.h"

#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <string.h>

static struct virtio_bench bench;
static struct log_capture capture;

static void setup(void)
{
    log_capture_start(&capture);
    virtio_bench_init(&bench);
    ck_assert_int_eq(virtio_bench_plug(&bench), 0);
}

static void teardown(void)
{
    virtio_bench_unplug(&bench);
    ck_assert_str_eq(fake_backend_violation(&bench.fake), "");
    virtio_bench_destroy(&bench);
    log_capture_stop();
}

static uint64_t get(unsigned offset, unsigned size)
{
    return virtio_pci_common_read(&bench.pci, offset, size);
}

static void set(unsigned offset, unsigned size, uint64_t value)
{
    virtio_pci_common_write(&bench.pci, offset, size, value);
}

struct field {
    unsigned offset, size; /* bytes */
    bool is_writable;      /* and keeps what is written, at reset */
};

static const struct field fields[] = {
    {VIRTIO_PCI_COMMON_DFSELECT, 4, true},
    {VIRTIO_PCI_COMMON_DF, 4, false},
    {VIRTIO_PCI_COMMON_GFSELECT, 4, true},
    {VIRTIO_PCI_COMMON_GF, 4, true},
    {VIRTIO_PCI_COMMON_MSIX, 2, true},
    {VIRTIO_PCI_COMMON_NUMQ, 2, false},
    {VIRTIO_PCI_COMMON_STATUS, 1, true},
    {VIRTIO_PCI_COMMON_CFGGENERATION, 1, false},
    {VIRTIO_PCI_COMMON_Q_SELECT, 2, true},
    {VIRTIO_PCI_COMMON_Q_SIZE, 2, true},
    {VIRTIO_PCI_COMMON_Q_MSIX, 2, true},
    {VIRTIO_PCI_COMMON_Q_ENABLE, 2, true},
    {VIRTIO_PCI_COMMON_Q_NOFF, 2, false},
    {VIRTIO_PCI_COMMON_Q_DESCLO, 4, true},
    {VIRTIO_PCI_COMMON_Q_DESCHI, 4, true},
    {VIRTIO_PCI_COMMON_Q_AVAILLO, 4, true},
    {VIRTIO_PCI_COMMON_Q_AVAILHI, 4, true},
    {VIRTIO_PCI_COMMON_Q_USEDLO, 4, true},
    {VIRTIO_PCI_COMMON_Q_USEDHI, 4, true},
};

static const struct field *field_at(unsigned offset, unsigned size)
{
    for (unsigned i = 0; i < ARRAY_SIZE(fields); i++)
        if (fields[i].offset == offset && fields[i].size == size)
            return &fields[i];
    return NULL;
}

START_TEST(fields_fill_the_structure)
{
    unsigned end = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
        ck_assert_uint_eq(fields[i].offset, end);
        end += fields[i].size;
    }
    ck_assert_uint_eq(end, VIRTIO_PCI_COMMON_SIZE);
}
END_TEST

static void check_power_on_values(void)
{
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_DF, 4),
                      (uint32_t)bench.fake.offered);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_GF, 4), 0);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_MSIX, 2), 0xffff);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_NUMQ, 2), 3);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 0);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_SELECT, 2), 0);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_SIZE, 2), 256);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_MSIX, 2), 0xffff);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_DESCLO, 4), 0);
}

START_TEST(registers_start_as_the_specification_says)
{
    check_power_on_values();
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(access_of_another_width_does_nothing)
{
    for (unsigned offset = 0; offset < VIRTIO_PCI_COMMON_SIZE; offset++)
        for (unsigned size = 1; size <= 4; size *= 2) {
            if (field_at(offset, size))
                continue;
            set(offset, size, UINT64_MAX);
            ck_assert_uint_eq(get(offset, size), 0);
        }
    ck_assert_uint_eq(capture.lines, 10); /* and no more */
    check_power_on_values();
}
END_TEST

START_TEST(read_only_registers_keep_their_values)
{
    for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
        uint64_t before = get(fields[i].offset, fields[i].size);

        if (fields[i].is_writable)
            continue;
        set(fields[i].offset, fields[i].size, ~before);
        ck_assert_uint_eq(get(fields[i].offset, fields[i].size), before);
    }
    ck_assert_uint_eq(capture.lines, 4);
}
END_TEST

START_TEST(features_are_read_and_written_by_word)
{
    set(VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_DF, 4), 1);
    set(VIRTIO_PCI_COMMON_DFSELECT, 4, 2);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_DF, 4), 0);
    set(VIRTIO_PCI_COMMON_DFSELECT, 4, 0xffffffff);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_DFSELECT, 4), 0xffffffff);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_DF, 4), 0);

    set(VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
    set(VIRTIO_PCI_COMMON_GF, 4, 0x12345678);
    set(VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_GF, 4), 0);
    set(VIRTIO_PCI_COMMON_GF, 4, 0x9abcdef0);
    set(VIRTIO_PCI_COMMON_GFSELECT, 4, 33); /* no such word */
    set(VIRTIO_PCI_COMMON_GF, 4, 0xffffffff);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_GF, 4), 0);
    set(VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_GF, 4), 0x12345678);
}
END_TEST

START_TEST(queue_registers_are_those_of_the_selected_queue)
{
    for (unsigned i = 0; i < 3; i++) {
        set(VIRTIO_PCI_COMMON_Q_SELECT, 2, i);
        set(VIRTIO_PCI_COMMON_Q_SIZE, 2, 16U << i);
        set(VIRTIO_PCI_COMMON_Q_DESCLO, 4, 0x1000 + i);
        set(VIRTIO_PCI_COMMON_Q_DESCHI, 4, 0x2000 + i);
        set(VIRTIO_PCI_COMMON_Q_AVAILHI, 4, 0x3000 + i);
        set(VIRTIO_PCI_COMMON_Q_USEDLO, 4, 0x4000 + i);
        set(VIRTIO_PCI_COMMON_Q_MSIX, 2, i);
    }
    for (unsigned i = 0; i < 3; i++) {
        set(VIRTIO_PCI_COMMON_Q_SELECT, 2, i);
        ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_SELECT, 2), i);
        ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_SIZE, 2), 16U << i);
        ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_DESCLO, 4), 0x1000 + i);
        ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_DESCHI, 4), 0x2000 + i);
        ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_AVAILLO, 4), 0);
        ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_AVAILHI, 4), 0x3000 + i);
        ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_USEDLO, 4), 0x4000 + i);
        ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_USEDHI, 4), 0);
        ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_MSIX, 2), i);
    }
}
END_TEST

START_TEST(queue_that_does_not_exist_has_size_zero_and_no_vector)
{
    const unsigned indices[] = {3, 255, 256, 0xffff};

    for (unsigned i = 0; i < ARRAY_SIZE(indices); i++) {
        set(VIRTIO_PCI_COMMON_Q_SELECT, 2, indices[i]);
        set(VIRTIO_PCI_COMMON_Q_SIZE, 2, 64);
        set(VIRTIO_PCI_COMMON_Q_MSIX, 2, 0);
        set(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
        set(VIRTIO_PCI_COMMON_Q_DESCLO, 4, 0x1000);
        ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_SELECT, 2), indices[i]);
        ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_SIZE, 2), 0);
        ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_MSIX, 2), 0xffff);
        ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
        ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_DESCLO, 4), 0);
    }
}
END_TEST

START_TEST(addresses_may_be_written_as_64_bits)
{
    set(VIRTIO_PCI_COMMON_Q_DESCLO, 8, 0x123456789abcdef0);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_DESCLO, 4), 0x9abcdef0);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_DESCHI, 4), 0x12345678);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_DESCLO, 8), 0x123456789abcdef0);
    set(VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_DFSELECT, 8), 0x100000001);
}
END_TEST

START_TEST(vectors_that_do_not_exist_are_refused)
{
    set(VIRTIO_PCI_COMMON_MSIX, 2, 3);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_MSIX, 2), 3);
    set(VIRTIO_PCI_COMMON_MSIX, 2, 4);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_MSIX, 2), 0xffff);
}
END_TEST

START_TEST(writing_zero_to_status_resets_at_once)
{
    set(VIRTIO_PCI_COMMON_STATUS, 1, 3);
    set(VIRTIO_PCI_COMMON_MSIX, 2, 1);
    set(VIRTIO_PCI_COMMON_Q_SIZE, 2, 64);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 3);
    set(VIRTIO_PCI_COMMON_STATUS, 1, 0);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_STATUS, 1), 0);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_MSIX, 2), 0xffff);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_SIZE, 2), 256);
}
END_TEST

START_TEST(generation_follows_the_configuration)
{
    uint64_t generation = get(VIRTIO_PCI_COMMON_CFGGENERATION, 1);

    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_CFGGENERATION, 1), generation);
    virtio_device_write_config(&bench.pci.device, 0, 1, 0x99);
    ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_CFGGENERATION, 1), generation + 1);
}
END_TEST

START_TEST(notification_offsets_differ)
{
    uint64_t last = 0;

    for (unsigned i = 0; i < 3; i++) {
        set(VIRTIO_PCI_COMMON_Q_SELECT, 2, i);
        if (i > 0)
            ck_assert_uint_gt(get(VIRTIO_PCI_COMMON_Q_NOFF, 2), last);
        last = get(VIRTIO_PCI_COMMON_Q_NOFF, 2);
    }
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, fields_fill_the_structure);
    tcase_add_test(tcase, registers_start_as_the_specification_says);
    tcase_add_test(tcase, access_of_another_width_does_nothing);
    tcase_add_test(tcase, read_only_registers_keep_their_values);
    tcase_add_test(tcase, features_are_read_and_written_by_word);
    tcase_add_test(tcase, queue_registers_are_those_of_the_selected_queue);
    tcase_add_test(tcase,
                   queue_that_does_not_exist_has_size_zero_and_no_vector);
    tcase_add_test(tcase, addresses_may_be_written_as_64_bits);
    tcase_add_test(tcase, vectors_that_do_not_exist_are_refused);
    tcase_add_test(tcase, writing_zero_to_status_resets_at_once);
    tcase_add_test(tcase, generation_follows_the_configuration);
    tcase_add_test(tcase, notification_offsets_differ);
}

int main(void)
{
    return check_main("virtio_pci_common", add_tests);
}
