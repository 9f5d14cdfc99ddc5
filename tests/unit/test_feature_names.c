/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_feature_names.c: feature bits to names and back.
 */
#include "vmm/feature_names.h"

#include "tests/support/check_main.h"
#include "vmm/usage.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <string.h>

/* The same bits by the kernel's names. */
static const struct {
    unsigned bit;
    const char *name;
} samples[] = {
    {VIRTIO_NET_F_CSUM, "csum"},
    {VIRTIO_NET_F_GUEST_CSUM, "guest_csum"},
    {VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, "ctrl_guest_offloads"},
    {VIRTIO_NET_F_MTU, "mtu"},
    {VIRTIO_NET_F_MAC, "mac"},
    {VIRTIO_NET_F_GUEST_TSO4, "guest_tso4"},
    {VIRTIO_NET_F_GUEST_TSO6, "guest_tso6"},
    {VIRTIO_NET_F_GUEST_ECN, "guest_ecn"},
    {VIRTIO_NET_F_GUEST_UFO, "guest_ufo"},
    {VIRTIO_NET_F_HOST_TSO4, "host_tso4"},
    {VIRTIO_NET_F_HOST_TSO6, "host_tso6"},
    {VIRTIO_NET_F_HOST_ECN, "host_ecn"},
    {VIRTIO_NET_F_HOST_UFO, "host_ufo"},
    {VIRTIO_NET_F_MRG_RXBUF, "mrg_rxbuf"},
    {VIRTIO_NET_F_STATUS, "status"},
    {VIRTIO_NET_F_CTRL_VQ, "ctrl_vq"},
    {VIRTIO_NET_F_CTRL_RX, "ctrl_rx"},
    {VIRTIO_NET_F_CTRL_VLAN, "ctrl_vlan"},
    {VIRTIO_NET_F_CTRL_RX_EXTRA, "ctrl_rx_extra"},
    {VIRTIO_NET_F_GUEST_ANNOUNCE, "guest_announce"},
    {VIRTIO_NET_F_MQ, "mq"},
    {VIRTIO_NET_F_CTRL_MAC_ADDR, "ctrl_mac_addr"},
    {VIRTIO_NET_F_NOTF_COAL, "notf_coal"},
    {VIRTIO_NET_F_HASH_REPORT, "hash_report"},
    {VIRTIO_NET_F_RSS, "rss"},
    {VIRTIO_NET_F_RSC_EXT, "rsc_ext"},
    {VIRTIO_NET_F_STANDBY, "standby"},
    {VIRTIO_NET_F_SPEED_DUPLEX, "speed_duplex"},
    {VIRTIO_F_NOTIFY_ON_EMPTY, "notify_on_empty"},
    {VIRTIO_F_ANY_LAYOUT, "any_layout"},
    {VIRTIO_RING_F_INDIRECT_DESC, "indirect_desc"},
    {VIRTIO_RING_F_EVENT_IDX, "event_idx"},
    {VIRTIO_F_VERSION_1, "version_1"},
    {VIRTIO_F_ACCESS_PLATFORM, "access_platform"},
    {VIRTIO_F_RING_PACKED, "ring_packed"},
    {VIRTIO_F_IN_ORDER, "in_order"},
    {VIRTIO_F_ORDER_PLATFORM, "order_platform"},
    {VIRTIO_F_SR_IOV, "sr_iov"},
    {VIRTIO_F_RING_RESET, "ring_reset"},
};

START_TEST(names_are_the_specifications)
{
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
        ck_assert_str_eq(feature_names_get(VIRTIO_ID_NET, samples[i].bit),
                         samples[i].name);
}
END_TEST

START_TEST(every_name_leads_back_to_its_bit)
{
    unsigned count = 0;

    for (unsigned bit = 0; bit < FEATURE_NAMES_MAX; bit++) {
        const char *name = feature_names_get(VIRTIO_ID_NET, bit);

        if (name == NULL)
            continue;
        count++;
        ck_assert_int_eq(feature_names_find(VIRTIO_ID_NET, name), (int)bit);
    }
    ck_assert_uint_ge(count, ARRAY_SIZE(samples));
}
END_TEST

START_TEST(bits_without_a_name_have_none)
{
    ck_assert_ptr_null(feature_names_get(VIRTIO_ID_NET, 4));
    ck_assert_ptr_null(feature_names_get(VIRTIO_ID_NET, 42));
    ck_assert_ptr_null(feature_names_get(VIRTIO_ID_NET, 64));
    ck_assert_ptr_null(feature_names_get(VIRTIO_ID_NET, ~0U));
}
END_TEST

