/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_net_options.c: the kinds of network, their keys, and what is wrong.
 */
#include "vmm/net_options.h"

#include "tests/support/check_main.h"
#include "vmm/net_keys.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <string.h>

#define GIVE                                                                   \
    "vdpa=/dev/vhost-vdpa-0, vdpa-fd=3, user, tap=tap0 or peer=/run/net0.sock"

static struct net_options net;
static char error[512];

static int parse(const char *text)
{
    error[0] = '\0';
    net = (struct net_options){0};
    return net_options_parse(&net, text, error, sizeof(error));
}

static void accept(const char *text, enum net_kind kind, const char *name)
{
    ck_assert_msg(parse(text) == 0, "%s: %s", text, error);
    ck_assert_int_eq(net.kind, kind);
    ck_assert_str_eq(net.name, name);
}

static void refuse(const char *text, const char *reason)
{
    ck_assert_msg(parse(text) == -EINVAL, "\"%s\" was accepted", text);
    ck_assert_str_eq(error, reason);
}

START_TEST(each_kind_has_its_key)
{
    accept("vdpa=dev0", NET_VDPA, "dev0");
    accept("/dev/vhost-vdpa-0", NET_VDPA, "/dev/vhost-vdpa-0");
    accept("user", NET_USER, "user");
    accept("tap=tap0", NET_TAP, "tap0");
    accept("peer=/run/a.sock", NET_PEER, "/run/a.sock");
}
END_TEST

START_TEST(defaults_are_told_from_values)
{
    accept("user", NET_USER, "user");
    ck_assert(!net.has_mac);
    ck_assert_uint_eq(net.mtu, 0);
    ck_assert(!net.has_polling);
    ck_assert_int_eq(net.polling, NET_POLLING_AUTO);
    ck_assert(!net.is_restricted);
    ck_assert_uint_eq(net.num_forwards, 0);
}
END_TEST

START_TEST(keys_stand_in_any_order)
{
    static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0xab, 0xcd, 0xef};

    accept("mac=52:54:00:ab:CD:ef,vdpa=/dev/1", NET_VDPA, "/dev/1");
    ck_assert(net.has_mac);
    ck_assert_mem_eq(net.mac, mac, sizeof(mac));
    accept("/dev/1,mac=52:54:00:ab:CD:ef", NET_VDPA, "/dev/1");
    ck_assert_mem_eq(net.mac, mac, sizeof(mac));
    accept("poll=off,mtu=9000,tap=t,mac=52:54:00:ab:CD:ef", NET_TAP, "t");
    ck_assert_mem_eq(net.mac, mac, sizeof(mac));
    ck_assert_uint_eq(net.mtu, 9000);
    ck_assert(net.has_polling);
    ck_assert_int_eq(net.polling, NET_POLLING_OFF);
}
END_TEST

START_TEST(vdpa_devices_may_be_left_as_descriptors)
{
    accept("vdpa-fd=3,queues=2,doorbell=off,mtu=9000,features=+mq", NET_VDPA_FD,
           "vdpa-fd=3");
    ck_assert_int_eq(net.fd, 3);
    ck_assert_uint_eq(net.queue_pairs, 2);
    accept("vdpa-fd=2147483647", NET_VDPA_FD, "vdpa-fd=2147483647");
    refuse("vdpa-fd=2",
           "vdpa-fd \"2\" is not the number of a descriptor from 3 on");
    refuse("vdpa-fd=2147483648",
           "vdpa-fd \"2147483648\" is not the number of a descriptor from 3 "
           "on");
    refuse("vdpa-fd",
           "vdpa-fd \"\" is not the number of a descriptor from 3 on");
    refuse("vdpa-fd=3,poll=on",
           "vdpa-fd has no \"poll\": known are vdpa-fd, "
           "mac, features, queues, doorbell, mtu, ip, name, gateway, dns");
    refuse("vdpa-fd=3,vdpa=/d", "\"vdpa-fd\" and \"vdpa\" are two networks: "
                                "give each a --net of its own");
}
END_TEST

