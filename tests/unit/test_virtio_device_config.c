/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_device_config.c: the configuration of a device, and a backend
 * that fails.
 */
#include "tests/support/check_main.h"
#include "tests/support/device_bed.h"
#include "tests/support/loop_steps.h"

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

/* ---- Configuration ------------------------------------------------------- */

START_TEST(configuration_is_read_once)
{
    fake_backend_clear_log(&bed.fake);
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, 0, 4), 0x12005452);
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, 4, 4), 0x00015634);
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, 6, 2), 1);
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, 5, 1), 0x56);
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, 0, 8),
                      0x0001563412005452);
    ck_assert_str_eq(bed.fake.log, "get_config(0,24)");
}
END_TEST

START_TEST(configuration_beyond_the_devices_reads_as_zero)
{
    memset(bed.fake.config, 0xee, sizeof(bed.fake.config));
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, 20, 8),
                      0xeeeeeeee);
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, 24, 8), 0);
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, 248, 8), 0);
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, 249, 8), 0);
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, 256, 1), 0);
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, UINT64_MAX, 8), 0);
}
END_TEST

START_TEST(change_is_passed_on_and_is_a_new_generation)
{
    const uint8_t down = 0;
    uint8_t generation;

    device_bed_bring_up(&bed);
    generation = virtio_device_get_generation(&bed.device);
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, 6, 2), 1);
    ck_assert_uint_eq(virtio_device_get_generation(&bed.device), generation);

    fake_backend_change_config(&bed.fake, 6, &down, 1);
    ck_assert_uint_eq(loop_serve_ready(&bed.loop), 1);
    ck_assert_uint_eq(device_bed_take(bed.config_fd), 1);
    ck_assert_uint_eq(virtio_device_get_generation(&bed.device),
                      (uint8_t)(generation + 1));
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, 6, 2), 0);
    /* Told again, but the same: no new generation. */
    fake_backend_change_config(&bed.fake, 6, &down, 1);
    loop_serve_ready(&bed.loop);
    ck_assert_uint_eq(virtio_device_get_generation(&bed.device),
                      (uint8_t)(generation + 1));
}
END_TEST

START_TEST(configuration_that_cannot_be_read_stays_as_it_was)
{
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, 5, 1), 0x56);
    device_bed_set_status(&bed, 0);
    bed.fake.config[5] = 0x99;
    fake_backend_fail_call(&bed.fake, "get_config", -EIO);
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, 5, 1), 0x56);
}
END_TEST

START_TEST(write_is_relayed_and_read_back_from_the_device)
{
    fake_backend_clear_log(&bed.fake);
    virtio_device_write_config(&bed.device, 4, 2, 0xbeef);
    ck_assert_str_eq(bed.fake.log, "set_config(4,2)");
    ck_assert_uint_eq(bed.fake.config[4], 0xef);
    ck_assert_uint_eq(bed.fake.config[5], 0xbe);
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, 4, 2), 0xbeef);
    virtio_device_write_config(&bed.device, 16, 8, 1);
    ck_assert_uint_eq(bed.fake.config[16], 1);
}
END_TEST

START_TEST(write_beyond_the_devices_configuration_is_dropped)
{
    fake_backend_clear_log(&bed.fake);
    virtio_device_write_config(&bed.device, 24, 1, 1);
    virtio_device_write_config(&bed.device, 17, 8, 1);
    virtio_device_write_config(&bed.device, UINT64_MAX, 1, 1);
    ck_assert_str_eq(bed.fake.log, "");
    ck_assert_uint_eq(bed.capture.lines, 3);
}
END_TEST

START_TEST(device_without_configuration_is_never_asked)
{
    device_bed_renew(&bed);
    bed.fake.identity.config_size = 0;
    ck_assert_int_eq(device_bed_make(&bed), 0);
    fake_backend_clear_log(&bed.fake);
    ck_assert_uint_eq(virtio_device_read_config(&bed.device, 0, 8), 0);
    virtio_device_write_config(&bed.device, 0, 1, 1);
    ck_assert_str_eq(bed.fake.log, "");
}
END_TEST

/* ---- Failure ------------------------------------------------------------- */

/* From power-on through a run, a reset and a second run. */
static void live(void)
{
    const uint8_t down = 0;

    device_bed_bring_up(&bed);
    (void)virtio_device_read_config(&bed.device, 0, 8);
    virtio_device_write_config(&bed.device, 0, 1, 0x52);
    fake_backend_change_config(&bed.fake, 6, &down, 1);
    loop_serve_ready(&bed.loop);
    (void)virtio_device_get_generation(&bed.device);
    (void)device_bed_status(&bed);
    virtio_device_kick(&bed.device, 0);
    device_bed_bring_up(&bed);
}

START_TEST(failure_of_any_call_ends_nothing_and_leaks_nothing)
{
    bool has_failed = true;
    unsigned n = 0;

    device_bed_destroy(&bed);
    while (has_failed) {
        int error;

        fake_backend_init(&bed.fake);
        fake_backend_fail_nth(&bed.fake, ++n, -EIO);
        error = device_bed_make(&bed);
        if (!error) {
            live();
            /* Whatever it was, a reset mends it. */
            has_failed = bed.fake.fail_at == 0;
            bed.fake.fail_at = 0;
            device_bed_bring_up(&bed);
            ck_assert_uint_eq(device_bed_status(&bed), RUNNING);
            ck_assert_uint_eq(bed.fake.status, RUNNING);
        } else {
            ck_assert_int_eq(error, -EIO);
        }
        device_bed_destroy(&bed);
    }
    ck_assert_uint_gt(n, 40);
    fake_backend_init(&bed.fake);
    ck_assert_int_eq(device_bed_make(&bed), 0);
}
END_TEST

START_TEST(failing_backend_shows_as_a_reset_that_is_needed)
{
    const char *calls[] = {"set_features", "set_queue", "enable_queue",
                           "set_config_call", "get_status"};

    for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
        fake_backend_fail_call(&bed.fake, calls[i], -EIO);
        device_bed_bring_up(&bed);
        ck_assert_msg(device_bed_status(&bed) & NEEDS_RESET, "after %s",
                      calls[i]);
        device_bed_bring_up(&bed);
        ck_assert_uint_eq(device_bed_status(&bed), RUNNING);
    }
}
END_TEST

START_TEST(guest_that_errs_again_and_again_does_not_flood_the_log)
{
    for (unsigned i = 0; i < 1000; i++)
        device_bed_set_queue(&bed, 0, VIRTIO_QUEUE_SIZE, 3);
    ck_assert_uint_eq(bed.capture.lines, 10);
}
END_TEST

static void add_tests(TCase *tcase)
{
    const TTest *const claims[] = {
        configuration_is_read_once,
        configuration_beyond_the_devices_reads_as_zero,
        change_is_passed_on_and_is_a_new_generation,
        configuration_that_cannot_be_read_stays_as_it_was,
        write_is_relayed_and_read_back_from_the_device,
        write_beyond_the_devices_configuration_is_dropped,
        device_without_configuration_is_never_asked,
        failure_of_any_call_ends_nothing_and_leaks_nothing,
        failing_backend_shows_as_a_reset_that_is_needed,
        guest_that_errs_again_and_again_does_not_flood_the_log,
    };

    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        tcase_add_test(tcase, claims[i]);
}

int main(void)
{
    return check_main("virtio_device_config", add_tests);
}
