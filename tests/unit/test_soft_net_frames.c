/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_soft_net_frames.c: frames through the software network device, to a
 * port that sends each of them back: as they were, or dropped and counted.
 */
#include "tests/support/check_main.h"
#include "tests/support/net_bed.h"
#include "vmm/bytes.h"
#include "vmm/compiler.h"

#include <linux/virtio_config.h>

#define FEATURE(bit)  (1ULL << (bit))
#define HOST_USO      56 /* newer than Debian 12's headers */
#define LARGEST_FRAME ((uint32_t)FRAME_PORT_MAX_SIZE)
#define MERGEABLE     NET_BED_MERGEABLE

static struct net_bed bed;

static struct net_bed_setup setup(int variation)
{
    return (struct net_bed_setup){.variation = variation};
}

/* ---- Round ---- */

START_TEST(a_frame_goes_round_unchanged)
{
    static const uint32_t sizes[] = {NET_BED_MIN_FRAME, 23, 60, 61, 1514, 2000};
    uint64_t number = 0, bytes = 0;
    struct soft_net_counters counters;

    net_bed_open(&bed, setup(_i));
    for (unsigned lap = 0; lap < 100; lap++) {
        for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
            net_bed_post(&bed, 1);
            net_bed_send(&bed, number, sizes[i]);
            net_bed_require(net_bed_expect(&bed, number, sizes[i]) == 1,
                            "in one buffer");
            number++;
            bytes += sizes[i];
        }
    }
    net_bed_await_sent(&bed);
    counters = net_bed_counters(&bed);
    ck_assert_uint_eq(counters.sent, number);
    ck_assert_uint_eq(counters.received, number);
    ck_assert_uint_eq(counters.sent_bytes, bytes);
    ck_assert_uint_eq(counters.received_bytes, bytes);
    ck_assert_uint_eq(counters.dropped, 0);
    net_bed_close(&bed);
}
END_TEST

/* Many at a time, over many laps of rings and indices. */
START_TEST(frames_keep_their_order)
{
    const unsigned window = 24, total = 5000;

    net_bed_open(&bed, setup(_i));
    net_bed_post(&bed, window);
    for (unsigned sent = 0, received = 0; received < total;) {
        while (sent < total && sent - received < window) {
            net_bed_send(&bed, sent, NET_BED_MIN_FRAME + sent % 200);
            sent++;
        }
        (void)net_bed_expect(&bed, received,
                             NET_BED_MIN_FRAME + received % 200);
        net_bed_post(&bed, 1);
        received++;
    }
    net_bed_await_sent(&bed);
    ck_assert_uint_eq(net_bed_counters(&bed).dropped, 0);
    net_bed_close(&bed);
}
END_TEST

START_TEST(what_is_asked_of_a_frame_goes_with_it)
{
    const struct virtio_net_hdr asked = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN,
        .hdr_len = 74,
        .gso_size = 1440,
        .csum_start = 54,
        .csum_offset = 16,
    };
    struct virtio_net_hdr got;

    net_bed_open(&bed, setup(_i));
    net_bed_post(&bed, 1);
    net_bed_send_with(&bed, &asked, 1, 1900);
    (void)net_bed_expect_with(&bed, &got, 1, 1900);
    ck_assert_mem_eq(&got, &asked, sizeof(got));
    net_bed_close(&bed);
}
END_TEST

/* ---- Large frames ---- */

/* That all buffers of a frame are visible with the first one, the bed
 * claims. */
START_TEST(a_large_frame_lies_in_many_buffers)
{
    struct net_bed_setup many = setup(_i | MERGEABLE);
    const unsigned needed = (LARGEST_FRAME + NET_HEADER_SIZE + 1525) / 1526;

    many.room = 1526;
    net_bed_open(&bed, many);
    for (unsigned i = 0; i < 50; i++) {
        net_bed_post(&bed, needed + i % 3);
        net_bed_send(&bed, i, LARGEST_FRAME);
        ck_assert_uint_eq(net_bed_expect(&bed, i, LARGEST_FRAME), needed);
        for (unsigned j = 0; j < i % 3; j++) {
            net_bed_send(&bed, 1000 + j, 60);
            ck_assert_uint_eq(net_bed_expect(&bed, 1000 + j, 60), 1);
        }
    }
    net_bed_close(&bed);
}
END_TEST

/* The last buffer is full, or has one byte, or that byte is missing. */
START_TEST(buffers_are_filled_to_the_last_byte)
{
    struct net_bed_setup small = setup(_i | MERGEABLE);

    small.room = 128;
    net_bed_open(&bed, small);
    for (unsigned count = 1; count < 10; count++) {
        uint32_t full = count * 128 - NET_HEADER_SIZE;

        net_bed_post(&bed, 3 * count + 1);
        for (uint32_t size = full - 1; size <= full + 1; size++)
            net_bed_send(&bed, size, size);
        ck_assert_uint_eq(net_bed_expect(&bed, full - 1, full - 1), count);
        ck_assert_uint_eq(net_bed_expect(&bed, full, full), count);
        ck_assert_uint_eq(net_bed_expect(&bed, full + 1, full + 1), count + 1);
    }
    net_bed_close(&bed);
}
END_TEST

