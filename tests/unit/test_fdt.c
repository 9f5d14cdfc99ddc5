/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_fdt.c: what the device tree says, read back from it.
 */
#include "tests/support/check_main.h"
#include "vmm/arch.h"
#include "vmm/arm64/fdt.h"
#include "vmm/arm64/memory_map.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

static uint8_t blob[DEVICE_TREE_SIZE];
static struct guest_memory memory;
static struct fdt_machine machine;

static void setup(void)
{
    memory = (struct guest_memory){
        .count = 2,
        .regions = {{.gpa = RAM_GPA, .size = RAM_SIZE},
                    {.gpa = HIGH_RAM_GPA, .size = GIB}},
    };
    machine = (struct fdt_machine){
        .memory = &memory,
        .num_cpus = 2,
        .mpidrs = {0, 1},
        .is_gicv3 = true,
        .has_its = true,
        .command_line = "console=ttyS0",
        .initrd_gpa = 0x82000000,
        .initrd_size = 1000,
    };
}

static void describe(void)
{
    ck_assert_int_eq(fdt_describe(&machine, blob, sizeof(blob)), 0);
    ck_assert_int_eq(fdt_check_full(blob, sizeof(blob)), 0);
}

static int node(const char *path)
{
    int offset = fdt_path_offset(blob, path);

    ck_assert_msg(offset >= 0, "no %s", path);
    return offset;
}

static bool has_property(const char *path, const char *name)
{
    return fdt_getprop(blob, node(path), name, NULL) != NULL;
}

static const char *text(const char *path, const char *name)
{
    const char *value = fdt_getprop(blob, node(path), name, NULL);

    ck_assert_msg(value != NULL, "no %s in %s", name, path);
    return value;
}

/* Cell `index` of a property that has `count` of them. */
static uint32_t cell(const char *path, const char *name, unsigned index,
                     unsigned count)
{
    int size;
    const uint8_t *value = fdt_getprop(blob, node(path), name, &size);

    ck_assert_msg(value != NULL, "no %s in %s", name, path);
    ck_assert_int_eq(size, (int)(4 * count));
    return fdt32_ld((const fdt32_t *)(const void *)(value + (size_t)4 * index));
}

static uint64_t two_cells(const char *path, const char *name, unsigned index,
                          unsigned count)
{
    return (uint64_t)cell(path, name, index, count) << 32 |
           cell(path, name, index + 1, count);
}

static void check_region(const char *path, uint64_t base, uint64_t size)
{
    ck_assert_uint_eq(two_cells(path, "reg", 0, 4), base);
    ck_assert_uint_eq(two_cells(path, "reg", 2, 4), size);
}

START_TEST(kernel_is_told_what_to_do)
{
    describe();
    ck_assert_str_eq(text("/chosen", "bootargs"), "console=ttyS0");
    ck_assert_uint_eq(cell("/chosen", "linux,initrd-start", 0, 1), 0x82000000);
    ck_assert_uint_eq(cell("/chosen", "linux,initrd-end", 0, 1),
                      0x82000000 + 1000);
    ck_assert(!has_property("/chosen", "rng-seed"));
    machine.initrd_size = 0;
    describe();
    ck_assert(!has_property("/chosen", "linux,initrd-start"));
}
END_TEST

START_TEST(initrd_may_end_above_4_gib)
{
    machine.initrd_size = 2 * GIB;
    describe();
    ck_assert_uint_eq(cell("/chosen", "linux,initrd-start", 0, 1), 0x82000000);
    ck_assert_uint_eq(two_cells("/chosen", "linux,initrd-end", 0, 2),
                      0x82000000 + 2 * GIB);
}
END_TEST

START_TEST(console_is_the_serial_port_at_its_place)
{
    const struct machine_layout *layout = arch_machine_layout();

    describe();
    ck_assert_str_eq(text(text("/chosen", "stdout-path"), "compatible"),
                     "ns16550a");
    check_region(text("/chosen", "stdout-path"), layout->serial_base, 8);
    ck_assert_uint_eq(cell("/serial@40020000", "interrupts", 1, 3),
                      layout->serial_gsi);
}
END_TEST

START_TEST(seed_goes_in_once_each)
{
    uint8_t seed[FDT_SEED_SIZE];
    int size;

    for (unsigned i = 0; i < sizeof(seed); i++)
        seed[i] = (uint8_t)i;
    machine.seed = seed;
    describe();
    ck_assert_int_eq(
        memcmp(fdt_getprop(blob, node("/chosen"), "kaslr-seed", &size), seed,
               8),
        0);
    ck_assert_int_eq(size, 8);
    ck_assert_int_eq(
        memcmp(fdt_getprop(blob, node("/chosen"), "rng-seed", &size), seed + 8,
               sizeof(seed) - 8),
        0);
    ck_assert_int_eq(size, (int)sizeof(seed) - 8);
}
END_TEST

START_TEST(all_memory_is_there)
{
    describe();
    check_region("/memory@80000000", RAM_GPA, RAM_SIZE);
    check_region("/memory@1000000000", HIGH_RAM_GPA, GIB);
}
END_TEST

