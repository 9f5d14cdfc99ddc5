/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_soft_net_broken.c: drivers that break a ring of the software network
 * device get DEVICE_NEEDS_RESET (virtio 1.2, 2.1.2), and a device that works
 * after a reset.
 */
#include "tests/support/check_main.h"
#include "tests/support/net_bed.h"
#include "vmm/bytes.h"
#include "vmm/compiler.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <sys/eventfd.h>

/* Where nothing is mapped, also nothing that ends there. */
#define NOWHERE 0x70000000U

static struct net_bed bed;

static struct driver_ring *ring_of(unsigned queue)
{
    return &bed.rings[queue];
}

/* A buffer of one piece; not kicked for. */
static void add(unsigned queue, uint64_t iova, uint32_t length, bool writable)
{
    const struct driver_piece piece = {iova, length, writable};

    ck_assert(driver_ring_add(ring_of(queue), &piece, 1, 0));
}

/* A good one, as this queue should have it. */
static void add_good(unsigned queue)
{
    if (queue == NET_BED_RX)
        add(queue, NET_BED_RECEIVE_IOVA, 2048, true);
    else
        add(queue, NET_BED_SEND_IOVA, 100, false);
}

/* ---- Ways to break a ring; each for both queues ---- */

static void point_nowhere(unsigned queue)
{
    add(queue, NOWHERE, 100, queue == NET_BED_RX);
}

static void leave_the_mapping(unsigned queue)
{
    uint64_t end =
        NET_BED_DATA_SIZE +
        (queue == NET_BED_RX ? NET_BED_RECEIVE_IOVA : NET_BED_SEND_IOVA);

    add(queue, end - 50, 100, queue == NET_BED_RX);
}

static void leave_all_addresses(unsigned queue)
{
    add(queue, UINT64_MAX - 50, 100, queue == NET_BED_RX);
}

static void describe_nothing(unsigned queue)
{
    add(queue, NET_BED_SEND_IOVA, 0, queue == NET_BED_RX);
}

/* Readable where the device is to write, and the other way round. */
static void turn_the_direction(unsigned queue)
{
    add(queue, NET_BED_SEND_IOVA, 100, queue == NET_BED_TX);
}

static void mix_the_directions(unsigned queue)
{
    const struct driver_piece pieces[] = {
        {NET_BED_RECEIVE_IOVA, 100, true},
        {NET_BED_SEND_IOVA, 100, false},
    };

    ck_assert(driver_ring_add(ring_of(queue), pieces, 2, 0));
}

static struct vring_desc *first_descriptor(unsigned queue)
{
    struct driver_ring *ring = ring_of(queue);
    /* The first that a split ring's driver hands out, or the first slot. */
    void *at = ring->setup.indirect ? driver_ring_table(ring, 0)
                                    : driver_ring_descriptor(ring, 0);

    return at;
}

static void loop(unsigned queue)
{
    struct vring_desc *descriptor = first_descriptor(queue);

    add_good(queue);
    descriptor->flags |= htole16(VRING_DESC_F_NEXT);
    descriptor->next = 0;
}

static void name_an_index_outside(unsigned queue)
{
    struct vring_desc *descriptor = first_descriptor(queue);

    add_good(queue);
    descriptor->flags |= htole16(VRING_DESC_F_NEXT);
    descriptor->next = htole16(bed.setup.size);
}

static void name_a_head_outside(unsigned queue)
{
    add_good(queue);
    store_le16(ring_of(queue)->driver + 4, bed.setup.size);
}

static void run_ahead(unsigned queue)
{
    add_good(queue);
    store_le16(ring_of(queue)->driver + 2, (uint16_t)(bed.setup.size + 1));
}

static void open_no_table(unsigned queue)
{
    struct vring_desc *outer = driver_ring_descriptor(ring_of(queue), 0);

    add_good(queue);
    outer->len = htole32(15);
}

static void open_a_table_nowhere(unsigned queue)
{
    struct vring_desc *outer = driver_ring_descriptor(ring_of(queue), 0);

    add_good(queue);
    outer->addr = htole64(NOWHERE);
}

enum {
    ALL_RINGS,
    SPLIT_RINGS,
    INDIRECT_RINGS
};

static const struct {
    void (*act)(unsigned queue);
    int rings;
} faults[] = {
    {point_nowhere, ALL_RINGS},
    {leave_the_mapping, ALL_RINGS},
    {leave_all_addresses, ALL_RINGS},
    {describe_nothing, ALL_RINGS},
    {turn_the_direction, ALL_RINGS},
    {mix_the_directions, ALL_RINGS},
    {loop, SPLIT_RINGS},
    {name_an_index_outside, SPLIT_RINGS},
    {name_a_head_outside, SPLIT_RINGS},
    {run_ahead, SPLIT_RINGS},
    {open_no_table, INDIRECT_RINGS},
    {open_a_table_nowhere, INDIRECT_RINGS},
};

static bool fits(unsigned fault, int variation)
{
    switch (faults[fault].rings) {
    case SPLIT_RINGS:
        return !(variation & NET_BED_PACKED);
    case INDIRECT_RINGS:
        return variation & NET_BED_INDIRECT;
    default:
        return true;
    }
}

/* New rings, which the device looks at when it is told to. */
static void restart(void)
{
    net_bed_restart(&bed);
    net_bed_settle(&bed);
}