START_TEST(a_large_buffer_takes_the_largest_frame)
{
    struct net_bed_setup large = setup(_i & ~MERGEABLE);

    large.room = LARGEST_FRAME + NET_HEADER_SIZE;
    net_bed_open(&bed, large);
    for (unsigned i = 0; i < 50; i++) {
        net_bed_post(&bed, 1);
        net_bed_send(&bed, i, LARGEST_FRAME);
        ck_assert_uint_eq(net_bed_expect(&bed, i, LARGEST_FRAME), 1);
    }
    net_bed_close(&bed);
}
END_TEST

/* Claims that frame 1 of `size` bytes is dropped, and frame 2 arrives. */
static void check_only_the_second_arrives(uint32_t size)
{
    struct soft_net_counters before = net_bed_counters(&bed), after;

    net_bed_send(&bed, 1, size);
    net_bed_send(&bed, 2, 60);
    ck_assert_uint_eq(net_bed_expect(&bed, 2, 60), 1);
    net_bed_await_sent(&bed);
    after = net_bed_counters(&bed);
    ck_assert_uint_eq(after.dropped, before.dropped + 1);
    ck_assert_uint_eq(after.received, before.received + 1);
    ck_assert_uint_eq(after.sent, before.sent + 2);
}

START_TEST(a_frame_too_large_for_its_buffer_is_dropped)
{
    struct net_bed_setup small = setup(_i & ~MERGEABLE);

    small.room = 512;
    net_bed_open(&bed, small);
    for (unsigned i = 0; i < 40; i++) {
        net_bed_post(&bed, 1 + i % 5);
        check_only_the_second_arrives(501);
        for (unsigned j = 0; j < i % 5; j++)
            check_only_the_second_arrives(LARGEST_FRAME);
        net_bed_post(&bed, 1);
        net_bed_send(&bed, 3, 500);
        (void)net_bed_expect(&bed, 3, 500);
    }
    net_bed_close(&bed);
}
END_TEST

START_TEST(a_frame_too_large_for_the_whole_ring_is_dropped)
{
    struct net_bed_setup small = setup(_i | MERGEABLE);

    small.room = 128;
    small.size = 16;
    net_bed_open(&bed, small);
    net_bed_post(&bed, 16);
    for (unsigned i = 0; i < 40; i++) {
        check_only_the_second_arrives(16 * 128);
        net_bed_post(&bed, 1);
        net_bed_send(&bed, 3, 16 * 128 - NET_HEADER_SIZE);
        ck_assert_uint_eq(net_bed_expect(&bed, 3, 16 * 128 - NET_HEADER_SIZE),
                          16);
        net_bed_post(&bed, 16);
    }
    net_bed_close(&bed);
}
END_TEST

/* ---- What a driver must not send ---- */

#define CHECKSUM VIRTIO_NET_HDR_F_NEEDS_CSUM
#define TCPV4    VIRTIO_NET_HDR_GSO_TCPV4

static const struct {
    struct virtio_net_hdr header;
    uint64_t refused; /* features that the driver did not take */
} wrong_headers[] = {
    {{CHECKSUM, 0, 0, 0, 34, 6}, FEATURE(VIRTIO_NET_F_CSUM)},
    {{CHECKSUM, 0, 0, 0, 93, 6}, 0}, /* of 100 bytes */
    {{CHECKSUM, 0, 0, 0, 0xffff, 0xffff}, 0},
    {{CHECKSUM, TCPV4, 54, 1460, 34, 16}, FEATURE(VIRTIO_NET_F_HOST_TSO4)},
    {{CHECKSUM, VIRTIO_NET_HDR_GSO_TCPV6, 74, 1440, 54, 16},
     FEATURE(VIRTIO_NET_F_HOST_TSO6)},
    {{CHECKSUM, 5, 42, 1472, 34, 6}, FEATURE(HOST_USO)},
    {{CHECKSUM, TCPV4 | VIRTIO_NET_HDR_GSO_ECN, 54, 1460, 34, 16},
     FEATURE(VIRTIO_NET_F_HOST_ECN)},
    {{CHECKSUM, VIRTIO_NET_HDR_GSO_UDP, 42, 1472, 34, 6}, 0},
    {{CHECKSUM, TCPV4, 54, 0, 34, 16}, 0},
    {{0, TCPV4, 54, 1460, 34, 16}, 0},
    {{CHECKSUM, 0x7f, 54, 1460, 34, 16}, 0},
    {{CHECKSUM, VIRTIO_NET_HDR_GSO_ECN, 54, 1460, 34, 16}, 0},
};