/* As KVM numbers them: sixteen a cluster. */
START_TEST(there_may_be_255_processors)
{
    char path[32];

    machine.num_cpus = 255;
    for (unsigned i = 0; i < 255; i++)
        machine.mpidrs[i] = (i & 0xf) | (i >> 4) << 8;
    describe();
    for (unsigned i = 0; i < 255; i++) {
        snprintf(path, sizeof(path), "/cpus/cpu@%x", machine.mpidrs[i]);
        ck_assert_uint_eq(cell(path, "reg", 0, 1), machine.mpidrs[i]);
        ck_assert_str_eq(text(path, "enable-method"), "psci");
    }
    /* Before ECAM begins. */
    ck_assert_uint_eq(two_cells("/interrupt-controller@8000000", "reg", 4, 8),
                      GIC_REDISTRIBUTORS_GPA);
    ck_assert_uint_eq(two_cells("/interrupt-controller@8000000", "reg", 6, 8),
                      UINT64_C(255) * GIC_REDISTRIBUTOR_SIZE);
    ck_assert_uint_le(GIC_REDISTRIBUTORS_GPA +
                          UINT64_C(256) * GIC_REDISTRIBUTOR_SIZE,
                      PCI_ECAM_BASE);
}
END_TEST

#define PCIE "/pcie@ff00000"

START_TEST(pci_is_where_the_layout_has_it)
{
    const struct machine_layout *layout = arch_machine_layout();

    describe();
    check_region(PCIE, layout->pci_ecam_base, MIB);
    ck_assert_uint_eq(cell(PCIE, "ranges", 0, 14), 0x02000000);
    ck_assert_uint_eq(two_cells(PCIE, "ranges", 3, 14),
                      layout->pci_window32_base);
    ck_assert_uint_eq(two_cells(PCIE, "ranges", 5, 14),
                      layout->pci_window32_size);
    ck_assert_uint_eq(cell(PCIE, "ranges", 7, 14), 0x03000000);
    ck_assert_uint_eq(two_cells(PCIE, "ranges", 10, 14),
                      layout->pci_window64_base);
    ck_assert_uint_eq(two_cells(PCIE, "ranges", 12, 14),
                      layout->pci_window64_size);
}
END_TEST

/* devices/pci_host.h: slot n has GSI first_gsi + n % num_gsis. */
START_TEST(each_slot_has_the_interrupt_that_it_raises)
{
    const struct machine_layout *layout = arch_machine_layout();
    unsigned lines = layout->pci_num_gsis;

    describe();
    for (unsigned slot = 0; slot < 32; slot++) {
        uint32_t unit = slot << 11 & cell(PCIE, "interrupt-map-mask", 0, 4);
        unsigned line = 0;

        while (line < lines &&
               cell(PCIE, "interrupt-map", 10 * line, 10 * lines) != unit)
            line++;
        ck_assert_uint_lt(line, lines);
        ck_assert_uint_eq(
            cell(PCIE, "interrupt-map", 10 * line + 8, 10 * lines),
            layout->pci_first_gsi + slot % lines);
    }
}
END_TEST

START_TEST(messages_go_to_the_its_under_the_devices_own_number)
{
    const char *its = "/interrupt-controller@8000000/msi-controller@8080000";

    describe();
    ck_assert_uint_eq(cell(PCIE, "msi-map", 0, 4), 0);
    ck_assert_uint_eq(cell(PCIE, "msi-map", 1, 4), cell(its, "phandle", 0, 1));
    ck_assert_uint_eq(cell(PCIE, "msi-map", 2, 4), 0);
    ck_assert_uint_eq(cell(PCIE, "msi-map", 3, 4), 0x10000);
}
END_TEST

START_TEST(gicv2_has_no_messages)
{
    machine.is_gicv3 = machine.has_its = false;
    describe();
    ck_assert_str_eq(text("/interrupt-controller@8000000", "compatible"),
                     "arm,cortex-a15-gic");
    ck_assert_uint_eq(two_cells("/interrupt-controller@8000000", "reg", 4, 8),
                      GIC_CPU_INTERFACE_GPA);
    ck_assert(!has_property(PCIE, "msi-map"));
}
END_TEST

START_TEST(small_devices_are_where_the_layout_has_them)
{
    const struct machine_layout *layout = arch_machine_layout();

    describe();
    check_region("/rtc@40010000", layout->rtc_base, RTC_SIZE);
    check_region("/pvpanic@40030000", layout->pvpanic_base, PVPANIC_SIZE);
    ck_assert_str_eq(text("/psci", "method"), "hvc");
    ck_assert_int_lt(fdt_path_offset(blob, "/pmu"), 0);
    machine.has_counters = true;
    describe();
    ck_assert_uint_eq(cell("/pmu", "interrupts", 1, 3), PMU_PPI);
}
END_TEST

START_TEST(tree_that_does_not_fit_is_an_error)
{
    static char long_line[4000];
    int error = 0;

    memset(long_line, 'x', sizeof(long_line) - 1);
    machine.command_line = long_line;
    for (size_t size = 0; size < 4000; size++) {
        error = fdt_describe(&machine, blob, size);
        ck_assert_int_ne(error, 0);
    }
    ck_assert_int_eq(error, -ENOSPC);
    describe();
    ck_assert_uint_gt(fdt_size(blob), sizeof(long_line));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, kernel_is_told_what_to_do);
    tcase_add_test(tcase, initrd_may_end_above_4_gib);
    tcase_add_test(tcase, console_is_the_serial_port_at_its_place);
    tcase_add_test(tcase, seed_goes_in_once_each);
    tcase_add_test(tcase, all_memory_is_there);
    tcase_add_test(tcase, there_may_be_255_processors);
    tcase_add_test(tcase, pci_is_where_the_layout_has_it);
    tcase_add_test(tcase, each_slot_has_the_interrupt_that_it_raises);
    tcase_add_test(tcase, messages_go_to_the_its_under_the_devices_own_number);
    tcase_add_test(tcase, gicv2_has_no_messages);
    tcase_add_test(tcase, small_devices_are_where_the_layout_has_them);
    tcase_add_test(tcase, tree_that_does_not_fit_is_an_error);
}

int main(void)
{
    return check_main("fdt", add_tests);
}
