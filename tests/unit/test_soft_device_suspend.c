/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_soft_device_suspend.c: a software network device is suspended again and
 * again amid its traffic.
 */
#include "tests/support/check_main.h"
#include "tests/support/net_bed.h"
#include "tests/support/sleep_ms.h"

#include <sys/eventfd.h>

static struct net_bed bed;

static struct net_bed_setup setup(int variation, enum soft_net_polling polling)
{
    return (struct net_bed_setup){.variation = variation, .polling = polling};
}

static void suspend(void)
{
    ck_assert_int_eq(bed.ops->suspend(bed.backend), 0);
}

static void resume(void)
{
    ck_assert_int_eq(bed.ops->resume(bed.backend), 0);
    for (unsigned i = 0; i < SOFT_NET_NUM_QUEUES; i++)
        ck_assert_int_eq(eventfd_write(bed.kick_fds[i], 1), 0);
}

static uint32_t position_of(uint16_t index)
{
    uint32_t position = 0;

    ck_assert_int_eq(bed.ops->get_queue_position(bed.backend, index, &position),
                     0);
    return position;
}

/* The driver goes on meanwhile: it may always have written more. */
static void exchange(struct net_bed_setup how)
{
    const unsigned window = 16, total = 2000;

    net_bed_open(&bed, how);
    net_bed_post(&bed, window);
    for (unsigned sent = 0, received = 0; received < total; received++) {
        bool is_suspended = received % 40 == 39;

        if (is_suspended)
            suspend();
        while (sent < total && sent - received < window)
            net_bed_send(&bed, sent++, 60);
        if (is_suspended)
            resume();
        (void)net_bed_expect(&bed, received, 60);
        net_bed_post(&bed, 1);
    }
    net_bed_await_sent(&bed);
    ck_assert(!net_bed_has_received(&bed));
    net_bed_close(&bed);
}

START_TEST(no_frame_is_lost_or_doubled)
{
    exchange(setup(_i, SOFT_NET_POLLING_AUTO));
    exchange(setup(_i, SOFT_NET_POLLING_ON));
}
END_TEST

START_TEST(nothing_moves_while_it_is_suspended)
{
    uint32_t before[SOFT_NET_NUM_QUEUES];
    eventfd_t calls;

    net_bed_open(&bed, setup(_i, SOFT_NET_POLLING_ON));
    net_bed_post(&bed, 8);
    net_bed_send(&bed, 1, 60);
    (void)net_bed_expect(&bed, 1, 60);
    suspend();
    (void)eventfd_read(bed.call_fds[NET_BED_RX], &calls);
    (void)eventfd_read(bed.call_fds[NET_BED_TX], &calls);
    for (uint16_t i = 0; i < SOFT_NET_NUM_QUEUES; i++)
        before[i] = position_of(i);
    net_bed_send(&bed, 2, 60);
    net_bed_kick(&bed, NET_BED_TX);
    sleep_ms(20);
    ck_assert(!net_bed_has_received(&bed));
    for (uint16_t i = 0; i < SOFT_NET_NUM_QUEUES; i++) {
        ck_assert_uint_eq(position_of(i), before[i]);
        ck_assert_int_ne(eventfd_read(bed.call_fds[i], &calls), 0);
    }
    resume();
    (void)net_bed_expect(&bed, 2, 60);
    net_bed_close(&bed);
}
END_TEST

START_TEST(frames_that_come_meanwhile_wait_in_the_port)
{
    net_bed_open(&bed, setup(0, SOFT_NET_POLLING_OFF));
    /* No buffers: the port keeps the frame. */
    net_bed_send(&bed, 1, 60);
    net_bed_await_sent(&bed);
    suspend();
    net_bed_post(&bed, 2);
    sleep_ms(20);
    ck_assert(!net_bed_has_received(&bed));
    resume();
    (void)net_bed_expect(&bed, 1, 60);
    net_bed_close(&bed);
}
END_TEST

START_TEST(memory_may_move_meanwhile)
{
    net_bed_open(&bed, setup(_i, SOFT_NET_POLLING_AUTO));
    net_bed_post(&bed, 2);
    suspend();
    ck_assert_int_eq(bed.ops->unmap(bed.backend, bed.mappings, 3), 0);
    ck_assert_int_eq(bed.ops->map(bed.backend, bed.mappings, 3), 0);
    resume();
    net_bed_send(&bed, 1, 60);
    (void)net_bed_expect(&bed, 1, 60);
    net_bed_close(&bed);
}
END_TEST

START_TEST(device_whose_rings_went_away_needs_a_reset)
{
    net_bed_open(&bed, setup(_i, SOFT_NET_POLLING_AUTO));
    suspend();
    ck_assert_int_eq(bed.ops->unmap(bed.backend, &bed.mappings[2], 1), 0);
    ck_assert_int_ne(bed.ops->resume(bed.backend), 0);
    net_bed_expect_need_reset(&bed);
    ck_assert_int_eq(bed.ops->map(bed.backend, &bed.mappings[2], 1), 0);
    net_bed_restart(&bed);
    net_bed_expect_works(&bed);
    net_bed_close(&bed);
}
END_TEST

START_TEST(suspended_device_may_be_reset_and_closed)
{
    net_bed_open(&bed, setup(_i, SOFT_NET_POLLING_AUTO));
    suspend();
    suspend();
    net_bed_restart(&bed);
    net_bed_expect_works(&bed);
    suspend();
    net_bed_close(&bed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, no_frame_is_lost_or_doubled, 0,
                        NET_BED_VARIATIONS);
    tcase_add_loop_test(tcase, nothing_moves_while_it_is_suspended, 0, 2);
    tcase_add_test(tcase, frames_that_come_meanwhile_wait_in_the_port);
    tcase_add_loop_test(tcase, memory_may_move_meanwhile, 0, 2);
    tcase_add_loop_test(tcase, device_whose_rings_went_away_needs_a_reset, 0,
                        2);
    tcase_add_loop_test(tcase, suspended_device_may_be_reset_and_closed, 0, 2);
}

int main(void)
{
    return check_main("soft_device_suspend", add_tests);
}
