/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_doorbells.c: which way a guest's notifications take, and when.
 */
#include "devices/virtio_doorbells.h"
#include "tests/support/check_main.h"
#include "tests/support/fake_machine.h"

#include <errno.h>

#define NUM_QUEUES 3U
#define BASE       UINT64_C(0x4000004000)
#define GPA(i)     (BASE + (i)*VIRTIO_DOORBELL_SIZE)

static struct fake_machine machine;
static struct virtio_doorbells doorbells;
static uint8_t pages[NUM_QUEUES];

static void setup(void)
{
    fake_machine_init(&machine);
    ck_assert_int_eq(virtio_doorbells_init(&doorbells, NUM_QUEUES,
                                           fake_machine_port(&machine)),
                     0);
    for (unsigned i = 0; i < NUM_QUEUES; i++)
        virtio_doorbells_set_eventfd(&doorbells, i, (int)(100 + i));
}

static void teardown(void)
{
    virtio_doorbells_unmap(&doorbells);
    ck_assert_uint_eq(machine.num_pages, 0);
    ck_assert_uint_eq(machine.num_doorbells, 0);
    virtio_doorbells_destroy(&doorbells);
    virtio_doorbells_destroy(&doorbells); /* may be called twice */
    fake_machine_destroy(&machine);
}

static void give_pages(void)
{
    for (unsigned i = 0; i < NUM_QUEUES; i++)
        virtio_doorbells_set_page(&doorbells, i, &pages[i], NULL);
}

static enum virtio_kick_path path_of(unsigned index)
{
    return virtio_doorbells_kicks(&doorbells, index).path;
}

static const char *why_not(unsigned index)
{
    const char *why = virtio_doorbells_kicks(&doorbells, index).why_not;

    return why ? why : "";
}

START_TEST(eventfds_are_there_while_addresses_are_decoded)
{
    ck_assert_int_eq(path_of(0), VIRTIO_KICK_BY_VMM);
    virtio_doorbells_map(&doorbells, BASE);
    for (unsigned i = 0; i < NUM_QUEUES; i++) {
        ck_assert_int_eq(fake_machine_doorbell(&machine, GPA(i)), 100 + i);
        ck_assert_int_eq(path_of(i), VIRTIO_KICK_BY_EVENTFD);
    }
    virtio_doorbells_unmap(&doorbells);
    ck_assert_int_eq(path_of(0), VIRTIO_KICK_BY_VMM);
}
END_TEST

START_TEST(pages_lie_on_top_while_the_device_runs_too)
{
    give_pages();
    virtio_doorbells_map(&doorbells, BASE);
    ck_assert_uint_eq(machine.num_pages, 0);
    virtio_doorbells_start(&doorbells);
    for (unsigned i = 0; i < NUM_QUEUES; i++) {
        ck_assert_ptr_eq(fake_machine_page(&machine, GPA(i)), &pages[i]);
        ck_assert_int_eq(fake_machine_doorbell(&machine, GPA(i)), 100 + i);
        ck_assert_int_eq(path_of(i), VIRTIO_KICK_BY_PAGE);
        ck_assert_str_eq(why_not(i), "");
    }
    virtio_doorbells_stop(&doorbells);
    ck_assert_uint_eq(machine.num_pages, 0);
    ck_assert_uint_eq(machine.num_doorbells, NUM_QUEUES);
    ck_assert_int_eq(path_of(0), VIRTIO_KICK_BY_EVENTFD);
}
END_TEST

START_TEST(pages_move_with_the_addresses)
{
    const uint64_t elsewhere = BASE + 0x100000;

    give_pages();
    virtio_doorbells_start(&doorbells);
    ck_assert_uint_eq(machine.num_pages, 0); /* nothing is decoded */
    virtio_doorbells_map(&doorbells, BASE);
    ck_assert_ptr_eq(fake_machine_page(&machine, GPA(2)), &pages[2]);
    virtio_doorbells_unmap(&doorbells);
    ck_assert_uint_eq(machine.num_pages, 0);
    virtio_doorbells_map(&doorbells, elsewhere);
    ck_assert_ptr_eq(fake_machine_page(&machine, elsewhere), &pages[0]);
    ck_assert_ptr_null(fake_machine_page(&machine, GPA(0)));
    virtio_doorbells_stop(&doorbells);
    ck_assert_uint_eq(machine.num_pages, 0);
    /* Once more is harmless. */
    virtio_doorbells_stop(&doorbells);
}
END_TEST

