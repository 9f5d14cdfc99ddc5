/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_soft_net_life.c: the software network device starts, is reset while it
 * works, and loses memory that it needs.
 */
#include "tests/support/check_main.h"
#include "tests/support/net_bed.h"

#include <errno.h>
#include <string.h>

static struct net_bed bed;

/* ---- Starting ---- */

START_TEST(a_ring_outside_memory_keeps_the_device_from_starting)
{
    net_bed_open(&bed,
                 (struct net_bed_setup){.variation = _i, .for_later = true});
    ck_assert_int_eq(bed.ops->unmap(bed.backend, &bed.mappings[2], 1), 0);
    net_bed_negotiate(&bed);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 15), 0);
    ck_assert_uint_eq(net_bed_status(&bed), 11);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "cannot run"));
    /* With its memory, it can. */
    ck_assert_int_eq(bed.ops->map(bed.backend, &bed.mappings[2], 1), 0);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 15), 0);
    ck_assert_uint_eq(net_bed_status(&bed), 15);
    net_bed_expect_works(&bed);
    net_bed_close(&bed);
}
END_TEST

START_TEST(a_running_queue_stays_as_it_was_set_up)
{
    struct vdpa_queue queue;

    net_bed_open(&bed, (struct net_bed_setup){.variation = _i});
    queue = driver_ring_queue(&bed.rings[1]);
    ck_assert_int_eq(bed.ops->set_queue(bed.backend, 1, &queue), -EBUSY);
    net_bed_expect_works(&bed);
    net_bed_close(&bed);
}
END_TEST

/* ---- Memory ---- */

START_TEST(rings_without_memory_need_a_reset)
{
    net_bed_open(&bed, (struct net_bed_setup){.variation = _i});
    for (unsigned i = 0; i < 20; i++) {
        net_bed_expect_works(&bed);
        ck_assert_int_eq(bed.ops->unmap(bed.backend, &bed.mappings[2], 1), 0);
        net_bed_expect_need_reset(&bed);
        ck_assert_int_eq(bed.ops->map(bed.backend, &bed.mappings[2], 1), 0);
        net_bed_restart(&bed);
    }
    net_bed_expect_works(&bed);
    net_bed_close(&bed);
}
END_TEST

START_TEST(buffers_without_memory_need_a_reset)
{
    const int queue = _i / NET_BED_VARIATIONS;

    net_bed_open(&bed,
                 (struct net_bed_setup){.variation = _i % NET_BED_VARIATIONS});
    for (unsigned i = 0; i < 20; i++) {
        net_bed_expect_works(&bed);
        ck_assert_int_eq(
            bed.ops->unmap(bed.backend, &bed.mappings[1 - queue], 1), 0);
        ck_assert_uint_eq(net_bed_status(&bed), 15);
        net_bed_post(&bed, 1);
        net_bed_send(&bed, 1, 60);
        net_bed_expect_need_reset(&bed);
        ck_assert_int_eq(bed.ops->map(bed.backend, &bed.mappings[1 - queue], 1),
                         0);
        net_bed_restart(&bed);
    }
    net_bed_expect_works(&bed);
    net_bed_close(&bed);
}
END_TEST

START_TEST(memory_that_comes_and_goes_disturbs_nobody)
{
    struct vdpa_mapping more = {
        .iova = 0x60000000,
        .size = 0x10000,
        .host = driver_ring_map_memory(0x10000),
    };

    ck_assert_ptr_nonnull(more.host);
    net_bed_open(&bed, (struct net_bed_setup){.variation = _i});
    net_bed_post(&bed, 4);
    for (uint64_t i = 0; i < 1000; i++) {
        int error;

        net_bed_send(&bed, i, 300);
        error = i % 2 ? bed.ops->unmap(bed.backend, &more, 1)
                      : bed.ops->map(bed.backend, &more, 1);
        net_bed_require(error == 0, "mapped or unmapped");
        (void)net_bed_expect(&bed, i, 300);
        net_bed_post(&bed, 1);
    }
    ck_assert_uint_eq(net_bed_status(&bed), 15);
    net_bed_close(&bed);
}
END_TEST

/* ---- Resetting ---- */

static uint64_t send_some(uint64_t number)
{
    net_bed_post(&bed, (unsigned)(number % 16));
    for (unsigned i = 0; i < 16; i++)
        net_bed_send(&bed, number++, 60 + i);
    return number;
}

/* What waits in the port comes to the next driver. */
START_TEST(a_device_is_reset_while_frames_are_on_their_way)
{
    uint64_t number = 0;

    net_bed_open(&bed,
                 (struct net_bed_setup){.variation = _i % NET_BED_VARIATIONS,
                                        .polling = _i < NET_BED_VARIATIONS
                                                       ? SOFT_NET_POLLING_AUTO
                                                       : SOFT_NET_POLLING_ON});
    for (unsigned i = 0; i < 200; i++) {
        struct virtio_net_hdr header;
        unsigned num_buffers;
        uint32_t size;
        uint64_t got;

        number = send_some(number);
        net_bed_reset(&bed);
        /* A device that still wrote there would be noticed. */
        memset(bed.mappings[2].host, 0xee, bed.mappings[2].size);
        net_bed_restart(&bed);
        if (i % 10)
            continue;
        net_bed_send(&bed, number++, 60);
        do {
            net_bed_post(&bed, 1);
            got = net_bed_receive(&bed, &header, &size, &num_buffers);
        } while (got != number - 1);
    }
    ck_assert_uint_eq(net_bed_status(&bed), 15);
    net_bed_close(&bed);
}
END_TEST

START_TEST(a_device_is_closed_while_frames_are_on_their_way)
{
    uint64_t number = 0;

    net_bed_open(&bed, (struct net_bed_setup){.variation = _i});
    for (unsigned i = 0; i < 50; i++) {
        number = send_some(number);
        bed.ops->close(bed.backend);
        net_bed_open_device(&bed, NULL);
        net_bed_make_rings(&bed);
        net_bed_start(&bed);
    }
    net_bed_expect_works(&bed);
    net_bed_close(&bed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    const int all = NET_BED_VARIATIONS;

    tcase_add_loop_test(
        tcase, a_ring_outside_memory_keeps_the_device_from_starting, 0, all);
    tcase_add_loop_test(tcase, a_running_queue_stays_as_it_was_set_up, 0, all);
    tcase_add_loop_test(tcase, rings_without_memory_need_a_reset, 0, all);
    tcase_add_loop_test(tcase, buffers_without_memory_need_a_reset, 0, 2 * all);
    tcase_add_loop_test(tcase, memory_that_comes_and_goes_disturbs_nobody, 0,
                        all);
    tcase_add_loop_test(tcase, a_device_is_reset_while_frames_are_on_their_way,
                        0, 2 * all);
    tcase_add_loop_test(tcase, a_device_is_closed_while_frames_are_on_their_way,
                        0, all);
}

int main(void)
{
    return check_main("soft_net_life", add_tests);
}