START_TEST(vdpa_devices_may_be_given_fewer_queues)
{
    accept("/d", NET_VDPA, "/d");
    ck_assert_uint_eq(net.queue_pairs, 0);
    accept("/d,queues=1", NET_VDPA, "/d");
    ck_assert_uint_eq(net.queue_pairs, 1);
    accept("queues=32768,vdpa=/d", NET_VDPA, "/d");
    ck_assert_uint_eq(net.queue_pairs, 32768);
    refuse("/d,queues=0", "queues \"0\" is not a number of queue pairs from 1 "
                          "to 32768");
    refuse("/d,queues=32769", "queues \"32769\" is not a number of queue "
                              "pairs from 1 to 32768");
    refuse("/d,queues=4x", "queues \"4x\" is not a number of queue pairs from "
                           "1 to 32768");
    refuse("/d,queues", "queues \"\" is not a number of queue pairs from 1 to "
                        "32768");
    refuse("/d,queues=1,queues=2", "\"queues\" is given twice");
    refuse("user,queues=1", "user has no \"queues\": known are user, mac, "
                            "features, mtu, poll, forward, hostfwd, restrict, "
                            "ip, name, gateway, dns, pcap");
}
END_TEST

START_TEST(vdpa_devices_may_have_doorbells)
{
    accept("/d", NET_VDPA, "/d");
    ck_assert_int_eq(net.doorbell, NET_DOORBELL_AUTO);
    accept("/d,doorbell=require", NET_VDPA, "/d");
    ck_assert_int_eq(net.doorbell, NET_DOORBELL_REQUIRE);
    accept("doorbell=off,vdpa=/d", NET_VDPA, "/d");
    ck_assert_int_eq(net.doorbell, NET_DOORBELL_OFF);
    refuse("/d,doorbell=on",
           "doorbell \"on\" is neither auto, require nor off");
    refuse("/d,doorbell=off,doorbell=off", "\"doorbell\" is given twice");
    refuse("tap=t,doorbell=off",
           "tap has no \"doorbell\": known are tap, mac, "
           "features, mtu, poll, ip, name, gateway, dns, pcap");
}
END_TEST

static int parse_vdpa(const char *text)
{
    error[0] = '\0';
    net = (struct net_options){0};
    return net_options_parse_vdpa(&net, text, error, sizeof(error));
}

static void refuse_vdpa(const char *text, const char *reason)
{
    ck_assert_msg(parse_vdpa(text) == -EINVAL, "\"%s\" was accepted", text);
    ck_assert_str_eq(error, reason);
}

START_TEST(devices_of_any_type_have_the_keys_that_all_have)
{
    ck_assert_int_eq(parse_vdpa("/dev/vhost-vdpa-1,doorbell=off"), 0);
    ck_assert(net.is_any_type);
    ck_assert_int_eq(net.kind, NET_VDPA);
    ck_assert_str_eq(net.name, "/dev/vhost-vdpa-1");
    ck_assert_int_eq(parse_vdpa("vdpa-fd=4"), 0);
    ck_assert_int_eq(net.kind, NET_VDPA_FD);
    ck_assert_int_eq(net.fd, 4);
    refuse_vdpa("/d,mac=52:54:00:12:34:56",
                "a device of any type has no \"mac\": known are vdpa, "
                "features, doorbell");
    refuse_vdpa("/d,queues=2", "a device of any type has no \"queues\": known "
                               "are vdpa, features, doorbell");
    refuse_vdpa("user", "\"user\" names no device: give /dev/vhost-vdpa-0 or "
                        "vdpa-fd=3");
    refuse_vdpa("disk", "\"disk\" names no device: give /dev/vhost-vdpa-0 or "
                        "vdpa-fd=3");
    refuse_vdpa("",
                "\"\" names no device: give /dev/vhost-vdpa-0 or vdpa-fd=3");
    refuse_vdpa("/d,vdpa-fd=3", "\"vdpa\" and \"vdpa-fd\" are two networks: "
                                "give each a --net of its own");
}
END_TEST

