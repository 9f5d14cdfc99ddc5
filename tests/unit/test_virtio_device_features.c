/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_device_features.c: what is offered to a driver, and what it may
 * accept.
 */
#include "tests/support/check_main.h"
#include "tests/support/device_bed.h"

#include <errno.h>
#include <string.h>

static struct device_bed bed;

static void setup(void)
{
    device_bed_setup(&bed);
}

static void teardown(void)
{
    device_bed_teardown(&bed);
}

/* ---- Features ------------------------------------------------------------ */

START_TEST(offer_is_the_devices_without_what_stays_hidden)
{
    ck_assert_uint_eq(virtio_device_get_offered(&bed.device, 0),
                      (uint32_t)bed.fake.offered);
    ck_assert_uint_eq(virtio_device_get_offered(&bed.device, 1), 1);
    for (uint32_t word = 2; word != 0; word <<= 1)
        ck_assert_uint_eq(virtio_device_get_offered(&bed.device, word), 0);
    ck_assert_uint_eq(virtio_device_get_offered(&bed.device, UINT32_MAX), 0);
}
END_TEST

/* A device that offers everything. */
static void offer_all(void)
{
    device_bed_renew(&bed);
    bed.fake.offered = UINT64_MAX;
    ck_assert_int_eq(device_bed_make(&bed), 0);
}

static uint64_t get_offered(void)
{
    return virtio_device_get_offered(&bed.device, 0) |
           (uint64_t)virtio_device_get_offered(&bed.device, 1) << 32;
}

/* A device that offers everything but `hidden`, when it can be made. */
static int offer_all_but(uint64_t hidden)
{
    device_bed_renew(&bed);
    bed.fake.offered = UINT64_MAX;
    bed.options.features.hidden = hidden;
    return device_bed_make(&bed);
}

START_TEST(hidden_features_are_neither_offered_nor_accepted)
{
    uint64_t before;

    offer_all();
    before = get_offered();
    ck_assert_int_eq(
        offer_all_but(BIT64(VIRTIO_NET_F_STATUS) | BIT64(VIRTIO_NET_F_MTU)), 0);
    /* Announcing needs the status. */
    ck_assert_uint_eq(get_offered(),
                      before & ~(BIT64(VIRTIO_NET_F_STATUS) |
                                 BIT64(VIRTIO_NET_F_MTU) |
                                 BIT64(VIRTIO_NET_F_GUEST_ANNOUNCE)));
    device_bed_negotiate(&bed, GUEST_BITS);
    ck_assert_uint_eq(device_bed_status(&bed), DRIVER);
    device_bed_negotiate(&bed, GUEST_BITS & ~BIT64(VIRTIO_NET_F_STATUS));
    ck_assert_uint_eq(device_bed_status(&bed), NEGOTIATED);
    /* For good. */
    device_bed_set_status(&bed, 0);
    device_bed_negotiate(&bed, GUEST_BITS);
    ck_assert_uint_eq(device_bed_status(&bed), DRIVER);
}
END_TEST

START_TEST(what_depends_on_a_hidden_feature_goes_with_it)
{
    uint64_t rest;

    ck_assert_int_eq(offer_all_but(BIT64(VIRTIO_NET_F_CSUM)), 0);
    rest = get_offered();
    ck_assert_uint_eq(
        rest & (BIT64(VIRTIO_NET_F_HOST_TSO4) | BIT64(VIRTIO_NET_F_HOST_TSO6) |
                BIT64(VIRTIO_NET_F_HOST_ECN) | BIT64(VIRTIO_NET_F_HOST_UFO)),
        0);
    ck_assert_uint_ne(rest & BIT64(VIRTIO_NET_F_GUEST_TSO4), 0);
}
END_TEST

START_TEST(features_that_the_device_lacks_cannot_be_hidden)
{
    device_bed_renew(&bed);
    bed.options.features.hidden =
        BIT64(VIRTIO_NET_F_MAC) | BIT64(VIRTIO_NET_F_MQ);
    device_bed_expect_refusal(
        &bed, -ENOTSUP,
        "refusing to hide feature 22 (mq): the device lacks it");
    bed.options.features.hidden = BIT64(42);
    device_bed_expect_refusal(&bed, -ENOTSUP,
                              "fake: refusing to hide feature 42 (nameless)");
    bed.options.features.hidden = 0;
    ck_assert_int_eq(device_bed_make(&bed), 0);
}
END_TEST

