/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_device.c: what a driver does to a device, and what the backend
 * hears of it.
 */
#include "tests/support/check_main.h"
#include "tests/support/device_bed.h"
#include "tests/support/loop_steps.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <linux/virtio_ids.h>
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

/* ---- Making one ---------------------------------------------------------- */

START_TEST(backend_is_asked_and_given_memory_once)
{
    ck_assert_str_eq(bed.fake.log,
                     "identify get_features get_queue_max_size(0) "
                     "get_queue_max_size(1) get_queue_max_size(2) "
                     "map(0,0x100000) map(0x100000000,0x10000)");
    ck_assert_ptr_eq(fake_backend_at(&bed.fake, 4 * GIB, 64 * KIB),
                     guest_memory_at(&bed.memory, 4 * GIB, 64 * KIB));
    device_bed_bring_up(&bed);
    device_bed_set_status(&bed, 0);
    device_bed_bring_up(&bed);
    ck_assert_ptr_null(strstr(bed.fake.log + 130, "map"));
}
END_TEST

/* A device with several pairs of queues, in all `count` queues. */
static void offer_pairs(uint16_t pairs, uint16_t count)
{
    bed.fake.offered |= BIT64(VIRTIO_NET_F_MQ);
    store_le16(bed.fake.config + 8, pairs);
    bed.fake.identity.num_queues = count;
}

START_TEST(devices_that_cannot_be_relayed_are_refused)
{
    device_bed_renew(&bed);
    bed.fake.offered &= ~BIT64(VIRTIO_F_VERSION_1);
    device_bed_expect_refusal(&bed, -ENOTSUP,
                              "does not offer VIRTIO_F_VERSION_1");
    bed.fake.identity.num_queues = 0;
    device_bed_expect_refusal(&bed, -ENOTSUP, "0 queues; 1 to 256");
    bed.fake.identity.num_queues = 257;
    bed.fake.identity.device_id = VIRTIO_ID_BLOCK;
    device_bed_expect_refusal(&bed, -ENOTSUP, "257 queues; 1 to 256");
    offer_pairs(128, 257);
    device_bed_expect_refusal(
        &bed, -ENOTSUP, "257 queues; 1 to 256 can be served: give queues=");
    bed.fake.identity.last_iova = 0xffffffff;
    device_bed_expect_refusal(&bed, -ERANGE, "");
    ck_assert_int_eq(device_bed_make(&bed), 0);
}
END_TEST

/* ---- Status -------------------------------------------------------------- */

START_TEST(bring_up_is_one_call_of_the_backend_for_each_thing)
{
    fake_backend_clear_log(&bed.fake);
    device_bed_bring_up(&bed);
    ck_assert_str_eq(bed.fake.log,
                     "set_status(0) set_status(1) set_status(3) "
                     "set_features(0x300010020) set_status(11) "
                     "get_status get_queue_max_size(0) get_queue_max_size(1) "
                     "get_queue_max_size(2) set_config_call set_queue(0,128) "
                     "enable_queue(0,1) set_queue(1,128) enable_queue(1,1) "
                     "set_status(15) get_status");
    ck_assert_uint_eq(device_bed_status(&bed), RUNNING);
    ck_assert_str_eq(bed.runs, "+");
    ck_assert_uint_eq(bed.fake.queues[1].set.desc_iova,
                      DEVICE_BED_QUEUE_GPA(1));
    ck_assert_uint_eq(bed.fake.queues[1].set.driver_iova,
                      DEVICE_BED_QUEUE_GPA(1) + 0x2000);
    ck_assert_uint_eq(bed.fake.queues[1].set.device_iova,
                      DEVICE_BED_QUEUE_GPA(1) + 0x4000);
    ck_assert_int_eq(bed.fake.queues[1].set.call_fd, bed.call_fds[1]);
    ck_assert(!bed.fake.queues[2].is_set);
    ck_assert_uint_eq(bed.capture.lines, 0);
}
END_TEST

START_TEST(status_may_be_set_all_at_once)
{
    device_bed_accept(&bed, GUEST_BITS);
    device_bed_set_status(&bed, RUNNING); /* no queues: odd, but no harm */
    ck_assert_uint_eq(device_bed_status(&bed), RUNNING);
    ck_assert_uint_eq(bed.fake.status, RUNNING);
}
END_TEST

