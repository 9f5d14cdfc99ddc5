/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_fake_machine.c: does the fake behave towards eventfds as KVM does?
 */
#include "tests/support/check_main.h"
#include "tests/support/fake_machine.h"
#include "vmm/fd.h"

#include <sys/eventfd.h>

static const struct msi_message one = {.address = 0xfee00000, .data = 1};
static const struct msi_message two = {.address = 0xfee00000, .data = 2};

static struct fake_machine machine;
static struct machine_port port;
static int eventfds[2];

static void setup(void)
{
    fake_machine_init(&machine);
    port = fake_machine_port(&machine);
    for (unsigned i = 0; i < ARRAY_SIZE(eventfds); i++)
        eventfds[i] = eventfd(0, EFD_CLOEXEC); /* a blocking one does too */
}

static void teardown(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(eventfds); i++)
        close_fd(&eventfds[i]);
    fake_machine_destroy(&machine);
}

static void raise_signal(unsigned i)
{
    ck_assert_int_eq(eventfd_write(eventfds[i], 1), 0);
}

static int connect_to(const struct msi_message *message, unsigned i)
{
    return port.ops->connect_msi(port.machine, message, eventfds[i]);
}

START_TEST(signal_raises_its_message)
{
    ck_assert_int_eq(connect_to(&one, 0), 0);
    ck_assert_int_eq(connect_to(&two, 1), 0);
    raise_signal(1);
    raise_signal(1);
    ck_assert_uint_eq(fake_machine_interrupts(&machine, 1), 0);
    ck_assert_uint_eq(fake_machine_interrupts(&machine, 2), 1);
    raise_signal(1);
    ck_assert_uint_eq(fake_machine_interrupts(&machine, 2), 2);
}
END_TEST

START_TEST(pending_signal_is_raised_on_connection)
{
    eventfd_t count;

    raise_signal(0);
    ck_assert_uint_eq(fake_machine_interrupts(&machine, 1), 0);
    ck_assert_int_eq(connect_to(&one, 0), 0);
    port.ops->disconnect_msi(port.machine, eventfds[0]);
    ck_assert_uint_eq(fake_machine_interrupts(&machine, 1), 1);

    /* After that it piles up. */
    raise_signal(0);
    ck_assert_uint_eq(fake_machine_interrupts(&machine, 1), 1);
    ck_assert_int_eq(eventfd_read(eventfds[0], &count), 0);
    ck_assert_uint_eq(count, 1);
}
END_TEST

START_TEST(connection_may_get_another_message)
{
    struct msi_message message;

    ck_assert_int_eq(connect_to(&one, 0), 0);
    raise_signal(0);
    ck_assert_int_eq(connect_to(&two, 0), 0);
    raise_signal(0);
    ck_assert_uint_eq(fake_machine_interrupts(&machine, 1), 1);
    ck_assert_uint_eq(fake_machine_interrupts(&machine, 2), 1);
    ck_assert(fake_machine_connection(&machine, eventfds[0], &message));
    ck_assert_uint_eq(message.data, 2);
    ck_assert(!fake_machine_connection(&machine, eventfds[1], NULL));
}
END_TEST

START_TEST(doorbell_signals_its_eventfd)
{
    eventfd_t count;

    ck_assert_int_eq(
        port.ops->attach_doorbell(port.machine, 0x1000, eventfds[0]), 0);
    ck_assert_int_eq(
        port.ops->attach_doorbell(port.machine, 0x1000, eventfds[1]), -EEXIST);
    ck_assert(fake_machine_ring(&machine, 0x1000));
    ck_assert(!fake_machine_ring(&machine, 0x1004));
    ck_assert_int_eq(eventfd_read(eventfds[0], &count), 0);
    ck_assert_uint_eq(count, 1);

    port.ops->detach_doorbell(port.machine, 0x1000, eventfds[1]);
    ck_assert_int_eq(fake_machine_doorbell(&machine, 0x1000), eventfds[0]);
    port.ops->detach_doorbell(port.machine, 0x1000, eventfds[0]);
    ck_assert_int_eq(fake_machine_doorbell(&machine, 0x1000), -1);
}
END_TEST

START_TEST(page_is_there_until_it_is_detached_or_read)
{
    uint8_t pages[2];

    machine.max_pages = 1;
    ck_assert_int_eq(port.ops->attach_page(port.machine, 0x1000, &pages[0]), 0);
    ck_assert_int_eq(port.ops->attach_page(port.machine, 0x1000, &pages[1]),
                     -EEXIST);
    ck_assert_int_eq(port.ops->attach_page(port.machine, 0x2000, &pages[1]),
                     -ENOSPC);
    ck_assert_ptr_eq(fake_machine_page(&machine, 0x1000), &pages[0]);
    port.ops->detach_page(port.machine, 0x1000, &pages[1]);
    ck_assert(port.ops->has_page(port.machine, 0x1000, &pages[0]));
    port.ops->detach_page(port.machine, 0x1000, &pages[0]);
    ck_assert_ptr_null(fake_machine_page(&machine, 0x1000));
    ck_assert_int_eq(port.ops->attach_page(port.machine, 0x2000, &pages[1]), 0);
    fake_machine_drop_pages(&machine);
    ck_assert(!port.ops->has_page(port.machine, 0x2000, &pages[1]));
}
END_TEST

START_TEST(only_the_nth_call_fails)
{
    fake_machine_fail(&machine, 2, -ENOSPC);
    ck_assert_int_eq(connect_to(&one, 0), 0);
    ck_assert_int_eq(
        port.ops->attach_doorbell(port.machine, 0x1000, eventfds[0]), -ENOSPC);
    ck_assert(!fake_machine_ring(&machine, 0x1000));
    ck_assert_int_eq(
        port.ops->attach_doorbell(port.machine, 0x1000, eventfds[0]), 0);
}
END_TEST

START_TEST(interrupt_routes_run_out)
{
    machine.max_connections = 1;
    ck_assert_int_eq(connect_to(&one, 0), 0);
    ck_assert_int_eq(connect_to(&two, 1), -ENOSPC);
    ck_assert_int_eq(connect_to(&two, 0), 0);
    port.ops->disconnect_msi(port.machine, eventfds[1]);
    port.ops->disconnect_msi(port.machine, eventfds[0]);
    ck_assert_int_eq(connect_to(&two, 1), 0);
}
END_TEST

START_TEST(interrupt_level_rises_and_falls)
{
    port.ops->set_irq_level(port.machine, 20, true);
    port.ops->set_irq_level(port.machine, 20, true);
    ck_assert(fake_machine_gsi_level(&machine, 20));
    port.ops->set_irq_level(port.machine, 20, false);
    ck_assert(!fake_machine_gsi_level(&machine, 20));
    ck_assert_uint_eq(fake_machine_gsi_rises(&machine, 20), 1);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, signal_raises_its_message);
    tcase_add_test(tcase, pending_signal_is_raised_on_connection);
    tcase_add_test(tcase, connection_may_get_another_message);
    tcase_add_test(tcase, doorbell_signals_its_eventfd);
    tcase_add_test(tcase, page_is_there_until_it_is_detached_or_read);
    tcase_add_test(tcase, only_the_nth_call_fails);
    tcase_add_test(tcase, interrupt_routes_run_out);
    tcase_add_test(tcase, interrupt_level_rises_and_falls);
}

int main(void)
{
    return check_main("fake_machine", add_tests);
}
