/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_layout.c: ranges of memory, and that nothing lies over another.
 */
#include "tests/support/check_main.h"
#include "vmm/arch.h"
#include "vmm/arm64/memory_map.h"
#include "vmm/bytes.h"

static struct guest_memory_range ranges[GUEST_MEMORY_MAX_REGIONS];

START_TEST(small_memory_is_one_range)
{
    ck_assert_uint_eq(arch_memory_ranges(512 * MIB, ranges), 1);
    ck_assert_uint_eq(ranges[0].gpa, 2 * GIB);
    ck_assert_uint_eq(ranges[0].size, 512 * MIB);
    ck_assert_uint_eq(arch_memory_ranges(30 * GIB, ranges), 1);
    ck_assert_uint_eq(ranges[0].gpa + ranges[0].size, PCI_WINDOW64_BASE);
}
END_TEST

START_TEST(large_memory_goes_on_above_the_window)
{
    ck_assert_uint_eq(arch_memory_ranges(30 * GIB + 4096, ranges), 2);
    ck_assert_uint_eq(ranges[0].size, 30 * GIB);
    ck_assert_uint_eq(ranges[1].gpa, 64 * GIB);
    ck_assert_uint_eq(ranges[1].size, 4096);
}
END_TEST

START_TEST(most_memory_ends_with_40_bits)
{
    ck_assert_uint_eq(arch_memory_ranges(arch_memory_limit(), ranges), 2);
    ck_assert_uint_eq(ranges[1].gpa + ranges[1].size, 1ULL << 40);
    ck_assert_uint_eq(arch_memory_ranges(arch_memory_limit() + 4096, ranges),
                      0);
    ck_assert_uint_eq(arch_memory_ranges(UINT64_MAX, ranges), 0);
}
END_TEST

static const struct {
    uint64_t base, size;
} places[] = {
    {GIC_DISTRIBUTOR_GPA, GIC_DISTRIBUTOR_SIZE},
    {GIC_CPU_INTERFACE_GPA, GIC_CPU_INTERFACE_SIZE},
    {GIC_ITS_GPA, GIC_ITS_SIZE},
    {GIC_REDISTRIBUTORS_GPA, 256ULL * GIC_REDISTRIBUTOR_SIZE},
    {PCI_ECAM_BASE, PCI_ECAM_SIZE},
    {PCI_WINDOW32_BASE, PCI_WINDOW32_SIZE},
    {BOOT_TIMER_GPA, 1},
    {RTC_GPA, RTC_SIZE},
    {SERIAL_GPA, SERIAL_SIZE},
    {PVPANIC_GPA, PVPANIC_SIZE},
    {EXIT_PORT_GPA, 1},
    {DEBUG_EXIT_GPA, DEBUG_EXIT_BYTES},
    {RAM_GPA, RAM_SIZE},
    {PCI_WINDOW64_BASE, PCI_WINDOW64_SIZE},
    {HIGH_RAM_GPA, HIGH_RAM_SIZE},
};

START_TEST(nothing_lies_over_another)
{
    for (unsigned i = 1; i < ARRAY_SIZE(places); i++)
        ck_assert_uint_le(places[i - 1].base + places[i - 1].size,
                          places[i].base);
    /* All but the rest of a large memory fits into 36 bits. */
    ck_assert_uint_le(PCI_WINDOW64_BASE + PCI_WINDOW64_SIZE, 1ULL << 36);
}
END_TEST

START_TEST(every_line_is_a_pin)
{
    const struct machine_layout *layout = arch_machine_layout();

    ck_assert_uint_lt(layout->serial_gsi, layout->pci_first_gsi);
    ck_assert_uint_le(layout->pci_first_gsi + layout->pci_num_gsis,
                      GIC_NUM_SPIS);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, small_memory_is_one_range);
    tcase_add_test(tcase, large_memory_goes_on_above_the_window);
    tcase_add_test(tcase, most_memory_ends_with_40_bits);
    tcase_add_test(tcase, nothing_lies_over_another);
    tcase_add_test(tcase, every_line_is_a_pin);
}

int main(void)
{
    return check_main("layout", add_tests);
}
