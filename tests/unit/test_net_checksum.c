/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_net_checksum.c: checksums against RFC 1071's definition, in pieces of
 * every size.
 */
#include "vdpa/net_checksum.h"

#include "tests/support/check_main.h"

#include <string.h>

#define MAX_FRAME 300U

static uint8_t frame[MAX_FRAME], expected[MAX_FRAME];

static void setup(void)
{
    for (unsigned i = 0; i < MAX_FRAME; i++)
        frame[i] = (uint8_t)(i * 37 + i / 3);
}

static struct virtio_net_hdr header_for(unsigned start, unsigned offset)
{
    return (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                   .csum_start = (uint16_t)start,
                                   .csum_offset = (uint16_t)offset};
}

/* Byte by byte, in network order. */
static void complete_plainly(uint8_t *bytes, unsigned size, unsigned start,
                             unsigned offset)
{
    uint32_t sum = 0;

    for (unsigned i = start; i < size; i++)
        sum += (i - start) % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    sum = ~sum & 0xffff;
    if (sum == 0)
        sum = 0xffff;
    bytes[start + offset] = (uint8_t)(sum >> 8);
    bytes[start + offset + 1] = (uint8_t)sum;
}

START_TEST(sum_is_that_of_the_rfc_at_every_size_and_start)
{
    for (unsigned size = 2; size < 80; size++)
        for (unsigned start = 0; start + 2 <= size; start++) {
            struct virtio_net_hdr header = header_for(start, 0);
            struct iovec piece = {frame, size};

            setup();
            memcpy(expected, frame, MAX_FRAME);
            complete_plainly(expected, size, start, 0);
            ck_assert(net_checksum_complete(&header, &piece, 1));
            ck_assert_mem_eq(frame, expected, MAX_FRAME);
        }
}
END_TEST

START_TEST(pieces_make_no_difference)
{
    const unsigned size = 61, start = 7, offset = 9;

    for (unsigned first = 0; first <= size; first++)
        for (unsigned second = first; second <= size; second++) {
            struct virtio_net_hdr header = header_for(start, offset);
            struct iovec pieces[3] = {{frame, first},
                                      {frame + first, second - first},
                                      {frame + second, size - second}};

            setup();
            memcpy(expected, frame, MAX_FRAME);
            complete_plainly(expected, size, start, offset);
            ck_assert(net_checksum_complete(&header, pieces, 3));
            ck_assert_mem_eq(frame, expected, MAX_FRAME);
        }
}
END_TEST

START_TEST(request_is_taken_out_of_the_header)
{
    struct virtio_net_hdr header = header_for(14, 6);
    struct iovec piece = {frame, 60};

    header.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
    header.gso_size = 1448;
    ck_assert(net_checksum_complete(&header, &piece, 1));
    ck_assert_uint_eq(header.flags, 0);
    ck_assert_uint_eq(header.csum_start, 0);
    ck_assert_uint_eq(header.csum_offset, 0);
    ck_assert_uint_eq(header.gso_size, 1448);
}
END_TEST

START_TEST(frame_without_request_is_left_alone)
{
    struct virtio_net_hdr header = {.csum_start = 0xffff};
    struct iovec piece = {frame, 60};

    memcpy(expected, frame, MAX_FRAME);
    ck_assert(net_checksum_complete(&header, &piece, 1));
    ck_assert_mem_eq(frame, expected, MAX_FRAME);
}
END_TEST

START_TEST(sum_of_zero_is_sent_as_ones)
{
    struct virtio_net_hdr header = header_for(0, 2);
    uint8_t bytes[4] = {0xff, 0xff, 0, 0};
    struct iovec piece = {bytes, sizeof(bytes)};

    ck_assert(net_checksum_complete(&header, &piece, 1));
    ck_assert_uint_eq(bytes[2], 0xff);
    ck_assert_uint_eq(bytes[3], 0xff);
}
END_TEST

START_TEST(places_outside_the_frame_are_refused)
{
    static const struct {
        unsigned start, offset;
    } wrong[] = {{59, 0},          {0, 59},     {58, 1},     {60, 0},
                 {0xffff, 0xffff}, {0, 0xffff}, {0xffff, 0}, {30, 29}};

    memcpy(expected, frame, MAX_FRAME);
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct virtio_net_hdr header =
            header_for(wrong[i].start, wrong[i].offset);
        struct iovec pieces[2] = {{frame, 30}, {frame + 30, 30}};

        ck_assert(!net_checksum_complete(&header, pieces, 2));
        ck_assert(!net_checksum_complete(&header, pieces, 0));
        ck_assert_uint_eq(header.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
    }
    ck_assert_mem_eq(frame, expected, MAX_FRAME);
}
END_TEST

START_TEST(long_frame_does_not_overflow_the_sum)
{
    static uint8_t bytes[65553];
    struct virtio_net_hdr header = header_for(0, 0);
    struct iovec piece = {bytes, sizeof(bytes)};

    memset(bytes, 0xff, sizeof(bytes));
    ck_assert(net_checksum_complete(&header, &piece, 1));
    /* 32776 words of ones are ones, and half a word is 0xff00. */
    ck_assert_uint_eq(bytes[0], 0x00);
    ck_assert_uint_eq(bytes[1], 0xff);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, sum_is_that_of_the_rfc_at_every_size_and_start);
    tcase_add_test(tcase, pieces_make_no_difference);
    tcase_add_test(tcase, request_is_taken_out_of_the_header);
    tcase_add_test(tcase, frame_without_request_is_left_alone);
    tcase_add_test(tcase, sum_of_zero_is_sent_as_ones);
    tcase_add_test(tcase, places_outside_the_frame_are_refused);
    tcase_add_test(tcase, long_frame_does_not_overflow_the_sum);
}

int main(void)
{
    return check_main("net_checksum", add_tests);
}
