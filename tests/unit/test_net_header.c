/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_net_header.c: what a driver may ask for a frame, and what it may not.
 */
#include "tests/support/check_main.h"
#include "vdpa/net_header.h"

#include <string.h>

#define FEATURE(bit) (1ULL << (bit))
#define ALL_FEATURES UINT64_MAX
/* Newer than Debian 12's headers. */
#define HOST_USO   56
#define GSO_UDP_L4 5

#define FRAME_SIZE 1514U

static struct virtio_net_hdr loaded;

static bool load(const uint8_t bytes[NET_HEADER_SIZE], uint64_t features,
                 uint64_t frame_size)
{
    memset(&loaded, 0xee, sizeof(loaded));
    return net_header_load(&loaded, bytes, features, frame_size);
}

static bool is_accepted(const struct virtio_net_hdr *header, uint64_t features,
                        uint64_t frame_size)
{
    uint8_t bytes[NET_HEADER_SIZE];

    net_header_store(bytes, header, 0);
    return load(bytes, features, frame_size);
}

/* A header that asks for segmentation, as Linux writes it. */
static struct virtio_net_hdr gso(uint8_t type)
{
    return (struct virtio_net_hdr){
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = type,
        .hdr_len = 54,
        .gso_size = 1460,
        .csum_start = 34,
        .csum_offset = 16,
    };
}

/* virtio 1.2, 5.1.6: little-endian, in this order. */
START_TEST(fields_are_where_the_specification_has_them)
{
    const uint8_t bytes[NET_HEADER_SIZE] = {1,    1,    0x34, 0x12, 0xb4, 0x05,
                                            0x22, 0x00, 0x10, 0x00, 0xff, 0xff};

    ck_assert(load(bytes, ALL_FEATURES, 65000));
    ck_assert_uint_eq(loaded.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
    ck_assert_uint_eq(loaded.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
    ck_assert_uint_eq(loaded.hdr_len, 0x1234);
    ck_assert_uint_eq(loaded.gso_size, 1460);
    ck_assert_uint_eq(loaded.csum_start, 0x22);
    ck_assert_uint_eq(loaded.csum_offset, 0x10);
}
END_TEST

START_TEST(a_stored_header_reads_the_same)
{
    const struct virtio_net_hdr header = gso(VIRTIO_NET_HDR_GSO_TCPV6);
    const uint8_t expected[NET_HEADER_SIZE] = {
        1, 4, 54, 0, 0xb4, 0x05, 0x22, 0x00, 16, 0x00, 0x2b, 0x01};
    uint8_t bytes[NET_HEADER_SIZE];

    net_header_store(bytes, &header, 0x12b);
    ck_assert_mem_eq(bytes, expected, sizeof(bytes));
    ck_assert(load(bytes, ALL_FEATURES, 65000));
    ck_assert_mem_eq(&loaded, &header, sizeof(header));
}
END_TEST

START_TEST(a_header_of_zeroes_needs_no_feature)
{
    const uint8_t zeroes[NET_HEADER_SIZE] = {0};
    const struct virtio_net_hdr plain = {.flags = 0};

    ck_assert(load(zeroes, 0, 0));
    ck_assert_mem_eq(&loaded, &plain, sizeof(plain));
}
END_TEST

/* What the driver says there is no business of ours without its flag. */
START_TEST(offsets_without_their_flag_do_not_count)
{
    const struct virtio_net_hdr header = {
        .hdr_len = 0xffff,
        .gso_size = 0xffff,
        .csum_start = 0xffff,
        .csum_offset = 0xffff,
    };

    ck_assert(is_accepted(&header, 0, 60));
}
END_TEST

/* 5.1.6.2: the device ignores flags that it does not know, and DATA_VALID
 * and RSC_INFO come from devices alone. */
START_TEST(other_flags_are_ignored)
{
    const struct virtio_net_hdr header = {.flags = 0xfe};

    ck_assert(is_accepted(&header, 0, 60));
    ck_assert_uint_eq(loaded.flags, 0);
}
END_TEST

/* ---- Checksums ---- */

START_TEST(checksum_needs_its_feature)
{
    const struct virtio_net_hdr header = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .csum_start = 34,
        .csum_offset = 6,
    };

    ck_assert(is_accepted(&header, FEATURE(VIRTIO_NET_F_CSUM), FRAME_SIZE));
    ck_assert(!is_accepted(&header, ~FEATURE(VIRTIO_NET_F_CSUM), FRAME_SIZE));
}
END_TEST

START_TEST(checksum_lies_inside_the_frame)
{
    struct virtio_net_hdr header = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .csum_start = 34,
        .csum_offset = 6,
    };

    ck_assert(is_accepted(&header, ALL_FEATURES, 42));
    ck_assert(!is_accepted(&header, ALL_FEATURES, 41));
    ck_assert(!is_accepted(&header, ALL_FEATURES, 0));
    /* Sums that do not fit 16 bits. */
    header.csum_start = 0xffff;
    ck_assert(!is_accepted(&header, ALL_FEATURES, 42));
    header.csum_offset = 0xffff;
    ck_assert(!is_accepted(&header, ALL_FEATURES, 42));
    ck_assert(!is_accepted(&header, ALL_FEATURES, 0x1ffff));
    ck_assert(is_accepted(&header, ALL_FEATURES, 0x20000));
}
END_TEST