START_TEST(queue_without_a_page_says_why)
{
    ck_assert_str_eq(why_not(0), "switched off");
    give_pages();
    virtio_doorbells_set_page(&doorbells, 1, NULL, "the device has none");
    virtio_doorbells_map(&doorbells, BASE);
    virtio_doorbells_start(&doorbells);
    ck_assert_int_eq(path_of(0), VIRTIO_KICK_BY_PAGE);
    ck_assert_int_eq(path_of(1), VIRTIO_KICK_BY_EVENTFD);
    ck_assert_str_eq(why_not(1), "the device has none");
    ck_assert(!virtio_doorbells_kicks(&doorbells, 1).may_be_unseen);
}
END_TEST

START_TEST(page_that_does_not_fit_leaves_the_eventfd)
{
    give_pages();
    machine.max_pages = 1;
    virtio_doorbells_map(&doorbells, BASE);
    virtio_doorbells_start(&doorbells);
    ck_assert_int_eq(path_of(0), VIRTIO_KICK_BY_PAGE);
    ck_assert_int_eq(path_of(1), VIRTIO_KICK_BY_EVENTFD);
    ck_assert_str_eq(why_not(1), VIRTIO_DOORBELL_NO_SLOT);
    /* There may be room the next time. */
    machine.max_pages = NUM_QUEUES;
    virtio_doorbells_stop(&doorbells);
    virtio_doorbells_start(&doorbells);
    ck_assert_int_eq(path_of(1), VIRTIO_KICK_BY_PAGE);
    ck_assert_str_eq(why_not(1), "");
    virtio_doorbells_stop(&doorbells);
    fake_machine_fail(&machine, 1, -EEXIST);
    virtio_doorbells_start(&doorbells);
    ck_assert_str_eq(why_not(0), "KVM refused it a memory slot");
    ck_assert_int_eq(path_of(1), VIRTIO_KICK_BY_PAGE);
}
END_TEST

START_TEST(page_that_was_read_is_gone_until_the_next_start)
{
    give_pages();
    virtio_doorbells_map(&doorbells, BASE);
    virtio_doorbells_start(&doorbells);
    fake_machine_drop_pages(&machine);
    ck_assert_int_eq(path_of(1), VIRTIO_KICK_BY_EVENTFD);
    ck_assert_str_eq(why_not(1), "taken away: the guest read one");
    ck_assert(virtio_doorbells_kicks(&doorbells, 1).may_be_unseen);
    virtio_doorbells_stop(&doorbells);
    virtio_doorbells_start(&doorbells);
    ck_assert_int_eq(path_of(1), VIRTIO_KICK_BY_PAGE);
    ck_assert_str_eq(why_not(1), "");
}
END_TEST

START_TEST(queue_with_neither_comes_to_the_vmm)
{
    fake_machine_fail(&machine, 2, -ENOSPC);
    virtio_doorbells_map(&doorbells, BASE);
    ck_assert_int_eq(path_of(0), VIRTIO_KICK_BY_EVENTFD);
    ck_assert_int_eq(path_of(1), VIRTIO_KICK_BY_VMM);
    ck_assert_int_eq(path_of(2), VIRTIO_KICK_BY_EVENTFD);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, eventfds_are_there_while_addresses_are_decoded);
    tcase_add_test(tcase, pages_lie_on_top_while_the_device_runs_too);
    tcase_add_test(tcase, pages_move_with_the_addresses);
    tcase_add_test(tcase, queue_without_a_page_says_why);
    tcase_add_test(tcase, page_that_does_not_fit_leaves_the_eventfd);
    tcase_add_test(tcase, page_that_was_read_is_gone_until_the_next_start);
    tcase_add_test(tcase, queue_with_neither_comes_to_the_vmm);
}

int main(void)
{
    return check_main("virtio_doorbells", add_tests);
}
