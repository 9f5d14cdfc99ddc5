/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_features.c: which bits of a device a guest never sees, and which
 * go with them.
 */
#include "devices/virtio_features.h"
#include "tests/support/check_main.h"
#include "vmm/compiler.h"

#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>

#define BIT64(bit) (UINT64_C(1) << (bit))

/* Of a device that offers everything that there is. */
static uint64_t of_everything(uint32_t device_id)
{
    return virtio_features_for_guest(device_id, UINT64_MAX);
}

static void check_hidden(unsigned bit)
{
    const uint32_t types[] = {VIRTIO_ID_NET, VIRTIO_ID_BLOCK, VIRTIO_ID_FS};

    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        ck_assert_msg(!(of_everything(types[i]) & BIT64(bit)),
                      "bit %u of type %u is shown", bit, types[i]);
        ck_assert_uint_eq(virtio_features_for_guest(types[i], BIT64(bit)), 0);
    }
}

START_TEST(bits_that_cannot_be_honoured_are_hidden)
{
    check_hidden(VHOST_F_LOG_ALL);
    check_hidden(VIRTIO_F_ANY_LAYOUT);
    check_hidden(VIRTIO_F_SR_IOV);
    check_hidden(38); /* NOTIFICATION_DATA */
    check_hidden(39); /* NOTIF_CONFIG_DATA */
    check_hidden(VIRTIO_F_RING_RESET);
    check_hidden(41); /* ADMIN_VQ */
    for (unsigned bit = 42; bit < 50; bit++)
        check_hidden(bit); /* reserved */
    check_hidden(VIRTIO_F_ACCESS_PLATFORM);
}
END_TEST

START_TEST(all_other_bits_of_any_type_are_shown)
{
    const uint64_t hidden =
        BIT64(VHOST_F_LOG_ALL) | BIT64(VIRTIO_F_ANY_LAYOUT) |
        BIT64(VIRTIO_F_SR_IOV) | BIT64(38) | BIT64(39) |
        BIT64(VIRTIO_F_RING_RESET) | BIT64(41) | UINT64_C(0xff) << 42 |
        BIT64(VIRTIO_F_ACCESS_PLATFORM);

    ck_assert_uint_eq(of_everything(VIRTIO_ID_BLOCK), ~hidden);
    ck_assert_uint_eq(of_everything(VIRTIO_ID_NET), ~hidden);
}
END_TEST

START_TEST(nothing_is_added)
{
    ck_assert_uint_eq(virtio_features_for_guest(VIRTIO_ID_NET, 0), 0);
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t offered = BIT64(bit);

        ck_assert_uint_eq(
            virtio_features_for_guest(VIRTIO_ID_NET, offered) & ~offered, 0);
    }
}
END_TEST

/* Without `needed`, a network device that offers everything shows no `bit`;
 * with nothing but the two (and `more`) it does. */
static void check_needs(unsigned bit, unsigned needed, uint64_t more)
{
    uint64_t without = virtio_features_for_guest(VIRTIO_ID_NET, ~BIT64(needed));
    uint64_t with = BIT64(bit) | BIT64(needed) | more;

    ck_assert_msg(!(without & BIT64(bit)), "bit %u without bit %u", bit,
                  needed);
    ck_assert_uint_eq(virtio_features_for_guest(VIRTIO_ID_NET, with), with);
}

START_TEST(what_is_asked_by_command_needs_the_control_queue)
{
    const unsigned bits[] = {
        VIRTIO_NET_F_CTRL_RX,   VIRTIO_NET_F_CTRL_VLAN,
        VIRTIO_NET_F_MQ,        VIRTIO_NET_F_CTRL_MAC_ADDR,
        VIRTIO_NET_F_RSS,       VIRTIO_NET_F_HASH_REPORT,
        VIRTIO_NET_F_NOTF_COAL, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS,
        50 /* DEVICE_STATS */,  52 /* VQ_NOTF_COAL */,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(bits); i++)
        check_needs(bits[i], VIRTIO_NET_F_CTRL_VQ, 0);
    check_needs(VIRTIO_NET_F_GUEST_ANNOUNCE, VIRTIO_NET_F_CTRL_VQ,
                BIT64(VIRTIO_NET_F_STATUS));
}
END_TEST

START_TEST(hashes_of_tunnels_need_hashes)
{
    const uint64_t control = BIT64(VIRTIO_NET_F_CTRL_VQ);
    const uint64_t either =
        BIT64(VIRTIO_NET_F_RSS) | BIT64(VIRTIO_NET_F_HASH_REPORT);

    check_needs(51, VIRTIO_NET_F_CTRL_VQ, BIT64(VIRTIO_NET_F_RSS));
    ck_assert(!(virtio_features_for_guest(VIRTIO_ID_NET, ~either) & BIT64(51)));
    ck_assert_uint_eq(
        virtio_features_for_guest(VIRTIO_ID_NET, control | either | BIT64(51)),
        control | either | BIT64(51));
}
END_TEST