START_TEST(features_of_any_type_wait_for_the_type)
{
    char reason[512], text[1024] = "/d";

    ck_assert_int_eq(parse_vdpa("/d,features=-mq,features=+ro"), 0);
    ck_assert_uint_eq(net.features.hidden, 0);
    ck_assert_int_eq(
        net_options_resolve(&net, VIRTIO_ID_BLOCK, reason, sizeof(reason)), 0);
    ck_assert_uint_eq(net.features.hidden, UINT64_C(1) << 12);
    ck_assert_uint_eq(net.features.required, UINT64_C(1) << 5);
    ck_assert_int_eq(parse_vdpa("/d,features=-mq"), 0);
    ck_assert_int_eq(
        net_options_resolve(&net, VIRTIO_ID_NET, reason, sizeof(reason)), 0);
    ck_assert_uint_eq(net.features.hidden, UINT64_C(1) << 22);
    ck_assert_int_eq(parse_vdpa("/d,features=+zonde"), 0);
    ck_assert_int_eq(
        net_options_resolve(&net, VIRTIO_ID_BLOCK, reason, sizeof(reason)),
        -EINVAL);
    ck_assert_str_eq(reason, "features \"+zonde\" names no feature: did you "
                             "mean \"+zoned\"? vmm(1) lists the names");
    for (unsigned i = 0; i <= NET_OPTIONS_MAX_WISHES; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
                       ",features=-ro");
    refuse_vdpa(text, "features stands more than 16 times");
    (void)snprintf(text, sizeof(text), "/d,features=-%s",
                   "a_name_that_is_longer_than_any_feature_of_virtio_has");
    refuse_vdpa(text, "features \"-a_name_that_is_longer_than_any_feature_of_"
                      "virtio_has\" is longer than 47 bytes");
}
END_TEST

START_TEST(user_network_forwards_ports)
{
    accept("user,forward=tcp:127.0.0.1:2222:22,restrict=on,"
           "hostfwd=udp:[::1]:53-:53,forward=?",
           NET_USER, "user");
    ck_assert_uint_eq(net.num_forwards, 3);
    ck_assert_str_eq(net.forwards[0], "tcp:127.0.0.1:2222:22");
    ck_assert_str_eq(net.forwards[1], "udp:[::1]:53-:53");
    ck_assert_str_eq(net.forwards[2], "?");
    ck_assert(net.is_restricted);
    accept("user,restrict=off", NET_USER, "user");
    ck_assert(!net.is_restricted);
}
END_TEST

START_TEST(forwards_have_limits)
{
    char text[1024] = "user";
    char forward[NET_OPTIONS_MAX_FORWARD + 1];
    size_t used = strlen(text);

    for (unsigned i = 0; i < NET_OPTIONS_MAX_FORWARDS; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 ",forward=tcp:%u:22", i + 1);
    accept(text, NET_USER, "user");
    ck_assert_uint_eq(net.num_forwards, NET_OPTIONS_MAX_FORWARDS);
    ck_assert_str_eq(net.forwards[15], "tcp:16:22");
    snprintf(text + used, sizeof(text) - used, ",hostfwd=tcp:17:22");
    refuse(text, "hostfwd stands more than 16 times");

    memset(forward, 'a', sizeof(forward));
    forward[NET_OPTIONS_MAX_FORWARD - 1] = '\0';
    snprintf(text, sizeof(text), "user,forward=%s", forward);
    accept(text, NET_USER, "user");
    ck_assert_str_eq(net.forwards[0], forward);
    snprintf(text, sizeof(text), "user,forward=%sa", forward);
    refuse(text, "forward is longer than 79 bytes: give it as "
                 "tcp:127.0.0.1:2222:22");
    refuse("user,forward=", "forward names no port: give one such as "
                            "tcp:127.0.0.1:2222:22");
    refuse("user,hostfwd", "hostfwd names no port: give one such as "
                           "tcp:127.0.0.1:2222:22");
}
END_TEST

START_TEST(one_kind_is_needed)
{
    refuse("mac=52:54:00:12:34:56",
           "\"mac=52:54:00:12:34:56\" names no network: give " GIVE);
    refuse("", "\"\" names no network: give " GIVE);
    refuse(",,", "\",,\" names no network: give " GIVE);
    refuse("bridge=br0", "\"bridge=br0\" names no network: give " GIVE);
    refuse("usr,mtu=1500", "\"usr,mtu=1500\" names no network: did you mean "
                           "\"user\"? Give " GIVE);
    refuse("tapp=tap0", "\"tapp=tap0\" names no network: did you mean \"tap\"? "
                        "Give " GIVE);
    refuse("user,tap=tap0", "\"user\" and \"tap\" are two networks: give each "
                            "a --net of its own");
    refuse("/dev/0,mac=1,peer", "\"vdpa\" and \"peer\" are two networks: give "
                                "each a --net of its own");
    refuse("tap=a,tap=b", "\"tap\" is given twice");
}
END_TEST

