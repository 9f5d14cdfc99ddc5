/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_pvpanic.c: how a guest's kernel says that it panicked.
 */
#include "devices/pvpanic.h"
#include "tests/support/check_main.h"

#define BASE 0x505U

static struct bus ports;
static struct pvpanic pvpanic;
static unsigned count, last;

static void note(void *owner, unsigned events)
{
    ck_assert_ptr_eq(owner, &count);
    count++;
    last = events;
}

static void setup(void)
{
    count = 0;
    bus_init(&ports, "ports");
    pvpanic_init(&pvpanic, BASE, note, &count);
    ck_assert_int_eq(bus_add(&ports, &pvpanic.region), 0);
}

static void teardown(void)
{
    bus_destroy(&ports);
}

START_TEST(it_says_which_events_it_knows)
{
    uint8_t events = 0;

    bus_read(&ports, BASE, &events, 1);
    ck_assert_uint_eq(events, PVPANIC_PANICKED | PVPANIC_CRASH_LOADED);
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(known_events_arrive)
{
    for (unsigned value = 0; value < 256; value++) {
        uint8_t byte = (uint8_t)value;

        count = 0;
        bus_write(&ports, BASE, &byte, 1);
        ck_assert_uint_eq(count, (value & 3) != 0);
        if (count > 0)
            ck_assert_uint_eq(last, value & 3);
    }
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, it_says_which_events_it_knows);
    tcase_add_test(tcase, known_events_arrive);
}

int main(void)
{
    return check_main("pvpanic", add_tests);
}
