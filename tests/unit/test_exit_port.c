/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_exit_port.c: how a test guest ends the run.
 */
#include "devices/exit_port.h"
#include "tests/support/check_main.h"

#define BASE 0xf4U

static struct bus ports;
static struct exit_port port;
static unsigned requests;
static uint8_t last_status;

static void note_exit(void *owner, uint8_t status)
{
    ck_assert_ptr_eq(owner, &requests);
    requests++;
    last_status = status;
}

static void setup(void)
{
    requests = 0;
    bus_init(&ports, "ports");
    exit_port_init(&port, BASE, 1, note_exit, &requests);
    ck_assert_int_eq(bus_add(&ports, &port.region), 0);
}

static void teardown(void)
{
    bus_destroy(&ports);
}

START_TEST(each_status_arrives_as_written)
{
    for (unsigned status = 0; status < 256; status++) {
        uint8_t byte = (uint8_t)status;

        bus_write(&ports, BASE, &byte, 1);
        ck_assert_uint_eq(last_status, status);
    }
    ck_assert_uint_eq(requests, 256);
}
END_TEST

START_TEST(guest_can_tell_that_it_is_there)
{
    uint8_t here, absent;

    bus_read(&ports, BASE, &here, 1);
    bus_read(&ports, BASE + 1, &absent, 1);
    ck_assert_uint_eq(here, 0);
    ck_assert_uint_eq(absent, 0xff);
    ck_assert_uint_eq(requests, 0);
}
END_TEST

START_TEST(wider_writes_end_nothing)
{
    const uint8_t bytes[4] = {1, 0, 0, 0};

    bus_write(&ports, BASE, bytes, 2);
    bus_write(&ports, BASE, bytes, 4);
    ck_assert_uint_eq(requests, 0);
}
END_TEST

START_TEST(a_larger_one_takes_wider_writes)
{
    const uint8_t bytes[4] = {0x12, 0x34, 0x56, 0x78};

    bus_remove(&ports, &port.region);
    exit_port_init(&port, BASE, 4, note_exit, &requests);
    ck_assert_int_eq(bus_add(&ports, &port.region), 0);
    bus_write(&ports, BASE, bytes, 2);
    bus_write(&ports, BASE, bytes, 4);
    ck_assert_uint_eq(requests, 2);
    ck_assert_uint_eq(last_status, 0x12);
    bus_write(&ports, BASE + 2, bytes, 4);
    ck_assert_uint_eq(requests, 2);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, each_status_arrives_as_written);
    tcase_add_test(tcase, guest_can_tell_that_it_is_there);
    tcase_add_test(tcase, wider_writes_end_nothing);
    tcase_add_test(tcase, a_larger_one_takes_wider_writes);
}

int main(void)
{
    return check_main("exit_port", add_tests);
}
