/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_acpi.c: the tables, found and checked as an operating system does it.
 *
 * Offsets are those of ACPI 6.5, chapter 5, and of the PCI Firmware
 * Specification 3.3, 4.1.2.
 */
#include "tests/support/boot_image.h"
#include "tests/support/check_main.h"
#include "vmm/bytes.h"
#include "vmm/x86/acpi.h"
#include "vmm/x86/memory_map.h"

#include <errno.h>
#include <string.h>

#define HEADER_SIZE 36U

static struct guest_memory memory;
static uint64_t rsdp_gpa;

static void write_tables(unsigned num_cpus)
{
    ck_assert_int_eq(acpi_write_tables(&memory, num_cpus, &rsdp_gpa), 0);
}

static void setup(void)
{
    boot_image_memory(&memory, 2 * MIB);
    write_tables(2);
}

static void teardown(void)
{
    guest_memory_destroy(&memory);
}

static const uint8_t *at(uint64_t gpa, uint64_t size)
{
    const uint8_t *bytes = guest_memory_at(&memory, gpa, size);

    ck_assert_msg(range_is_inside(gpa, size, ACPI_GPA, ACPI_SIZE),
                  "0x%llx is outside the ACPI area", (unsigned long long)gpa);
    return bytes;
}

static unsigned sum_of(const uint8_t *bytes, size_t size)
{
    unsigned sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += bytes[i];
    return sum & 0xff;
}

/* A table that begins as it should. */
static const uint8_t *check_table(uint64_t gpa, const char *signature)
{
    uint32_t size = load_le32(at(gpa, HEADER_SIZE) + 4);
    const uint8_t *table = at(gpa, size);

    ck_assert_mem_eq(table, signature, 4);
    ck_assert_uint_ge(size, HEADER_SIZE);
    ck_assert_uint_eq(sum_of(table, size), 0);
    return table;
}

static const uint8_t *find_table(const char *signature)
{
    const uint8_t *rsdp = at(rsdp_gpa, 36);
    const uint8_t *xsdt = check_table(load_le64(rsdp + 24), "XSDT");
    uint32_t size = load_le32(xsdt + 4);

    for (uint32_t i = HEADER_SIZE; i < size; i += 8) {
        uint64_t gpa = load_le64(xsdt + i);

        if (memcmp(at(gpa, HEADER_SIZE), signature, 4) == 0)
            return check_table(gpa, signature);
    }
    ck_abort_msg("no table %s", signature);
    return NULL;
}

START_TEST(root_is_where_a_scan_finds_it)
{
    const uint8_t *rsdp = at(rsdp_gpa, 36);

    ck_assert_uint_ge(rsdp_gpa, 0xe0000);
    ck_assert_uint_lt(rsdp_gpa, 0x100000);
    ck_assert(is_aligned(rsdp_gpa, 16));
    ck_assert_mem_eq(rsdp, "RSD PTR ", 8);
    ck_assert_uint_eq(sum_of(rsdp, 20), 0);
    ck_assert_uint_eq(sum_of(rsdp, 36), 0);
    ck_assert_uint_eq(rsdp[15], 2);
    ck_assert_uint_eq(load_le32(rsdp + 20), 36);
    ck_assert_uint_eq(load_le32(rsdp + 16), 0); /* no RSDT */
}
END_TEST

START_TEST(tables_are_sound_for_any_number_of_processors)
{
    const unsigned counts[] = {1, 2, 8, 255};

    for (unsigned i = 0; i < ARRAY_SIZE(counts); i++) {
        write_tables(counts[i]);
        (void)find_table("FACP");
        (void)find_table("APIC");
        (void)find_table("MCFG");
    }
}
END_TEST