START_TEST(keys_are_those_of_the_kind)
{
    refuse("/d,poll=on", "vdpa has no \"poll\": known are vdpa, mac, features, "
                         "queues, doorbell, mtu, ip, name, gateway, dns");
    refuse("vdpa=/d,vectors=2",
           "unknown key \"vectors\": known are vdpa, mac, "
           "features, queues, doorbell, mtu, ip, name, gateway, dns");
    refuse("vdpa=/d,mca=52:54:00:12:34:56",
           "unknown key \"mca\": did you mean \"mac\"? Known are vdpa, mac, "
           "features, queues, doorbell, mtu, ip, name, gateway, dns");
    refuse("user,foward=tcp:1:2",
           "unknown key \"foward\": did you mean \"forward\"? Known are user, "
           "mac, features, mtu, poll, forward, hostfwd, restrict, ip, name, "
           "gateway, dns, pcap");
    refuse("tap=t,restrict=on",
           "tap has no \"restrict\": known are tap, mac, "
           "features, mtu, poll, ip, name, gateway, dns, pcap");
    refuse("peer=p,forward=tcp:1:2",
           "peer has no \"forward\": known are peer, mac, features, mtu, poll, "
           "ip, name, gateway, dns, pcap");
}
END_TEST

START_TEST(frames_that_pass_are_captured)
{
    accept("user,pcap=frames.pcap", NET_USER, "user");
    ck_assert_str_eq(net.pcap, "frames.pcap");
    accept("tap=t,pcap=/f", NET_TAP, "t");
    refuse("user,pcap=", "pcap names no file: give one of at most 255 bytes, "
                         "such as frames.pcap");
    refuse("user,pcap=a,pcap=b", "\"pcap\" is given twice");
    refuse("/d,pcap=f",
           "vdpa has no \"pcap\": its frames do not pass through vmm: capture "
           "them in the guest, or on the host's side of the device, with "
           "tcpdump");
}
END_TEST

START_TEST(names_are_needed)
{
    refuse("vdpa", "vdpa names no device: give vdpa=/dev/vhost-vdpa-0 or "
                   "another path");
    refuse("mac=52:54:00:12:34:56,vdpa=",
           "vdpa names no device: give vdpa=/dev/vhost-vdpa-0 or another path");
    refuse("tap", "tap names no interface: give tap=tap0 or another name");
    refuse("peer=", "peer names no socket: give peer=/run/net0.sock or another "
                    "path");
    refuse("user=me", "user takes no value, but got \"me\"");
    refuse("tap=/dev/tap0", "tap \"/dev/tap0\" is a path: give an interface's "
                            "name, such as tap0");
}
END_TEST

/* `longest`: of the value, in bytes. */
static void check_longest(const char *key, enum net_kind kind, size_t longest)
{
    char value[NET_OPTIONS_MAX_NAME], text[NET_OPTIONS_MAX_NAME + 8];
    char reason[128];

    memset(value, 'a', sizeof(value));
    value[longest] = '\0';
    snprintf(text, sizeof(text), "%s=%s", key, value);
    accept(text, kind, value);
    snprintf(text, sizeof(text), "%s=%sa", key, value);
    snprintf(reason, sizeof(reason), "%s %s is longer than %zu bytes", key,
             kind == NET_TAP ? "name" : "path", longest);
    refuse(text, reason);
}

START_TEST(names_have_limits)
{
    check_longest("vdpa", NET_VDPA, 255);
    check_longest("tap", NET_TAP, 15);
    check_longest("peer", NET_PEER, 107);
}
END_TEST