START_TEST(features_that_cannot_be_offered_cannot_be_insisted_on)
{
    device_bed_renew(&bed);
    bed.options.features.required = BIT64(VIRTIO_NET_F_MAC) | BIT64(42);
    device_bed_expect_refusal(&bed, -ENOTSUP,
                              "fake: refusing to go without feature 42 "
                              "(nameless): the device lacks it");
    bed.fake.offered |= BIT64(VIRTIO_F_RING_RESET);
    bed.options.features.required = BIT64(VIRTIO_F_RING_RESET);
    device_bed_expect_refusal(&bed, -ENOTSUP,
                              "refusing to go without feature 40 (ring_reset): "
                              "the device has it, but it cannot be offered");
    bed.fake.offered |= BIT64(VIRTIO_NET_F_CTRL_RX);
    bed.options.features.required = BIT64(VIRTIO_NET_F_CTRL_RX);
    bed.options.features.hidden = BIT64(VIRTIO_NET_F_CTRL_VQ);
    device_bed_expect_refusal(
        &bed, -ENOTSUP, "go without feature 18 (ctrl_rx): the device has");
    bed.options.features.hidden = 0;
    bed.fake.offered |= BIT64(VIRTIO_NET_F_CTRL_RX);
    ck_assert_int_eq(device_bed_make(&bed), 0);
    ck_assert_uint_eq(get_offered() & BIT64(VIRTIO_NET_F_CTRL_RX),
                      BIT64(VIRTIO_NET_F_CTRL_RX));
}
END_TEST

START_TEST(features_may_be_written_again_until_they_are_accepted)
{
    device_bed_set_status(&bed, DRIVER);
    device_bed_accept(&bed, UINT64_MAX);
    virtio_device_accept(&bed.device, 2, UINT32_MAX);
    virtio_device_accept(&bed.device, UINT32_MAX, UINT32_MAX);
    ck_assert_uint_eq(virtio_device_get_accepted(&bed.device, 1), UINT32_MAX);
    device_bed_accept(&bed, GUEST_BITS);
    ck_assert_uint_eq(virtio_device_get_accepted(&bed.device, 0),
                      (uint32_t)GUEST_BITS);
    ck_assert_uint_eq(virtio_device_get_accepted(&bed.device, 1), 1);
    ck_assert_uint_eq(virtio_device_get_accepted(&bed.device, 2), 0);

    device_bed_set_status(&bed, NEGOTIATED);
    ck_assert_uint_eq(device_bed_status(&bed), NEGOTIATED);
    device_bed_accept(&bed, 0);
    ck_assert_uint_eq(virtio_device_get_accepted(&bed.device, 0),
                      (uint32_t)GUEST_BITS);
    ck_assert_uint_eq(bed.fake.features,
                      GUEST_BITS | BIT64(VIRTIO_F_ACCESS_PLATFORM));
    device_bed_set_status(&bed, 0);
    ck_assert_uint_eq(virtio_device_get_accepted(&bed.device, 0), 0);
}
END_TEST

START_TEST(platform_addresses_are_accepted_for_the_guest_where_offered)
{
    device_bed_renew(&bed);
    bed.fake.offered &= ~BIT64(VIRTIO_F_ACCESS_PLATFORM);
    ck_assert_int_eq(device_bed_make(&bed), 0);
    device_bed_negotiate(&bed, GUEST_BITS);
    ck_assert_uint_eq(device_bed_status(&bed), NEGOTIATED);
    ck_assert_uint_eq(bed.fake.features, GUEST_BITS);
}
END_TEST

START_TEST(features_that_were_not_offered_are_refused)
{
    device_bed_negotiate(&bed, GUEST_BITS | BIT64(VIRTIO_NET_F_MQ));
    ck_assert_uint_eq(device_bed_status(&bed), DRIVER);
    /* Hidden though the device has it. */
    device_bed_negotiate(&bed, GUEST_BITS | BIT64(VIRTIO_F_ACCESS_PLATFORM));
    ck_assert_uint_eq(device_bed_status(&bed), DRIVER);
    ck_assert_ptr_null(strstr(bed.fake.log, "set_features"));
    /* Not the end: a driver may ask for less. */
    device_bed_accept(&bed, GUEST_BITS);
    device_bed_set_status(&bed, NEGOTIATED);
    ck_assert_uint_eq(device_bed_status(&bed), NEGOTIATED);
}
END_TEST

START_TEST(driver_of_before_virtio_1_is_refused)
{
    device_bed_negotiate(&bed, BIT64(VIRTIO_NET_F_MAC));
    ck_assert_uint_eq(device_bed_status(&bed), DRIVER);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "older than virtio 1.0"));
}
END_TEST

START_TEST(refusal_by_the_device_shows)
{
    bed.fake.refuses_features_ok = true;
    device_bed_negotiate(&bed, GUEST_BITS);
    ck_assert_uint_eq(device_bed_status(&bed), DRIVER);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "refused features"));
    device_bed_set_status(&bed, RUNNING);
    ck_assert_uint_eq(device_bed_status(&bed), DRIVER);
    ck_assert_str_eq(bed.runs, "");
}
END_TEST

static void add_tests(TCase *tcase)
{
    const TTest *const claims[] = {
        offer_is_the_devices_without_what_stays_hidden,
        hidden_features_are_neither_offered_nor_accepted,
        what_depends_on_a_hidden_feature_goes_with_it,
        features_that_the_device_lacks_cannot_be_hidden,
        features_that_cannot_be_offered_cannot_be_insisted_on,
        features_may_be_written_again_until_they_are_accepted,
        platform_addresses_are_accepted_for_the_guest_where_offered,
        features_that_were_not_offered_are_refused,
        driver_of_before_virtio_1_is_refused,
        refusal_by_the_device_shows,
    };

    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        tcase_add_test(tcase, claims[i]);
}

int main(void)
{
    return check_main("virtio_device_features", add_tests);
}
