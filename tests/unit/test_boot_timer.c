/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_boot_timer.c: which of a guest's writes tell how far it is.
 */
#include "devices/boot_timer.h"
#include "tests/support/check_main.h"

#define MEMORY 0xc0000000U
#define PORT   0x80U

static struct bus ports, mmio;
static struct boot_timer timer;
static unsigned marks[2];

static void note_mark(void *owner, enum boot_timer_mark mark)
{
    ck_assert_ptr_eq(owner, marks);
    marks[mark]++;
}

static void setup(void)
{
    marks[BOOT_TIMER_KERNEL] = marks[BOOT_TIMER_USER_SPACE] = 0;
    bus_init(&ports, "ports");
    bus_init(&mmio, "mmio");
    boot_timer_init(&timer, MEMORY, PORT, note_mark, marks);
    ck_assert_int_eq(bus_add(&ports, &timer.port), 0);
    ck_assert_int_eq(bus_add(&mmio, &timer.memory), 0);
}

static void teardown(void)
{
    bus_destroy(&mmio);
    bus_destroy(&ports);
}

START_TEST(each_value_has_its_meaning)
{
    for (unsigned value = 0; value < 256; value++) {
        uint8_t byte = (uint8_t)value;

        bus_write(&ports, PORT, &byte, 1);
        ck_assert_uint_eq(marks[BOOT_TIMER_KERNEL], value >= 0x40);
        ck_assert_uint_eq(marks[BOOT_TIMER_USER_SPACE], value >= 0x41);
    }
    for (unsigned value = 0; value < 256; value++) {
        uint8_t byte = (uint8_t)value;

        bus_write(&mmio, MEMORY, &byte, 1);
        ck_assert_uint_eq(marks[BOOT_TIMER_USER_SPACE], 1U + (value >= 123));
    }
    ck_assert_uint_eq(marks[BOOT_TIMER_KERNEL], 1);
}
END_TEST

START_TEST(wider_writes_mean_nothing)
{
    const uint8_t bytes[8] = {123, 0x40, 0x41};

    bus_write(&mmio, MEMORY, bytes, 4);
    bus_write(&mmio, MEMORY, bytes, 8);
    bus_write(&ports, PORT, bytes + 1, 2);
    ck_assert_uint_eq(marks[BOOT_TIMER_KERNEL], 0);
    ck_assert_uint_eq(marks[BOOT_TIMER_USER_SPACE], 0);
}
END_TEST

START_TEST(it_reads_as_zero)
{
    uint8_t byte = 1;

    bus_read(&mmio, MEMORY, &byte, 1);
    ck_assert_uint_eq(byte, 0);
    byte = 1;
    bus_read(&ports, PORT, &byte, 1);
    ck_assert_uint_eq(byte, 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, each_value_has_its_meaning);
    tcase_add_test(tcase, wider_writes_mean_nothing);
    tcase_add_test(tcase, it_reads_as_zero);
}

int main(void)
{
    return check_main("boot_timer", add_tests);
}