START_TEST(announcing_needs_the_link_status)
{
    check_needs(VIRTIO_NET_F_GUEST_ANNOUNCE, VIRTIO_NET_F_STATUS,
                BIT64(VIRTIO_NET_F_CTRL_VQ));
}
END_TEST

START_TEST(segmentation_needs_checksums_in_the_same_direction)
{
    check_needs(VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_CSUM, 0);
    check_needs(VIRTIO_NET_F_GUEST_TSO6, VIRTIO_NET_F_GUEST_CSUM, 0);
    check_needs(VIRTIO_NET_F_GUEST_UFO, VIRTIO_NET_F_GUEST_CSUM, 0);
    check_needs(VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_CSUM, 0);
    check_needs(VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_CSUM, 0);
    check_needs(VIRTIO_NET_F_HOST_UFO, VIRTIO_NET_F_CSUM, 0);
    check_needs(54, VIRTIO_NET_F_GUEST_CSUM, 0); /* GUEST_USO4 */
    check_needs(55, VIRTIO_NET_F_GUEST_CSUM, 0); /* GUEST_USO6 */
    check_needs(56, VIRTIO_NET_F_CSUM, 0);       /* HOST_USO */
}
END_TEST

static void check_needs_tso(unsigned bit, unsigned tso4, unsigned tso6,
                            unsigned csum)
{
    uint64_t neither = ~(BIT64(tso4) | BIT64(tso6));
    uint64_t alone = BIT64(csum) | BIT64(tso6) | BIT64(bit);

    ck_assert(
        !(virtio_features_for_guest(VIRTIO_ID_NET, neither) & BIT64(bit)));
    ck_assert_uint_eq(virtio_features_for_guest(VIRTIO_ID_NET, alone), alone);
    alone ^= BIT64(tso4) | BIT64(tso6);
    ck_assert_uint_eq(virtio_features_for_guest(VIRTIO_ID_NET, alone), alone);
    /* It goes with segmentation that goes with the checksums. */
    ck_assert(
        !(virtio_features_for_guest(VIRTIO_ID_NET, ~BIT64(csum)) & BIT64(bit)));
}

START_TEST(what_is_about_segments_needs_either_kind_of_segmentation)
{
    check_needs_tso(VIRTIO_NET_F_GUEST_ECN, VIRTIO_NET_F_GUEST_TSO4,
                    VIRTIO_NET_F_GUEST_TSO6, VIRTIO_NET_F_GUEST_CSUM);
    check_needs_tso(VIRTIO_NET_F_HOST_ECN, VIRTIO_NET_F_HOST_TSO4,
                    VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_CSUM);
    check_needs_tso(VIRTIO_NET_F_RSC_EXT, VIRTIO_NET_F_HOST_TSO4,
                    VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_CSUM);
}
END_TEST

START_TEST(bit_goes_with_a_bit_that_goes)
{
    /* CTRL_RX_EXTRA needs CTRL_RX, which needs CTRL_VQ. */
    uint64_t features =
        virtio_features_for_guest(VIRTIO_ID_NET, ~BIT64(VIRTIO_NET_F_CTRL_VQ));

    ck_assert(!(features & BIT64(VIRTIO_NET_F_CTRL_RX)));
    ck_assert(!(features & BIT64(VIRTIO_NET_F_CTRL_RX_EXTRA)));
    check_needs(VIRTIO_NET_F_CTRL_RX_EXTRA, VIRTIO_NET_F_CTRL_RX,
                BIT64(VIRTIO_NET_F_CTRL_VQ));
}
END_TEST

START_TEST(bits_mean_something_else_to_other_types)
{
    uint64_t features = BIT64(VIRTIO_NET_F_MQ) | BIT64(VIRTIO_NET_F_HOST_TSO4);

    ck_assert_uint_eq(virtio_features_for_guest(VIRTIO_ID_BLOCK, features),
                      features);
    ck_assert_uint_eq(virtio_features_for_guest(VIRTIO_ID_NET, features), 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, bits_that_cannot_be_honoured_are_hidden);
    tcase_add_test(tcase, all_other_bits_of_any_type_are_shown);
    tcase_add_test(tcase, nothing_is_added);
    tcase_add_test(tcase, what_is_asked_by_command_needs_the_control_queue);
    tcase_add_test(tcase, hashes_of_tunnels_need_hashes);
    tcase_add_test(tcase, announcing_needs_the_link_status);
    tcase_add_test(tcase, segmentation_needs_checksums_in_the_same_direction);
    tcase_add_test(tcase,
                   what_is_about_segments_needs_either_kind_of_segmentation);
    tcase_add_test(tcase, bit_goes_with_a_bit_that_goes);
    tcase_add_test(tcase, bits_mean_something_else_to_other_types);
}

int main(void)
{
    return check_main("virtio_features", add_tests);
}
