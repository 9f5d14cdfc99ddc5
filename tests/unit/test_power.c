/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_power.c: what switches the machine off, and what does not.
 */
#include "devices/power.h"
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"

#include <string.h>

#define BASE         0x600U
#define SLEEP_ENABLE 0x20U

static struct bus ports;
static struct power power;
static struct log_capture capture;
static unsigned power_offs, resets;

static void count_power_off(void *owner)
{
    ck_assert_ptr_eq(owner, &power_offs);
    power_offs++;
}

static void count_reset(void *owner)
{
    ck_assert_ptr_eq(owner, &power_offs);
    resets++;
}

static const struct power_ops ops = {
    .power_off = count_power_off,
    .reset = count_reset,
};

static void setup(void)
{
    log_capture_start(&capture);
    power_offs = 0;
    resets = 0;
    bus_init(&ports, "ports");
    power_init(&power, BASE, &ops, &power_offs);
    ck_assert_int_eq(bus_add(&ports, &power.region), 0);
}

static void teardown(void)
{
    bus_destroy(&ports);
    log_capture_stop();
}

static void out(unsigned offset, unsigned value)
{
    uint8_t byte = (uint8_t)value;

    bus_write(&ports, BASE + offset, &byte, 1);
}

START_TEST(sleep_type_5_switches_off)
{
    out(POWER_SLEEP_CONTROL, POWER_SLEEP_TYPE_S5 << 2 | SLEEP_ENABLE);
    ck_assert_uint_eq(power_offs, 1);
    ck_assert_uint_eq(resets, 0);
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(reserved_bits_do_not_matter)
{
    out(POWER_SLEEP_CONTROL, 0xc3 | POWER_SLEEP_TYPE_S5 << 2 | SLEEP_ENABLE);
    ck_assert_uint_eq(power_offs, 1);
}
END_TEST

START_TEST(sleep_type_alone_does_nothing)
{
    out(POWER_SLEEP_CONTROL, POWER_SLEEP_TYPE_S5 << 2);
    ck_assert_uint_eq(power_offs, 0);
}
END_TEST

START_TEST(other_sleep_types_are_refused)
{
    for (unsigned type = 0; type < 8; type++)
        if (type != POWER_SLEEP_TYPE_S5)
            out(POWER_SLEEP_CONTROL, type << 2 | SLEEP_ENABLE);
    ck_assert_uint_eq(power_offs, 0);
    ck_assert_uint_eq(capture.lines, 7);
    ck_assert_ptr_nonnull(strstr(capture.last, "sleep type 7"));
}
END_TEST

START_TEST(reset_needs_its_value)
{
    for (unsigned value = 0; value < 256; value++)
        if (value != POWER_RESET_VALUE)
            out(POWER_RESET, value);
    ck_assert_uint_eq(resets, 0);
    out(POWER_RESET, POWER_RESET_VALUE);
    ck_assert_uint_eq(resets, 1);
    ck_assert_uint_eq(power_offs, 0);
}
END_TEST

START_TEST(registers_read_as_zero)
{
    uint8_t bytes[POWER_SIZE];

    /* Waking up is reported by WAK_STS; nothing ever wakes. */
    out(POWER_SLEEP_STATUS, 0x80);
    bus_read(&ports, BASE, bytes, sizeof(bytes));
    for (unsigned i = 0; i < sizeof(bytes); i++)
        ck_assert_uint_eq(bytes[i], 0);
}
END_TEST

START_TEST(registers_are_bytes)
{
    const uint8_t bytes[POWER_SIZE] = {POWER_SLEEP_TYPE_S5 << 2 | SLEEP_ENABLE,
                                       0, POWER_RESET_VALUE, 0};

    bus_write(&ports, BASE, bytes, 2);
    bus_write(&ports, BASE, bytes, 4);
    bus_write(&ports, BASE + POWER_RESET, bytes + POWER_RESET, 2);
    ck_assert_uint_eq(power_offs + resets, 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, sleep_type_5_switches_off);
    tcase_add_test(tcase, reserved_bits_do_not_matter);
    tcase_add_test(tcase, sleep_type_alone_does_nothing);
    tcase_add_test(tcase, other_sleep_types_are_refused);
    tcase_add_test(tcase, reset_needs_its_value);
    tcase_add_test(tcase, registers_read_as_zero);
    tcase_add_test(tcase, registers_are_bytes);
}

int main(void)
{
    return check_main("power", add_tests);
}
