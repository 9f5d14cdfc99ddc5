/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_soft_net_handover.c: a software network device goes on with the rings
 * of another one, as after a crash or an update of the process that serves
 * them.
 */
#include "tests/support/check_main.h"
#include "tests/support/net_bed.h"

static struct net_bed bed;

static struct net_bed_setup setup(int variation, enum soft_net_polling polling)
{
    return (struct net_bed_setup){.variation = variation, .polling = polling};
}

/* With the rings as they are, and where they stand. */
static void change_device(void)
{
    for (uint16_t i = 0; i < SOFT_NET_NUM_QUEUES; i++)
        ck_assert_int_eq(
            bed.ops->get_queue_position(bed.backend, i, &bed.positions[i]), 0);
    bed.ops->close(bed.backend);
    net_bed_open_device(&bed, NULL);
    net_bed_start(&bed);
}

/* The first device leaves while frames are on their way; with polling, it had
 * told the driver not to notify. Split rings know by themselves where they
 * stand, a packed one must be at rest when it is asked. */
static void hand_over(struct net_bed_setup how, bool at_rest)
{
    const unsigned window = 16, total = 4000;

    net_bed_open(&bed, how);
    net_bed_post(&bed, window);
    for (unsigned sent = 0, received = 0; received < total; received++) {
        while (sent < total && sent - received < window)
            net_bed_send(&bed, sent++, 60);
        if (received % 40 == 39 && at_rest)
            net_bed_await_sent(&bed);
        if (received % 40 == 39)
            change_device();
        (void)net_bed_expect(&bed, received, 60);
        net_bed_post(&bed, 1);
    }
    net_bed_await_sent(&bed);
    ck_assert(!net_bed_has_received(&bed));
    net_bed_close(&bed);
}

START_TEST(another_device_goes_on_without_losing_a_frame)
{
    hand_over(setup(_i * 2, SOFT_NET_POLLING_AUTO), false);
    hand_over(setup(_i * 2, SOFT_NET_POLLING_ON), false);
}
END_TEST

START_TEST(another_device_goes_on_with_a_packed_ring)
{
    hand_over(setup(_i * 2 | NET_BED_PACKED, SOFT_NET_POLLING_AUTO), true);
    hand_over(setup(_i * 2 | NET_BED_PACKED, SOFT_NET_POLLING_ON), true);
}
END_TEST

START_TEST(the_position_is_the_number_of_buffers)
{
    uint32_t position;

    net_bed_open(&bed, setup(_i * 2, SOFT_NET_POLLING_AUTO));
    for (uint32_t i = 0; i < 500; i++) {
        net_bed_post(&bed, 1);
        net_bed_send(&bed, i, 60);
        (void)net_bed_expect(&bed, i, 60);
        net_bed_await_sent(&bed);
        for (uint16_t j = 0; j < SOFT_NET_NUM_QUEUES; j++) {
            ck_assert_int_eq(
                bed.ops->get_queue_position(bed.backend, j, &position), 0);
            ck_assert_uint_eq(position, i + 1);
        }
    }
    net_bed_close(&bed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    /* Flags or event index, direct or indirect. */
    tcase_add_loop_test(tcase, another_device_goes_on_without_losing_a_frame, 0,
                        4);
    tcase_add_loop_test(tcase, another_device_goes_on_with_a_packed_ring, 0, 4);
    tcase_add_loop_test(tcase, the_position_is_the_number_of_buffers, 0, 4);
}

int main(void)
{
    return check_main("soft_net_handover", add_tests);
}