START_TEST(fixed_table_describes_reduced_hardware)
{
    const uint8_t *fadt = find_table("FACP");
    uint32_t flags = load_le32(fadt + 112);

    ck_assert_uint_eq(load_le32(fadt + 4), 276);
    ck_assert_uint_eq(fadt[8], 6);
    ck_assert_uint_eq(flags >> 20 & 1, 1); /* HW_REDUCED_ACPI */
    ck_assert_uint_eq(flags >> 10 & 1, 1); /* RESET_REG_SUP */
    /* RESET_REG: system I/O, 8 bits. */
    ck_assert_uint_eq(fadt[116], 1);
    ck_assert_uint_eq(fadt[117], 8);
    ck_assert_uint_eq(load_le64(fadt + 120), RESET_PORT);
    ck_assert_uint_eq(fadt[128], RESET_VALUE);
    ck_assert_uint_eq(load_le64(fadt + 248), SLEEP_CONTROL_PORT);
    ck_assert_uint_eq(load_le64(fadt + 260), SLEEP_STATUS_PORT);
}
END_TEST

START_TEST(differentiated_table_is_reached_and_sound)
{
    const uint8_t *fadt = find_table("FACP");
    uint64_t dsdt_gpa = load_le64(fadt + 140);

    ck_assert_uint_eq(load_le32(fadt + 40), dsdt_gpa);
    (void)check_table(dsdt_gpa, "DSDT");
}
END_TEST

static void check_processors(unsigned count)
{
    const uint8_t *madt;
    uint32_t size;

    write_tables(count);
    madt = find_table("APIC");
    size = load_le32(madt + 4);
    ck_assert_uint_eq(load_le32(madt + 36), LOCAL_APIC_BASE);
    ck_assert_uint_eq(size, 44 + 8 * count + 12);
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *entry = madt + 44 + 8 * (size_t)i;

        ck_assert_uint_eq(load_le16(entry), 0x0800);
        ck_assert_uint_eq(entry[2], i); /* UID */
        ck_assert_uint_eq(entry[3], i); /* APIC id */
        ck_assert_uint_eq(load_le32(entry + 4), 1);
    }
    ck_assert_uint_eq(load_le16(madt + size - 12), 0x0c01);
    ck_assert_uint_eq(load_le32(madt + size - 8), IOAPIC_BASE);
    ck_assert_uint_eq(load_le32(madt + size - 4), 0);
}

START_TEST(each_processor_and_the_ioapic_are_listed)
{
    check_processors(1);
    check_processors(4);
    check_processors(255);
}
END_TEST

START_TEST(ecam_is_told_for_the_buses_that_it_has)
{
    const uint8_t *mcfg = find_table("MCFG");

    ck_assert_uint_eq(load_le32(mcfg + 4), 60);
    ck_assert_uint_eq(load_le64(mcfg + 44), PCI_ECAM_BASE);
    ck_assert_uint_eq(load_le16(mcfg + 52), 0); /* segment */
    ck_assert_uint_eq(mcfg[54], 0);
    ck_assert_uint_eq((mcfg[55] + 1U) * MIB, PCI_ECAM_SIZE);
}
END_TEST

START_TEST(tables_replace_what_the_guest_left)
{
    uint8_t *area = guest_memory_at(&memory, ACPI_GPA, ACPI_SIZE);
    static uint8_t before[ACPI_SIZE];

    memcpy(before, area, ACPI_SIZE);
    memset(area, 0xff, 4096);
    write_tables(2);
    ck_assert_mem_eq(at(rsdp_gpa, 36), before + (rsdp_gpa - ACPI_GPA), 36);
    (void)find_table("FACP");
    (void)find_table("APIC");
}
END_TEST

START_TEST(memory_without_room_for_them_is_refused)
{
    struct guest_memory small;

    boot_image_memory(&small, 512 * KIB);
    ck_assert_int_eq(acpi_write_tables(&small, 1, &rsdp_gpa), -EFAULT);
    guest_memory_destroy(&small);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, root_is_where_a_scan_finds_it);
    tcase_add_test(tcase, tables_are_sound_for_any_number_of_processors);
    tcase_add_test(tcase, fixed_table_describes_reduced_hardware);
    tcase_add_test(tcase, differentiated_table_is_reached_and_sound);
    tcase_add_test(tcase, each_processor_and_the_ioapic_are_listed);
    tcase_add_test(tcase, ecam_is_told_for_the_buses_that_it_has);
    tcase_add_test(tcase, tables_replace_what_the_guest_left);
    tcase_add_test(tcase, memory_without_room_for_them_is_refused);
}

int main(void)
{
    return check_main("acpi", add_tests);
}
