/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_rtc.c: what a guest reads from the clock, and that it cannot set it.
 */
#include "devices/rtc.h"
#include "tests/support/check_main.h"
#include "vmm/bytes.h"

#include <time.h>

#define BASE 0x40010000U

static struct bus mmio;
static struct rtc rtc;

static int64_t noon(void)
{
    return 1795384316;
}

static void setup(void)
{
    bus_init(&mmio, "mmio");
    rtc_init(&rtc, BASE, noon);
    ck_assert_int_eq(bus_add(&mmio, &rtc.region), 0);
}

static void teardown(void)
{
    bus_destroy(&mmio);
}

static uint32_t read_word(unsigned offset)
{
    uint8_t bytes[4];

    bus_read(&mmio, BASE + offset, bytes, sizeof(bytes));
    return load_le32(bytes);
}

START_TEST(it_shows_the_seconds)
{
    ck_assert_uint_eq(read_word(0), 1795384316);
    ck_assert_uint_eq(read_word(0xc), 1); /* it runs */
}
END_TEST

START_TEST(it_has_the_numbers_of_a_pl031)
{
    uint32_t part = 0, cell = 0;

    for (unsigned i = 0; i < 4; i++) {
        part |= read_word(0xfe0 + 4 * i) << (8 * i);
        cell |= read_word(0xff0 + 4 * i) << (8 * i);
    }
    ck_assert_uint_eq(part, 0x00041031);
    ck_assert_uint_eq(cell, 0xb105f00d);
}
END_TEST

START_TEST(no_write_changes_anything)
{
    const uint8_t zeroes[8] = {0};

    for (unsigned offset = 0; offset < 0x1000; offset += 8)
        bus_write(&mmio, BASE + offset, zeroes, sizeof(zeroes));
    ck_assert_uint_eq(read_word(0), 1795384316);
    ck_assert_uint_eq(read_word(0xc), 1);
}
END_TEST

START_TEST(odd_accesses_read_something)
{
    uint8_t bytes[8];

    for (unsigned offset = 0; offset <= 0x1000 - 8; offset++)
        bus_read(&mmio, BASE + offset, bytes, sizeof(bytes));
    bus_read(&mmio, BASE + 0xfff, bytes, 1);
    ck_assert_uint_eq(bytes[0], 0);
}
END_TEST

START_TEST(the_clock_of_the_host_is_its_time)
{
    int64_t before = time(NULL), shown = rtc_host_time();

    ck_assert_int_ge(shown, before);
    ck_assert_int_le(shown, time(NULL));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, it_shows_the_seconds);
    tcase_add_test(tcase, it_has_the_numbers_of_a_pl031);
    tcase_add_test(tcase, no_write_changes_anything);
    tcase_add_test(tcase, odd_accesses_read_something);
    tcase_add_test(tcase, the_clock_of_the_host_is_its_time);
}

int main(void)
{
    return check_main("rtc", add_tests);
}