static void open_bed(int variation)
{
    net_bed_open(&bed, (struct net_bed_setup){.variation = variation});
    net_bed_settle(&bed);
}

/* Breaks a queue and has the device look at it: at receive buffers it looks
 * when a frame comes. */
static void break_queue(unsigned queue, unsigned fault)
{
    faults[fault].act(queue);
    (void)net_bed_kick(&bed, queue);
    if (queue == NET_BED_RX)
        net_bed_send(&bed, 0, 60);
    net_bed_expect_need_reset(&bed);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, queue == NET_BED_RX
                                                       ? "broke queue 0 with"
                                                       : "broke queue 1 with"));
}

/* From the rings' first buffer on; a driver's ids come in this order. */
START_TEST(a_broken_ring_needs_a_reset)
{
    unsigned queue = (unsigned)_i % 2, fault = (unsigned)_i / 2;

    for (int variation = 0; variation < NET_BED_VARIATIONS; variation++) {
        if (!fits(fault, variation))
            continue;
        open_bed(variation);
        for (unsigned i = 0; i < 8; i++) { /* the log takes 10 */
            break_queue(queue, fault);
            restart();
        }
        net_bed_expect_works(&bed);
        net_bed_close(&bed);
    }
}
END_TEST

START_TEST(receive_buffers_have_room_for_more_than_the_header)
{
    open_bed(_i);
    for (uint32_t room = 1; room <= NET_HEADER_SIZE + 1; room++) {
        add(NET_BED_RX, NET_BED_RECEIVE_IOVA, room, true);
        (void)net_bed_kick(&bed, NET_BED_RX);
        net_bed_send(&bed, 0, 60);
        net_bed_await_sent(&bed);
        if (room > NET_HEADER_SIZE)
            break;
        net_bed_expect_need_reset(&bed);
        restart();
    }
    /* One byte is room. */
    ck_assert_uint_eq(net_bed_status(&bed), 15);
    net_bed_close(&bed);
}
END_TEST

/* A frame waits for more buffers than there are, and one of those there were
 * is gone when the next one comes: a device that only looks whether there is a
 * new one would look for ever. */
START_TEST(a_buffer_taken_back_needs_a_reset)
{
    struct net_bed_setup small = {
        .variation = _i * 2 | NET_BED_PACKED | NET_BED_MERGEABLE,
        .room = 128,
    };
    struct vring_packed_desc *first;

    net_bed_open(&bed, small);
    net_bed_settle(&bed);
    net_bed_post(&bed, 2);
    net_bed_send(&bed, 0, 1000);
    net_bed_await_sent(&bed);
    (void)net_bed_lock(&bed);
    first = driver_ring_descriptor(ring_of(NET_BED_RX), 0);
    first->flags ^= htole16(1U << VRING_PACKED_DESC_F_AVAIL);
    net_bed_unlock(&bed);
    net_bed_post(&bed, 1);
    net_bed_expect_need_reset(&bed);
    restart();
    net_bed_expect_works(&bed);
    net_bed_close(&bed);
}
END_TEST

/* The frame that found the fault is gone with its driver, or comes to the
 * next; either way the device sends what that one has to send. */
START_TEST(a_broken_device_is_still_until_the_reset)
{
    struct soft_net_counters counters;
    uint8_t status;

    open_bed(_i);
    point_nowhere(NET_BED_TX);
    (void)net_bed_kick(&bed, NET_BED_TX);
    net_bed_expect_need_reset(&bed);
    add_good(NET_BED_TX);
    ck_assert_int_eq(eventfd_write(bed.kick_fds[NET_BED_TX], 1), 0);
    net_bed_post(&bed, 4);
    ck_assert_int_eq(eventfd_write(bed.kick_fds[NET_BED_RX], 1), 0);
    /* Still bound to the order of statuses. */
    status = net_bed_status(&bed);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, status), 0);
    ck_assert_uint_eq(net_bed_status(&bed), status);
    ck_assert(!net_bed_has_received(&bed));
    counters = net_bed_counters(&bed);
    ck_assert_uint_eq(counters.sent, 0);
    net_bed_restart(&bed);
    net_bed_expect_works(&bed);
    net_bed_close(&bed);
}
END_TEST

/* A guest may do nothing else all day. */
START_TEST(the_log_is_not_filled)
{
    open_bed(_i);
    for (unsigned i = 0; i < 100; i++) {
        point_nowhere(NET_BED_TX);
        (void)net_bed_kick(&bed, NET_BED_TX);
        net_bed_expect_need_reset(&bed);
        restart();
    }
    ck_assert_uint_lt(bed.capture.lines, 50);
    net_bed_close(&bed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    const int all = NET_BED_VARIATIONS;

    tcase_add_loop_test(tcase, a_broken_ring_needs_a_reset, 0,
                        2 * (int)ARRAY_SIZE(faults));
    tcase_add_loop_test(
        tcase, receive_buffers_have_room_for_more_than_the_header, 0, all);
    tcase_add_loop_test(tcase, a_buffer_taken_back_needs_a_reset, 0, 4);
    tcase_add_loop_test(tcase, a_broken_device_is_still_until_the_reset, 0,
                        all);
    tcase_add_loop_test(tcase, the_log_is_not_filled, 0, all);
}

int main(void)
{
    return check_main("soft_net_broken", add_tests);
}
