/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_soft_net.c: the software network device as a device: what it offers,
 * its configuration. What every backend promises is claimed in
 * tests/contract.
 */
#include "tests/support/check_main.h"
#include "tests/support/echo_port.h"
#include "tests/support/net_bed.h"
#include "tests/support/open_fds.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define FEATURE(bit) (1ULL << (bit))
/* Newer than Debian 12's headers. */
#define GUEST_USO4 54
#define GUEST_USO6 55
#define HOST_USO   56

#define ALL_OFFLOADS 0x1fU /* FRAME_OFFLOAD_* */

static struct net_bed bed;

/* ---- Features ---- */

static const struct {
    unsigned offload;
    uint64_t send, receive;
} offloads[] = {
    {FRAME_OFFLOAD_CHECKSUM, FEATURE(VIRTIO_NET_F_CSUM),
     FEATURE(VIRTIO_NET_F_GUEST_CSUM)},
    {FRAME_OFFLOAD_TSO4, FEATURE(VIRTIO_NET_F_HOST_TSO4),
     FEATURE(VIRTIO_NET_F_GUEST_TSO4)},
    {FRAME_OFFLOAD_TSO6, FEATURE(VIRTIO_NET_F_HOST_TSO6),
     FEATURE(VIRTIO_NET_F_GUEST_TSO6)},
    {FRAME_OFFLOAD_ECN, FEATURE(VIRTIO_NET_F_HOST_ECN),
     FEATURE(VIRTIO_NET_F_GUEST_ECN)},
    {FRAME_OFFLOAD_USO, FEATURE(HOST_USO),
     FEATURE(GUEST_USO4) | FEATURE(GUEST_USO6)},
};

static const uint64_t always_offered =
    FEATURE(VIRTIO_NET_F_MTU) | FEATURE(VIRTIO_NET_F_MAC) |
    FEATURE(VIRTIO_NET_F_STATUS) | FEATURE(VIRTIO_NET_F_MRG_RXBUF) |
    FEATURE(VIRTIO_RING_F_INDIRECT_DESC) | FEATURE(VIRTIO_RING_F_EVENT_IDX) |
    FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_F_ACCESS_PLATFORM) |
    FEATURE(VIRTIO_F_RING_PACKED) | FEATURE(VIRTIO_F_IN_ORDER);

/* Of a device whose port can do just that. */
static uint64_t offered_with(unsigned send, unsigned receive)
{
    struct frame_port *port = echo_port_open();
    uint64_t features = 0;

    port->send_offloads = send;
    port->receive_offloads = receive;
    net_bed_open(&bed, (struct net_bed_setup){.port = port, .for_later = true});
    ck_assert_int_eq(bed.ops->get_features(bed.backend, &features), 0);
    net_bed_close(&bed);
    return features;
}

/* What `mask` of FRAME_OFFLOAD_* stands for, sending or receiving. */
static uint64_t features_of(unsigned mask, bool is_sending)
{
    uint64_t features = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(offloads); i++)
        if (mask & offloads[i].offload)
            features |= is_sending ? offloads[i].send : offloads[i].receive;
    return features;
}

START_TEST(the_device_offers_what_its_port_can)
{
    static const unsigned masks[] = {
        0,
        FRAME_OFFLOAD_CHECKSUM,
        FRAME_OFFLOAD_CHECKSUM | FRAME_OFFLOAD_TSO4,
        FRAME_OFFLOAD_CHECKSUM | FRAME_OFFLOAD_TSO6,
        FRAME_OFFLOAD_CHECKSUM | FRAME_OFFLOAD_TSO6 | FRAME_OFFLOAD_ECN,
        FRAME_OFFLOAD_CHECKSUM | FRAME_OFFLOAD_USO,
        ALL_OFFLOADS,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(masks); i++) {
        ck_assert_uint_eq(offered_with(masks[i], 0),
                          always_offered | features_of(masks[i], true));
        ck_assert_uint_eq(offered_with(0, masks[i]),
                          always_offered | features_of(masks[i], false));
    }
}
END_TEST

