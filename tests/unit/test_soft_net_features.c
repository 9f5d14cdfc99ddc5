/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_soft_net_features.c: what the software network device offers when it
 * is to hide something.
 */
#include "tests/support/check_main.h"
#include "tests/support/echo_port.h"
#include "tests/support/log_capture.h"
#include "tests/support/open_fds.h"
#include "vdpa/soft_net.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <string.h>

#define BIT64(bit) (UINT64_C(1) << (bit))
#define SEND_OFFLOADS                                                          \
    (BIT64(VIRTIO_NET_F_HOST_TSO4) | BIT64(VIRTIO_NET_F_HOST_TSO6) |           \
     BIT64(VIRTIO_NET_F_HOST_ECN) | BIT64(56) /* HOST_USO */)
#define RECEIVE_OFFLOADS                                                       \
    (BIT64(VIRTIO_NET_F_GUEST_TSO4) | BIT64(VIRTIO_NET_F_GUEST_TSO6) |         \
     BIT64(VIRTIO_NET_F_GUEST_ECN) | BIT64(54) | BIT64(55) /* GUEST_USO */)
#define NEEDED (BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_F_ACCESS_PLATFORM))

static struct log_capture capture;
static unsigned fds_before;

static void setup(void)
{
    log_capture_start(&capture);
    fds_before = count_open_fds();
}

static void teardown(void)
{
    ck_assert_uint_eq(count_open_fds(), fds_before);
    log_capture_stop();
}

static int open_with(struct feature_wishes wishes,
                     struct vdpa_backend **backend)
{
    const struct soft_net_options options = {
        .name = "net0",
        .mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56},
        .mtu = SOFT_NET_DEFAULT_MTU,
        .features = wishes,
    };

    return soft_net_open(&options, echo_port_open(), backend);
}

static int open_hiding(uint64_t hidden, struct vdpa_backend **backend)
{
    return open_with((struct feature_wishes){.hidden = hidden}, backend);
}

/* What it offers, by the time it hides `hidden`. */
static uint64_t offered_without(uint64_t hidden)
{
    struct vdpa_backend *backend = NULL;
    uint64_t features = 0;

    ck_assert_int_eq(open_hiding(hidden, &backend), 0);
    ck_assert_int_eq(backend->ops->get_features(backend, &features), 0);
    backend->ops->close(backend);
    return features;
}

START_TEST(hidden_features_are_not_offered)
{
    const uint64_t all = offered_without(0);
    const uint64_t hidden = BIT64(VIRTIO_F_RING_PACKED) |
                            BIT64(VIRTIO_RING_F_EVENT_IDX) |
                            BIT64(VIRTIO_NET_F_MRG_RXBUF);

    ck_assert_uint_eq(all & hidden, hidden);
    ck_assert_uint_eq(offered_without(hidden), all & ~hidden);
}
END_TEST

START_TEST(hidden_features_cannot_be_accepted)
{
    struct vdpa_backend *backend = NULL;

    ck_assert_int_eq(open_hiding(BIT64(VIRTIO_F_RING_PACKED), &backend), 0);
    ck_assert_int_eq(backend->ops->set_features(
                         backend, NEEDED | BIT64(VIRTIO_F_RING_PACKED)),
                     -EINVAL);
    ck_assert_int_eq(backend->ops->set_features(backend, NEEDED), 0);
    backend->ops->close(backend);
}
END_TEST

START_TEST(segmentation_goes_with_checksums)
{
    const uint64_t all = offered_without(0);
    const uint64_t csum = BIT64(VIRTIO_NET_F_CSUM);
    const uint64_t guest_csum = BIT64(VIRTIO_NET_F_GUEST_CSUM);

    ck_assert_uint_eq(all & SEND_OFFLOADS, SEND_OFFLOADS);
    ck_assert_uint_eq(all & RECEIVE_OFFLOADS, RECEIVE_OFFLOADS);
    ck_assert_uint_eq(offered_without(csum), all & ~(csum | SEND_OFFLOADS));
    ck_assert_uint_eq(offered_without(guest_csum),
                      all & ~(guest_csum | RECEIVE_OFFLOADS));
}
END_TEST

START_TEST(ecn_goes_with_the_last_kind_of_segmentation)
{
    const uint64_t tso4 = BIT64(VIRTIO_NET_F_HOST_TSO4);
    const uint64_t tso6 = BIT64(VIRTIO_NET_F_HOST_TSO6);
    const uint64_t guest_tso4 = BIT64(VIRTIO_NET_F_GUEST_TSO4);
    const uint64_t guest_tso6 = BIT64(VIRTIO_NET_F_GUEST_TSO6);
    const uint64_t all = offered_without(0);

    ck_assert_uint_eq(offered_without(tso4), all & ~tso4);
    ck_assert_uint_eq(offered_without(tso4 | tso6),
                      all & ~(tso4 | tso6 | BIT64(VIRTIO_NET_F_HOST_ECN)));
    ck_assert_uint_eq(offered_without(guest_tso6), all & ~guest_tso6);
    ck_assert_uint_eq(
        offered_without(guest_tso4 | guest_tso6),
        all & ~(guest_tso4 | guest_tso6 | BIT64(VIRTIO_NET_F_GUEST_ECN)));
}
END_TEST

START_TEST(features_that_are_not_there_cannot_be_hidden)
{
    struct vdpa_backend *backend = NULL;

    ck_assert_int_eq(
        open_hiding(BIT64(VIRTIO_NET_F_MAC) | BIT64(VIRTIO_NET_F_MQ), &backend),
        -ENOTSUP);
    ck_assert_ptr_null(backend);
    ck_assert_ptr_nonnull(
        strstr(capture.last,
               "net0: refusing to hide feature 22 (mq): the device lacks it"));
}
END_TEST

START_TEST(features_may_be_insisted_on)
{
    const uint64_t csum = BIT64(VIRTIO_NET_F_CSUM);
    struct vdpa_backend *backend = NULL;

    ck_assert_int_eq(
        open_with((struct feature_wishes){.required = SEND_OFFLOADS}, &backend),
        0);
    backend->ops->close(backend);
    backend = NULL;
    ck_assert_int_eq(
        open_with((struct feature_wishes){.required = 1ULL << VIRTIO_NET_F_MQ},
                  &backend),
        -ENOTSUP);
    ck_assert_ptr_nonnull(strstr(
        capture.last, "net0: refusing to go without feature 22 (mq): the "
                      "device lacks it"));
    ck_assert_int_eq(
        open_with(
            (struct feature_wishes){.hidden = csum, .required = SEND_OFFLOADS},
            &backend),
        -ENOTSUP);
    ck_assert_ptr_null(backend);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, hidden_features_are_not_offered);
    tcase_add_test(tcase, hidden_features_cannot_be_accepted);
    tcase_add_test(tcase, segmentation_goes_with_checksums);
    tcase_add_test(tcase, ecn_goes_with_the_last_kind_of_segmentation);
    tcase_add_test(tcase, features_that_are_not_there_cannot_be_hidden);
    tcase_add_test(tcase, features_may_be_insisted_on);
}

int main(void)
{
    return check_main("soft_net_features", add_tests);
}