START_TEST(status_bits_cannot_be_cleared_but_by_a_reset)
{
    device_bed_bring_up(&bed);
    device_bed_set_status(&bed, DRIVER);
    device_bed_set_status(&bed, FAILED);
    ck_assert_uint_eq(device_bed_status(&bed), RUNNING);
    device_bed_set_status(&bed, RUNNING);
    ck_assert_uint_eq(bed.capture.lines, 2);
    ck_assert_uint_eq(bed.fake.status, RUNNING);
    device_bed_set_status(&bed, RUNNING | FAILED);
    ck_assert_uint_eq(device_bed_status(&bed), RUNNING | FAILED);
    device_bed_set_status(&bed, 0);
    ck_assert_uint_eq(device_bed_status(&bed), 0);
    ck_assert_uint_eq(bed.fake.status, 0);
}
END_TEST

START_TEST(start_needs_accepted_features)
{
    device_bed_set_status(&bed, DRIVER);
    device_bed_accept(&bed, GUEST_BITS);
    device_bed_set_status(&bed, DRIVER | VIRTIO_CONFIG_S_DRIVER_OK);
    ck_assert_uint_eq(device_bed_status(&bed), DRIVER);
    ck_assert_uint_eq(bed.fake.status, DRIVER);
    ck_assert_str_eq(bed.runs, "");
}
END_TEST

START_TEST(refused_start_asks_the_guest_for_a_reset)
{
    bed.fake.refuses_driver_ok = true;
    device_bed_bring_up(&bed);
    ck_assert_uint_eq(device_bed_status(&bed), RUNNING | NEEDS_RESET);
    ck_assert_uint_eq(device_bed_take(bed.config_fd), 1);
    ck_assert_str_eq(bed.runs, "+-");
    /* Nothing but a reset helps. */
    fake_backend_clear_log(&bed.fake);
    device_bed_set_status(&bed, RUNNING | FAILED);
    ck_assert_str_eq(bed.fake.log, "");
    bed.fake.refuses_driver_ok = false;
    device_bed_bring_up(&bed);
    ck_assert_uint_eq(device_bed_status(&bed), RUNNING);
    device_bed_set_status(&bed, 0);
    ck_assert_str_eq(bed.runs, "+-+-");
}
END_TEST

START_TEST(device_that_breaks_while_it_runs_shows)
{
    device_bed_bring_up(&bed);
    ck_assert_uint_eq(device_bed_status(&bed), RUNNING);
    fake_backend_break(&bed.fake);
    ck_assert_uint_eq(device_bed_status(&bed), RUNNING | NEEDS_RESET);
    loop_serve_ready(&bed.loop);
    ck_assert_uint_eq(device_bed_take(bed.config_fd), 1);
    device_bed_set_status(&bed, 0);
    ck_assert_uint_eq(device_bed_status(&bed), 0);
    device_bed_bring_up(&bed);
    ck_assert_uint_eq(device_bed_status(&bed), RUNNING);
}
END_TEST

START_TEST(reset_reads_back_as_done_even_when_the_backend_fails)
{
    device_bed_bring_up(&bed);
    fake_backend_fail_call(&bed.fake, "set_status", -EIO);
    device_bed_set_status(&bed, 0);
    ck_assert_uint_eq(device_bed_status(&bed), 0);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "does not reset"));
    ck_assert_str_eq(bed.runs, "+-");
    device_bed_bring_up(&bed);
    ck_assert_uint_eq(device_bed_status(&bed), RUNNING);
}
END_TEST

START_TEST(failed_start_ends_what_was_never_told_to_run_only_once)
{
    fake_backend_fail_call(&bed.fake, "set_queue", -EIO);
    device_bed_bring_up(&bed);
    ck_assert_uint_eq(device_bed_status(&bed), RUNNING | NEEDS_RESET);
    device_bed_set_status(&bed, 0);
    ck_assert_str_eq(bed.runs, "");
    fake_backend_fail_call(&bed.fake, "set_config_call", -EIO);
    device_bed_bring_up(&bed);
    device_bed_set_status(&bed, 0);
    ck_assert_str_eq(bed.runs, "");
}
END_TEST

/* ---- Queues -------------------------------------------------------------- */