static unsigned told_offloads;

static void note_offloads(struct frame_port *port, unsigned mask)
{
    (void)port;
    told_offloads = mask;
}

/* What the port is told when the driver refuses `refused`. */
static unsigned told_without(uint64_t refused)
{
    struct frame_port *port = echo_port_open();
    struct frame_port_ops ops = *port->ops;

    ops.set_offloads = note_offloads;
    port->ops = &ops;
    told_offloads = ~0U;
    net_bed_open(&bed,
                 (struct net_bed_setup){.port = port, .refused = refused});
    net_bed_close(&bed);
    return told_offloads;
}

START_TEST(the_port_learns_what_the_driver_takes)
{
    uint64_t all = 0;

    ck_assert_uint_eq(told_without(0), ALL_OFFLOADS);
    for (unsigned i = 0; i < ARRAY_SIZE(offloads); i++) {
        /* What is sent has no part in it. */
        ck_assert_uint_eq(told_without(offloads[i].receive | offloads[i].send),
                          ALL_OFFLOADS & ~offloads[i].offload);
        all |= offloads[i].receive;
    }
    ck_assert_uint_eq(told_without(all), 0);
    /* One of a pair is not enough. */
    ck_assert_uint_eq(told_without(FEATURE(GUEST_USO6)),
                      ALL_OFFLOADS & ~FRAME_OFFLOAD_USO);
}
END_TEST

/* ---- Configuration ---- */

static struct virtio_net_config read_config(void)
{
    struct virtio_net_config config;

    memset(&config, 0xee, sizeof(config));
    ck_assert_int_eq(
        bed.ops->get_config(bed.backend, 0, &config, sizeof(config)), 0);
    return config;
}

START_TEST(configuration_says_what_was_asked_for)
{
    static const uint8_t mac[] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
    struct virtio_net_config config;
    struct vdpa_identity identity;

    net_bed_open(&bed, (struct net_bed_setup){.for_later = true});
    config = read_config();
    ck_assert_mem_eq(config.mac, mac, sizeof(mac));
    ck_assert_uint_eq(load_le16(&config.mtu), SOFT_NET_DEFAULT_MTU);
    ck_assert_uint_eq(load_le16(&config.status), VIRTIO_NET_S_LINK_UP);
    ck_assert_uint_eq(load_le16(&config.max_virtqueue_pairs), 1);
    ck_assert_int_eq(bed.ops->identify(bed.backend, &identity), 0);
    ck_assert_uint_eq(identity.device_id, VIRTIO_ID_NET);
    ck_assert_uint_eq(identity.config_size, sizeof(config));
    ck_assert_uint_eq(identity.num_queues, 2);
    net_bed_close(&bed);
}
END_TEST

START_TEST(configuration_is_not_the_drivers_to_write)
{
    const uint8_t other[6] = {1, 2, 3, 4, 5, 6};
    struct virtio_net_config before, after;

    net_bed_open(&bed, (struct net_bed_setup){.variation = 0});
    before = read_config();
    ck_assert_int_eq(bed.ops->set_config(bed.backend, 0, other, sizeof(other)),
                     0);
    after = read_config();
    ck_assert_mem_eq(&after, &before, sizeof(after));
    net_bed_close(&bed);
}
END_TEST

static void set_link(bool up)
{
    (void)net_bed_lock(&bed);
    echo_port_set_link(bed.port, up);
    net_bed_unlock(&bed);
}

static bool config_was_called(void)
{
    eventfd_t count;

    return eventfd_read(bed.config_fd, &count) == 0;
}