START_TEST(bad_macs_are_refused)
{
    static const char *const macs[] = {
        "52:54:00:12:34",    "52:54:00:12:34:56:78", "52:54:00:12:34:5g",
        "52-54-00-12-34-56", "5:54:00:12:34:56",     "",
        "52:54:00:12:34:5",
    };

    for (size_t i = 0; i < ARRAY_SIZE(macs); i++) {
        char text[64], reason[128];

        snprintf(text, sizeof(text), "/d,mac=%s", macs[i]);
        snprintf(reason, sizeof(reason),
                 "mac \"%s\" is not six hexadecimal bytes such as "
                 "52:54:00:12:34:56",
                 macs[i]);
        refuse(text, reason);
    }
    refuse("user,mac", "mac \"\" is not six hexadecimal bytes such as "
                       "52:54:00:12:34:56");
    refuse("/d,mac=53:54:00:12:34:56",
           "mac \"53:54:00:12:34:56\" is a group's or nobody's; a card's "
           "begins with an even byte");
    refuse("/d,mac=00:00:00:00:00:00",
           "mac \"00:00:00:00:00:00\" is a group's or nobody's; a card's "
           "begins with an even byte");
}
END_TEST

START_TEST(mtus_are_68_to_65520)
{
    static const char *const mtus[] = {
        "67", "65521", "", "-1", "1500b", "18446744073709551616",
    };

    accept("/d,mtu=9000", NET_VDPA, "/d");
    ck_assert_uint_eq(net.mtu, 9000);
    accept("user,mtu=68", NET_USER, "user");
    ck_assert_uint_eq(net.mtu, 68);
    accept("user,mtu=65520", NET_USER, "user");
    ck_assert_uint_eq(net.mtu, 65520);
    for (size_t i = 0; i < ARRAY_SIZE(mtus); i++) {
        char text[64], reason[128];

        snprintf(text, sizeof(text), "user,mtu=%s", mtus[i]);
        snprintf(reason, sizeof(reason),
                 "mtu \"%s\" is not a number from 68 to 65520", mtus[i]);
        refuse(text, reason);
    }
}
END_TEST

START_TEST(choices_are_words)
{
    accept("user,poll=auto", NET_USER, "user");
    ck_assert(net.has_polling);
    ck_assert_int_eq(net.polling, NET_POLLING_AUTO);
    accept("peer=p,poll=on", NET_PEER, "p");
    ck_assert_int_eq(net.polling, NET_POLLING_ON);
    refuse("user,poll=never", "poll \"never\" is neither auto, on nor off");
    refuse("user,poll", "poll \"\" is neither auto, on nor off");
    refuse("user,restrict=yes", "restrict \"yes\" is neither off nor on");
}
END_TEST

START_TEST(features_are_hidden_one_by_one)
{
    const uint64_t both = UINT64_C(1) << VIRTIO_F_RING_PACKED |
                          UINT64_C(1) << VIRTIO_RING_F_EVENT_IDX;

    accept("user", NET_USER, "user");
    ck_assert_uint_eq(net.features.hidden, 0);
    accept("user,features=-packed,features=-event_idx", NET_USER, "user");
    ck_assert_uint_eq(net.features.hidden, both);
    accept("features=-ring_f_event_idx,tap=t,features=-packed,features=-packed",
           NET_TAP, "t");
    ck_assert_uint_eq(net.features.hidden, both);
    accept("/d,features=-net_f_csum", NET_VDPA, "/d");
    ck_assert_uint_eq(net.features.hidden, UINT64_C(1) << VIRTIO_NET_F_CSUM);
    accept("peer=p,features=-speed_duplex", NET_PEER, "p");
    ck_assert_uint_eq(net.features.hidden, UINT64_C(1) << 63);
}
END_TEST