/* ---- Segmentation ---- */

static const struct {
    uint8_t type;
    unsigned feature;
} kinds[] = {
    {VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_F_HOST_TSO4},
    {VIRTIO_NET_HDR_GSO_TCPV6, VIRTIO_NET_F_HOST_TSO6},
    {GSO_UDP_L4, HOST_USO},
};
#define NUM_KINDS (int)(sizeof(kinds) / sizeof(kinds[0]))

START_TEST(segmentation_needs_its_feature)
{
    const struct virtio_net_hdr header = gso(kinds[_i].type);
    const uint64_t needed =
        FEATURE(kinds[_i].feature) | FEATURE(VIRTIO_NET_F_CSUM);

    ck_assert(is_accepted(&header, needed, FRAME_SIZE));
    ck_assert_uint_eq(loaded.gso_type, kinds[_i].type);
    ck_assert(!is_accepted(&header, ~FEATURE(kinds[_i].feature), FRAME_SIZE));
    ck_assert(!is_accepted(&header, ~FEATURE(VIRTIO_NET_F_CSUM), FRAME_SIZE));
}
END_TEST

START_TEST(segments_have_a_size)
{
    struct virtio_net_hdr header = gso(kinds[_i].type);

    header.gso_size = 0;
    ck_assert(!is_accepted(&header, ALL_FEATURES, FRAME_SIZE));
    header.gso_size = 1;
    ck_assert(is_accepted(&header, ALL_FEATURES, FRAME_SIZE));
    header.gso_size = 0xffff;
    ck_assert(is_accepted(&header, ALL_FEATURES, FRAME_SIZE));
}
END_TEST

/* 5.1.6.2.1: whoever has a frame cut leaves its checksums out. */
START_TEST(segmentation_comes_with_a_checksum)
{
    struct virtio_net_hdr header = gso(kinds[_i].type);

    header.flags = 0;
    ck_assert(!is_accepted(&header, ALL_FEATURES, FRAME_SIZE));
}
END_TEST

START_TEST(no_frame_to_be_cut_is_shorter_than_its_headers)
{
    struct virtio_net_hdr header = gso(kinds[_i].type);

    header.csum_start = header.csum_offset = 0;
    ck_assert(is_accepted(&header, ALL_FEATURES, 42));
    ck_assert(!is_accepted(&header, ALL_FEATURES, 41));
}
END_TEST

START_TEST(congestion_bit_needs_its_feature)
{
    const struct virtio_net_hdr header =
        gso((uint8_t)(kinds[_i].type | VIRTIO_NET_HDR_GSO_ECN));

    ck_assert(is_accepted(&header, ALL_FEATURES, FRAME_SIZE));
    ck_assert_uint_eq(loaded.gso_type, header.gso_type);
    ck_assert(
        !is_accepted(&header, ~FEATURE(VIRTIO_NET_F_HOST_ECN), FRAME_SIZE));
}
END_TEST

/* All but NONE and the three above, with and without ECN; among them UDP
 * fragmentation, which is not offered. */
START_TEST(unknown_segmentation_is_refused)
{
    for (unsigned type = 1; type < 256; type++) {
        const struct virtio_net_hdr header = gso((uint8_t)type);
        unsigned plain = type & ~(unsigned)VIRTIO_NET_HDR_GSO_ECN;

        if (plain == VIRTIO_NET_HDR_GSO_TCPV4 ||
            plain == VIRTIO_NET_HDR_GSO_TCPV6 || plain == GSO_UDP_L4)
            continue;
        ck_assert_msg(!is_accepted(&header, ALL_FEATURES, FRAME_SIZE),
                      "segmentation of type 0x%x is accepted", type);
    }
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, fields_are_where_the_specification_has_them);
    tcase_add_test(tcase, a_stored_header_reads_the_same);
    tcase_add_test(tcase, a_header_of_zeroes_needs_no_feature);
    tcase_add_test(tcase, offsets_without_their_flag_do_not_count);
    tcase_add_test(tcase, other_flags_are_ignored);
    tcase_add_test(tcase, checksum_needs_its_feature);
    tcase_add_test(tcase, checksum_lies_inside_the_frame);
    tcase_add_loop_test(tcase, segmentation_needs_its_feature, 0, NUM_KINDS);
    tcase_add_loop_test(tcase, segments_have_a_size, 0, NUM_KINDS);
    tcase_add_loop_test(tcase, segmentation_comes_with_a_checksum, 0,
                        NUM_KINDS);
    tcase_add_loop_test(tcase, no_frame_to_be_cut_is_shorter_than_its_headers,
                        0, NUM_KINDS);
    tcase_add_loop_test(tcase, congestion_bit_needs_its_feature, 0, NUM_KINDS);
    tcase_add_test(tcase, unknown_segmentation_is_refused);
}

int main(void)
{
    return check_main("net_header", add_tests);
}