START_TEST(a_changed_link_calls_the_driver)
{
    struct virtio_net_config config;

    net_bed_open(&bed, (struct net_bed_setup){.variation = 0});
    ck_assert(!config_was_called());
    for (unsigned i = 0; i < 4; i++) {
        set_link(i % 2);
        ck_assert(config_was_called());
        config = read_config();
        ck_assert_uint_eq(load_le16(&config.status),
                          i % 2 ? VIRTIO_NET_S_LINK_UP : 0);
    }
    net_bed_expect_works(&bed);
    net_bed_close(&bed);
}
END_TEST

START_TEST(no_driver_is_called_before_it_is_there)
{
    struct virtio_net_config config;

    net_bed_open(&bed, (struct net_bed_setup){.for_later = true});
    net_bed_negotiate(&bed);
    set_link(false);
    ck_assert(!config_was_called());
    config = read_config();
    ck_assert_uint_eq(load_le16(&config.status), 0);
    net_bed_restart(&bed);
    set_link(true);
    ck_assert(config_was_called());
    net_bed_reset(&bed);
    set_link(false);
    ck_assert(!config_was_called());
    net_bed_close(&bed);
}
END_TEST

START_TEST(a_port_may_be_down_at_first)
{
    struct frame_port *port = echo_port_open();
    struct virtio_net_config config;

    port->link_is_up = false;
    net_bed_open(&bed, (struct net_bed_setup){.port = port});
    config = read_config();
    ck_assert_uint_eq(load_le16(&config.status), 0);
    net_bed_close(&bed);
}
END_TEST

/* ---- Opening ---- */

static int open_with_mtu(uint16_t mtu)
{
    const struct soft_net_options options = {.name = "net", .mtu = mtu};
    struct vdpa_backend *backend;
    int error = soft_net_open(&options, echo_port_open(), &backend);

    if (!error)
        backend->ops->close(backend);
    return error;
}

START_TEST(an_mtu_beyond_the_ports_is_refused)
{
    struct log_capture capture;
    unsigned before = count_open_fds();

    log_capture_start(&capture);
    ck_assert_int_eq(open_with_mtu(65520), 0);
    ck_assert_uint_eq(capture.lines, 0);
    ck_assert_int_eq(open_with_mtu(65521), -EINVAL);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_ptr_nonnull(strstr(capture.last, "65521"));
    ck_assert_uint_eq(count_open_fds(), before);
    log_capture_stop();
}
END_TEST

/* Out of descriptors at the first, the second, ... that it needs. */
START_TEST(opening_fails_without_descriptors_and_leaves_the_rest_alone)
{
    unsigned before = count_open_fds();
    struct log_capture capture;
    struct rlimit whole, few;
    int lowest = dup(0), error;

    ck_assert_int_ge(lowest, 0);
    ck_assert_int_eq(close(lowest), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &whole), 0);
    log_capture_start(&capture);
    few = whole;
    few.rlim_cur = (rlim_t)lowest;
    do {
        capture.lines = 0;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
        error = open_with_mtu(SOFT_NET_DEFAULT_MTU);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &whole), 0);
        ck_assert(error == 0 || error == -EMFILE);
        ck_assert_uint_eq(capture.lines, error ? 1 : 0);
        ck_assert_uint_eq(count_open_fds(), before);
        few.rlim_cur++;
    } while (error);
    ck_assert_uint_gt(few.rlim_cur, (rlim_t)lowest + 2);
    log_capture_stop();
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, the_device_offers_what_its_port_can);
    tcase_add_test(tcase, the_port_learns_what_the_driver_takes);
    tcase_add_test(tcase, configuration_says_what_was_asked_for);
    tcase_add_test(tcase, configuration_is_not_the_drivers_to_write);
    tcase_add_test(tcase, a_changed_link_calls_the_driver);
    tcase_add_test(tcase, no_driver_is_called_before_it_is_there);
    tcase_add_test(tcase, a_port_may_be_down_at_first);
    tcase_add_test(tcase, an_mtu_beyond_the_ports_is_refused);
    tcase_add_test(tcase,
                   opening_fails_without_descriptors_and_leaves_the_rest_alone);
}

int main(void)
{
    return check_main("soft_net", add_tests);
}