START_TEST(features_are_hidden_or_insisted_on)
{
    const char *const neither =
        "says neither: give a minus to hide a feature or a plus to insist on "
        "one, such as -mrg_rxbuf";
    char reason[256];

    accept("user,features=+csum,features=-packed,features=+version_1", NET_USER,
           "user");
    ck_assert_uint_eq(net.features.required, UINT64_C(1) << VIRTIO_NET_F_CSUM |
                                                 UINT64_C(1)
                                                     << VIRTIO_F_VERSION_1);
    ck_assert_uint_eq(net.features.hidden, UINT64_C(1) << VIRTIO_F_RING_PACKED);
    snprintf(reason, sizeof(reason), "features \"csum\" %s", neither);
    refuse("user,features=csum", reason);
    snprintf(reason, sizeof(reason), "features \"-\" %s", neither);
    refuse("user,features=-", reason);
    snprintf(reason, sizeof(reason), "features \"+\" %s", neither);
    refuse("user,features=+", reason);
    snprintf(reason, sizeof(reason), "features \"\" %s", neither);
    refuse("user,features", reason);
    refuse("/d,features=-version_1",
           "features \"-version_1\" cannot be: no guest can use the device "
           "without it");
    refuse("/d,features=+access_platform",
           "features \"+access_platform\" cannot be: it is set by the VMM and "
           "no guest sees it");
    refuse("/d,features=-access_platform",
           "features \"-access_platform\" cannot be: it is set by the VMM and "
           "no guest sees it");
    refuse("/d,features=-mq,features=+mq",
           "features \"+mq\" cannot be: it is wished otherwise, too: give one "
           "of both");
    refuse("/d,features=+mq,features=-net_f_mq",
           "features \"-net_f_mq\" cannot be: it is wished otherwise, too: "
           "give one of both");
    refuse("/d,features=+mk", "features \"+mk\" names no feature: did you mean "
                              "\"+mq\"? \"vmm run --help\" lists the names");
}
END_TEST

START_TEST(unknown_features_have_near_ones)
{
    refuse("user,features=-pakced",
           "features \"-pakced\" names no feature: did you mean \"-packed\"? "
           "\"vmm run --help\" lists the names");
    refuse("user,features=-xyzzy,features=-csum",
           "features \"-xyzzy\" names no feature: \"vmm run --help\" lists the "
           "names");
}
END_TEST

/* Which is how a command has options for them of their own. */
START_TEST(values_count_once_wherever_they_stand)
{
    static const char mac[] = "52:54:00:12:34:56";

    net = (struct net_options){0};
    ck_assert_int_eq(net_keys_set_mac(&net, mac, error, 512), 0);
    ck_assert_int_eq(net_keys_set_mtu(&net, "9000", error, 512), 0);
    ck_assert_int_eq(net_keys_set_polling(&net, "auto", error, 512), 0);
    ck_assert_int_eq(net_options_parse(&net, "tap=t", error, 512), 0);
    ck_assert(net.has_mac);
    ck_assert_uint_eq(net.mtu, 9000);

    ck_assert_int_eq(net_options_parse(&net, "tap=t,mtu=1500", error, 512),
                     -EINVAL);
    ck_assert_str_eq(error, "mtu \"1500\" is a second MTU: give one");
    ck_assert_int_eq(net_options_parse(&net, "tap=t,poll=on", error, 512),
                     -EINVAL);
    ck_assert_str_eq(error, "poll \"on\" is a second choice: give one");
    ck_assert_int_eq(net_keys_set_mac(&net, mac, error, 512), -EINVAL);
    ck_assert_str_eq(error, "\"52:54:00:12:34:56\" is a second address: give "
                            "one");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, each_kind_has_its_key);
    tcase_add_test(tcase, defaults_are_told_from_values);
    tcase_add_test(tcase, keys_stand_in_any_order);
    tcase_add_test(tcase, vdpa_devices_may_be_left_as_descriptors);
    tcase_add_test(tcase, vdpa_devices_may_be_given_fewer_queues);
    tcase_add_test(tcase, vdpa_devices_may_have_doorbells);
    tcase_add_test(tcase, devices_of_any_type_have_the_keys_that_all_have);
    tcase_add_test(tcase, features_of_any_type_wait_for_the_type);
    tcase_add_test(tcase, user_network_forwards_ports);
    tcase_add_test(tcase, forwards_have_limits);
    tcase_add_test(tcase, one_kind_is_needed);
    tcase_add_test(tcase, keys_are_those_of_the_kind);
    tcase_add_test(tcase, frames_that_pass_are_captured);
    tcase_add_test(tcase, names_are_needed);
    tcase_add_test(tcase, names_have_limits);
    tcase_add_test(tcase, bad_macs_are_refused);
    tcase_add_test(tcase, mtus_are_68_to_65520);
    tcase_add_test(tcase, choices_are_words);
    tcase_add_test(tcase, features_are_hidden_one_by_one);
    tcase_add_test(tcase, features_are_hidden_or_insisted_on);
    tcase_add_test(tcase, unknown_features_have_near_ones);
    tcase_add_test(tcase, values_count_once_wherever_they_stand);
}

int main(void)
{
    return check_main("net_options", add_tests);
}