START_TEST(queue_starts_at_the_devices_size_and_goes_back_to_it)
{
    ck_assert_uint_eq(device_bed_get_queue(&bed, 0, VIRTIO_QUEUE_SIZE), 256);
    device_bed_bring_up(&bed);
    ck_assert_uint_eq(device_bed_get_queue(&bed, 0, VIRTIO_QUEUE_SIZE), 128);
    ck_assert_uint_eq(device_bed_get_queue(&bed, 0, VIRTIO_QUEUE_ENABLE), 1);
    ck_assert_uint_eq(device_bed_get_queue(&bed, 2, VIRTIO_QUEUE_ENABLE), 0);
    device_bed_set_status(&bed, 0);
    ck_assert_uint_eq(device_bed_get_queue(&bed, 0, VIRTIO_QUEUE_SIZE), 256);
    ck_assert_uint_eq(device_bed_get_queue(&bed, 0, VIRTIO_QUEUE_ENABLE), 0);
    ck_assert_uint_eq(device_bed_get_queue(&bed, 0, VIRTIO_QUEUE_DESC), 0);
    ck_assert_uint_eq(device_bed_get_queue(&bed, 0, VIRTIO_QUEUE_DEVICE), 0);
}
END_TEST

START_TEST(size_is_a_power_of_two_up_to_the_devices)
{
    const uint64_t wrong[] = {0, 3, 255, 257, 512, 65535, 65536, 65536 + 64};

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        device_bed_set_queue(&bed, 0, VIRTIO_QUEUE_SIZE, wrong[i]);
        ck_assert_uint_eq(device_bed_get_queue(&bed, 0, VIRTIO_QUEUE_SIZE),
                          256);
    }
    for (uint64_t size = 1; size <= 256; size *= 2) {
        device_bed_set_queue(&bed, 0, VIRTIO_QUEUE_SIZE, size);
        ck_assert_uint_eq(device_bed_get_queue(&bed, 0, VIRTIO_QUEUE_SIZE),
                          size);
    }
}
END_TEST

START_TEST(queue_that_does_not_exist_reads_as_zero)
{
    const unsigned indices[] = {3, 4, 0xffff};

    device_bed_negotiate(&bed, GUEST_BITS);
    for (unsigned i = 0; i < ARRAY_SIZE(indices); i++) {
        device_bed_place_queue(&bed, indices[i], 64);
        device_bed_enable_queue(&bed, indices[i]);
        for (unsigned field = VIRTIO_QUEUE_SIZE; field <= VIRTIO_QUEUE_DEVICE;
             field++)
            ck_assert_uint_eq(device_bed_get_queue(&bed, indices[i], field), 0);
        virtio_device_kick(&bed.device, indices[i]);
    }
    ck_assert_uint_eq(device_bed_status(&bed), NEGOTIATED);
}
END_TEST

START_TEST(queue_is_enabled_between_features_and_start_alone)
{
    device_bed_set_status(&bed, DRIVER);
    device_bed_place_queue(&bed, 0, 64);
    device_bed_enable_queue(&bed, 0);
    ck_assert_uint_eq(device_bed_get_queue(&bed, 0, VIRTIO_QUEUE_ENABLE), 0);
    device_bed_negotiate(&bed, GUEST_BITS);
    device_bed_place_queue(&bed, 0, 64);
    device_bed_set_queue(&bed, 0, VIRTIO_QUEUE_ENABLE, 0);
    device_bed_set_queue(&bed, 0, VIRTIO_QUEUE_ENABLE, 2);
    ck_assert_uint_eq(device_bed_get_queue(&bed, 0, VIRTIO_QUEUE_ENABLE), 0);
    device_bed_enable_queue(&bed, 0);
    ck_assert_uint_eq(device_bed_get_queue(&bed, 0, VIRTIO_QUEUE_ENABLE), 1);
    device_bed_set_status(&bed, RUNNING);
    device_bed_place_queue(&bed, 1, 64);
    device_bed_enable_queue(&bed, 1);
    ck_assert_uint_eq(device_bed_get_queue(&bed, 1, VIRTIO_QUEUE_ENABLE), 0);
    ck_assert_uint_eq(device_bed_status(&bed), RUNNING);
}
END_TEST

START_TEST(enabled_queue_cannot_be_changed)
{
    device_bed_negotiate(&bed, GUEST_BITS);
    device_bed_place_queue(&bed, 0, 64);
    device_bed_enable_queue(&bed, 0);
    device_bed_set_queue(&bed, 0, VIRTIO_QUEUE_SIZE, 128);
    device_bed_set_queue(&bed, 0, VIRTIO_QUEUE_DESC, 0);
    device_bed_set_queue(&bed, 0, VIRTIO_QUEUE_ENABLE, 0);
    ck_assert_uint_eq(device_bed_get_queue(&bed, 0, VIRTIO_QUEUE_SIZE), 64);
    ck_assert_uint_eq(device_bed_get_queue(&bed, 0, VIRTIO_QUEUE_DESC),
                      DEVICE_BED_QUEUE_GPA(0));
    ck_assert_uint_eq(device_bed_get_queue(&bed, 0, VIRTIO_QUEUE_ENABLE), 1);
}
END_TEST