START_TEST(a_frame_with_a_wrong_header_is_dropped)
{
    for (int variation = 0; variation < NET_BED_VARIATIONS; variation += 3) {
        struct net_bed_setup picky = setup(variation);

        picky.refused = wrong_headers[_i].refused;
        net_bed_open(&bed, picky);
        for (unsigned i = 1; i <= 10; i++) {
            net_bed_post(&bed, 1);
            net_bed_send_with(&bed, &wrong_headers[_i].header, 1, 100);
            net_bed_send(&bed, 2, 100);
            (void)net_bed_expect(&bed, 2, 100);
            net_bed_await_sent(&bed);
            net_bed_require(net_bed_counters(&bed).dropped == i, "counted");
            net_bed_require(net_bed_counters(&bed).sent == i, "not sent");
        }
        net_bed_close(&bed);
    }
}
END_TEST

static void send_of_length(uint32_t length)
{
    const struct driver_piece piece = {
        .iova = NET_BED_SEND_IOVA + NET_BED_DATA_SIZE / 2,
        .length = length,
    };

    store_le64((uint8_t *)bed.mappings[0].host + NET_BED_DATA_SIZE / 2, 0);
    store_le64((uint8_t *)bed.mappings[0].host + NET_BED_DATA_SIZE / 2 + 8, 0);
    net_bed_send_pieces(&bed, &piece, 1);
}

START_TEST(a_frame_of_impossible_length_is_dropped)
{
    static const uint32_t lengths[] = {
        1,
        NET_HEADER_SIZE - 1,
        NET_HEADER_SIZE,
        NET_HEADER_SIZE + 13, /* an Ethernet header has 14 */
        NET_HEADER_SIZE + LARGEST_FRAME + 1,
        NET_BED_DATA_SIZE / 2,
    };

    net_bed_open(&bed, setup(_i));
    for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
        send_of_length(lengths[i]);
        net_bed_expect_works(&bed);
        ck_assert_uint_eq(net_bed_counters(&bed).dropped, i + 1);
    }
    net_bed_close(&bed);
}
END_TEST

/* 14 bytes are a frame, to be judged by whom it is for. */
START_TEST(the_shortest_frame_passes)
{
    net_bed_open(&bed, setup(_i));
    send_of_length(NET_HEADER_SIZE + 14);
    net_bed_await_sent(&bed);
    ck_assert_uint_eq(net_bed_counters(&bed).sent, 1);
    ck_assert_uint_eq(net_bed_counters(&bed).sent_bytes, 14);
    ck_assert_uint_eq(net_bed_counters(&bed).dropped, 0);
    net_bed_close(&bed);
}
END_TEST

/* A frame in pieces of a byte, the header too. */
START_TEST(a_frame_may_be_in_crumbs)
{
    struct driver_piece pieces[100];
    uint8_t *at;

    net_bed_open(&bed, setup(_i));
    for (unsigned lap = 0; lap < 20; lap++) {
        net_bed_post(&bed, 2);
        net_bed_send(&bed, 5, 88);
        (void)net_bed_expect(&bed, 5, 88);
        net_bed_await_sent(&bed);
        at = (uint8_t *)bed.mappings[0].host +
             (bed.num_sent - 1) % NET_BED_SEND_SLOTS * NET_BED_SLOT_SIZE;
        for (unsigned i = 0; i < 100; i++)
            pieces[i] = (struct driver_piece){
                .iova = NET_BED_SEND_IOVA +
                        (uint64_t)(at - (uint8_t *)bed.mappings[0].host) + i,
                .length = 1,
            };
        net_bed_send_pieces(&bed, pieces, 100);
        (void)net_bed_expect(&bed, 5, 88);
        net_bed_await_sent(&bed);
    }
    net_bed_close(&bed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    const int all = NET_BED_VARIATIONS, rings = NET_BED_VARIATIONS / 2;

    tcase_add_loop_test(tcase, a_frame_goes_round_unchanged, 0, all);
    tcase_add_loop_test(tcase, frames_keep_their_order, 0, all);
    tcase_add_loop_test(tcase, what_is_asked_of_a_frame_goes_with_it, 0, all);
    tcase_add_loop_test(tcase, a_large_frame_lies_in_many_buffers, 0, rings);
    tcase_add_loop_test(tcase, buffers_are_filled_to_the_last_byte, 0, rings);
    tcase_add_loop_test(tcase, a_large_buffer_takes_the_largest_frame, 0,
                        rings);
    tcase_add_loop_test(tcase, a_frame_too_large_for_its_buffer_is_dropped, 0,
                        rings);
    tcase_add_loop_test(tcase, a_frame_too_large_for_the_whole_ring_is_dropped,
                        0, rings);
    tcase_add_loop_test(tcase, a_frame_with_a_wrong_header_is_dropped, 0,
                        (int)ARRAY_SIZE(wrong_headers));
    tcase_add_loop_test(tcase, a_frame_of_impossible_length_is_dropped, 0, all);
    tcase_add_loop_test(tcase, the_shortest_frame_passes, 0, all);
    tcase_add_loop_test(tcase, a_frame_may_be_in_crumbs, 0, rings);
}

int main(void)
{
    return check_main("soft_net_frames", add_tests);
}