START_TEST(other_types_have_the_common_names_alone)
{
    ck_assert_ptr_null(feature_names_get(VIRTIO_ID_FS, VIRTIO_NET_F_CSUM));
    ck_assert_str_eq(feature_names_get(VIRTIO_ID_FS, VIRTIO_F_VERSION_1),
                     "version_1");
    ck_assert_int_eq(feature_names_find(VIRTIO_ID_FS, "csum"), -1);
    ck_assert_int_eq(feature_names_find(VIRTIO_ID_FS, "packed"),
                     VIRTIO_F_RING_PACKED);
}
END_TEST

START_TEST(prefixes_and_capitals_do_not_matter)
{
    static const char *const names[] = {
        "event_idx", "ring_f_event_idx",        "f_event_idx",
        "EVENT_IDX", "VIRTIO_RING_F_EVENT_IDX", "VIRTIO_F_EVENT_IDX",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        ck_assert_int_eq(feature_names_find(VIRTIO_ID_NET, names[i]),
                         VIRTIO_RING_F_EVENT_IDX);
    ck_assert_int_eq(feature_names_find(VIRTIO_ID_NET, "VIRTIO_NET_F_MQ"),
                     VIRTIO_NET_F_MQ);
    ck_assert_int_eq(feature_names_find(VIRTIO_ID_NET, "VIRTIO_F_RING_PACKED"),
                     VIRTIO_F_RING_PACKED);
    ck_assert_int_eq(feature_names_find(VIRTIO_ID_NET, "packed"),
                     VIRTIO_F_RING_PACKED);
}
END_TEST

START_TEST(what_is_no_name_is_told)
{
    static const char *const texts[] = {"",        "f_",   "net_f_", "csumm",
                                        "packed_", "ring", "csum,mq"};
    char longest[200];

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        ck_assert_int_eq(feature_names_find(VIRTIO_ID_NET, texts[i]), -1);
    memset(longest, 'm', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    ck_assert_int_eq(feature_names_find(VIRTIO_ID_NET, longest), -1);
    ck_assert_ptr_null(feature_names_nearest(VIRTIO_ID_NET, longest));
}
END_TEST

START_TEST(mistyped_names_are_near_known_ones)
{
    ck_assert_str_eq(feature_names_nearest(VIRTIO_ID_NET, "mrg_rxbufs"),
                     "mrg_rxbuf");
    ck_assert_str_eq(feature_names_nearest(VIRTIO_ID_NET, "pakced"), "packed");
    ck_assert_str_eq(feature_names_nearest(VIRTIO_ID_NET, "net_f_ctrl_qv"),
                     "ctrl_vq");
    ck_assert_ptr_null(feature_names_nearest(VIRTIO_ID_NET, "xyzzy"));
}
END_TEST

/* What may not be hidden is left out. */
static void check_help(enum options_command command)
{
    const char *text = usage_text(command);

    for (unsigned bit = 0; bit < FEATURE_NAMES_MAX; bit++) {
        const char *name = feature_names_get(VIRTIO_ID_NET, bit);
        char with_comma[64], with_newline[64];

        if (name == NULL || bit == VIRTIO_F_VERSION_1 ||
            bit == VIRTIO_F_ACCESS_PLATFORM)
            continue;
        snprintf(with_comma, sizeof(with_comma), " %s,", name);
        snprintf(with_newline, sizeof(with_newline), " %s\n", name);
        ck_assert_msg(strstr(text, with_comma) || strstr(text, with_newline),
                      "%s is not in the help", name);
    }
}

START_TEST(help_lists_every_name)
{
    check_help(COMMAND_RUN);
    check_help(COMMAND_VDUSE);
}
END_TEST

START_TEST(disks_have_names_of_their_own)
{
    ck_assert_int_eq(feature_names_find(VIRTIO_ID_BLOCK, "mq"), 12);
    ck_assert_int_eq(feature_names_find(VIRTIO_ID_BLOCK, "VIRTIO_BLK_F_RO"), 5);
    ck_assert_int_eq(feature_names_find(VIRTIO_ID_BLOCK, "packed"), 34);
    ck_assert_int_eq(feature_names_find(VIRTIO_ID_BLOCK, "csum"), -1);
    ck_assert_int_eq(feature_names_find(VIRTIO_ID_NET, "zoned"), -1);
    ck_assert_str_eq(feature_names_nearest(VIRTIO_ID_BLOCK, "fluhs"), "flush");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, disks_have_names_of_their_own);
    tcase_add_test(tcase, names_are_the_specifications);
    tcase_add_test(tcase, every_name_leads_back_to_its_bit);
    tcase_add_test(tcase, bits_without_a_name_have_none);
    tcase_add_test(tcase, other_types_have_the_common_names_alone);
    tcase_add_test(tcase, prefixes_and_capitals_do_not_matter);
    tcase_add_test(tcase, what_is_no_name_is_told);
    tcase_add_test(tcase, mistyped_names_are_near_known_ones);
    tcase_add_test(tcase, help_lists_every_name);
}

int main(void)
{
    return check_main("feature_names", add_tests);
}