START_TEST(ring_in_a_bad_place_asks_for_a_reset)
{
    const struct {
        enum virtio_queue_field field;
        uint64_t gpa;
    } wrong[] = {
        {VIRTIO_QUEUE_DESC, 8},
        {VIRTIO_QUEUE_DRIVER, 1},
        {VIRTIO_QUEUE_DEVICE, 2},
        {VIRTIO_QUEUE_DESC, DEVICE_BED_LOW_SIZE},
        {VIRTIO_QUEUE_DRIVER, DEVICE_BED_LOW_SIZE - 2},
        {VIRTIO_QUEUE_DEVICE, UINT64_MAX - 3},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        device_bed_negotiate(&bed, GUEST_BITS);
        device_bed_place_queue(&bed, 0, 64);
        device_bed_set_queue(&bed, 0, wrong[i].field, wrong[i].gpa);
        device_bed_enable_queue(&bed, 0);
        ck_assert_uint_eq(device_bed_get_queue(&bed, 0, VIRTIO_QUEUE_ENABLE),
                          0);
        ck_assert_uint_eq(device_bed_status(&bed), NEGOTIATED | NEEDS_RESET);
    }
    device_bed_bring_up(&bed);
    ck_assert_uint_eq(device_bed_status(&bed), RUNNING);
}
END_TEST

/* ---- Kicks --------------------------------------------------------------- */

START_TEST(kick_reaches_the_device)
{
    device_bed_bring_up(&bed);
    /* One each, as kicks may have come before it listened. */
    ck_assert_uint_eq(fake_backend_take_kicks(&bed.fake, 0), 1);
    ck_assert_uint_eq(fake_backend_take_kicks(&bed.fake, 1), 1);
    virtio_device_kick(&bed.device, 1);
    ck_assert_uint_eq(fake_backend_take_kicks(&bed.fake, 0), 0);
    ck_assert_uint_eq(fake_backend_take_kicks(&bed.fake, 1), 1);
    ck_assert_uint_eq(atomic_load(&bed.device.queues[1].kicks_by_vmm), 1);
    ck_assert_uint_eq(atomic_load(&bed.device.queues[0].kicks_by_vmm), 0);
}
END_TEST

START_TEST(kicks_are_counted_and_forgotten_at_a_reset)
{
    device_bed_bring_up(&bed);
    for (unsigned i = 0; i < 5; i++)
        virtio_device_kick(&bed.device, 0);
    device_bed_set_status(&bed, 0);
    /* Without our own, see start(). */
    ck_assert_uint_eq(bed.device.queues[0].kicks, 5);
    ck_assert_uint_eq(bed.device.queues[1].kicks, 0);
    device_bed_bring_up(&bed);
    ck_assert_uint_eq(fake_backend_take_kicks(&bed.fake, 0), 1);
}
END_TEST

static void add_tests(TCase *tcase)
{
    const TTest *const claims[] = {
        backend_is_asked_and_given_memory_once,
        devices_that_cannot_be_relayed_are_refused,
        bring_up_is_one_call_of_the_backend_for_each_thing,
        status_may_be_set_all_at_once,
        status_bits_cannot_be_cleared_but_by_a_reset,
        start_needs_accepted_features,
        refused_start_asks_the_guest_for_a_reset,
        device_that_breaks_while_it_runs_shows,
        reset_reads_back_as_done_even_when_the_backend_fails,
        failed_start_ends_what_was_never_told_to_run_only_once,
        queue_starts_at_the_devices_size_and_goes_back_to_it,
        size_is_a_power_of_two_up_to_the_devices,
        queue_that_does_not_exist_reads_as_zero,
        queue_is_enabled_between_features_and_start_alone,
        enabled_queue_cannot_be_changed,
        ring_in_a_bad_place_asks_for_a_reset,
        kick_reaches_the_device,
        kicks_are_counted_and_forgotten_at_a_reset,
    };

    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        tcase_add_test(tcase, claims[i]);
}

int main(void)
{
    return check_main("virtio_device", add_tests);
}
