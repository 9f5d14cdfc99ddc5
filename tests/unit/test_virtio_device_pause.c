/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_device_pause.c: a device that is suspended and goes on, by every
 * way that a backend may have for that.
 */
#include "devices/virtio_device.h"
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/virtio_bench.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <string.h>

#define BIT64(bit) (UINT64_C(1) << (bit))
#define NEGOTIATED                                                             \
    (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |                    \
     VIRTIO_CONFIG_S_FEATURES_OK)
#define RUNNING     (NEGOTIATED | VIRTIO_CONFIG_S_DRIVER_OK)
#define NEEDS_RESET VIRTIO_CONFIG_S_NEEDS_RESET
#define BASIC       BIT64(VIRTIO_F_VERSION_1)

static struct virtio_bench bench;
static struct virtio_device *device;
static struct log_capture capture;

static void setup(void)
{
    log_capture_start(&capture);
    virtio_bench_init(&bench);
    device = &bench.pci.device;
}

static void teardown(void)
{
    virtio_bench_unplug(&bench);
    ck_assert_str_eq(fake_backend_violation(&bench.fake), "");
    virtio_bench_destroy(&bench);
    log_capture_stop();
}

static void plug(void)
{
    ck_assert_int_eq(virtio_bench_plug(&bench), 0);
}

static void bring_up(uint64_t features)
{
    virtio_device_accept(device, 0, (uint32_t)features);
    virtio_device_accept(device, 1, (uint32_t)(features >> 32));
    virtio_device_set_status(device, NEGOTIATED);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t gpa = UINT64_C(0x10000) * (1 + i);

        virtio_device_set_queue(device, i, VIRTIO_QUEUE_SIZE, 128);
        virtio_device_set_queue(device, i, VIRTIO_QUEUE_DESC, gpa);
        virtio_device_set_queue(device, i, VIRTIO_QUEUE_DRIVER, gpa + 0x2000);
        virtio_device_set_queue(device, i, VIRTIO_QUEUE_DEVICE, gpa + 0x4000);
        virtio_device_set_queue(device, i, VIRTIO_QUEUE_ENABLE, 1);
    }
    virtio_device_set_status(device, RUNNING);
    ck_assert_uint_eq(virtio_device_get_status(device), RUNNING);
    fake_backend_clear_log(&bench.fake);
}

static void forget_kicks(void)
{
    for (uint16_t i = 0; i < 2; i++)
        (void)fake_backend_take_kicks(&bench.fake, i);
}

/* The device has used so many buffers of both queues. */
static void stand_at(uint32_t rx, uint32_t tx)
{
    bench.fake.queues[0].set.position = rx;
    bench.fake.queues[1].set.position = tx;
}

START_TEST(device_that_resumes_is_asked_to_and_kicked)
{
    plug();
    bring_up(BASIC);
    forget_kicks();
    ck_assert_ptr_null(virtio_device_suspend_obstacle(device));
    ck_assert_int_eq(virtio_device_suspend(device), 0);
    ck_assert(bench.fake.is_suspended);
    ck_assert_int_eq(virtio_device_resume(device), 0);
    ck_assert(!bench.fake.is_suspended);
    ck_assert_str_eq(bench.fake.log, "suspend resume");
    ck_assert_uint_eq(fake_backend_take_kicks(&bench.fake, 0), 1);
    ck_assert_uint_eq(fake_backend_take_kicks(&bench.fake, 1), 1);
    ck_assert_uint_eq(fake_backend_take_kicks(&bench.fake, 2), 0);
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(kicks_of_the_vmm_are_not_counted_as_the_guests)
{
    plug();
    bring_up(BASIC);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(virtio_device_suspend(device), 0);
        ck_assert_int_eq(virtio_device_resume(device), 0);
    }
    virtio_device_kick(device, 1);
    virtio_device_set_status(device, 0);
    ck_assert_uint_eq(device->queues[0].kicks, 0);
    ck_assert_uint_eq(device->queues[1].kicks, 1);
}
END_TEST

START_TEST(device_that_does_not_run_has_nothing_to_suspend)
{
    plug();
    fake_backend_clear_log(&bench.fake);
    ck_assert_int_eq(virtio_device_suspend(device), 0);
    ck_assert_int_eq(virtio_device_resume(device), 0);
    /* Nor one that was never suspended. */
    ck_assert_int_eq(virtio_device_resume(device), 0);
    ck_assert_str_eq(bench.fake.log, "");
    bring_up(BASIC);
    fake_backend_break(&bench.fake);
    ck_assert_uint_eq(virtio_device_get_status(device), RUNNING | NEEDS_RESET);
    fake_backend_clear_log(&bench.fake);
    ck_assert_int_eq(virtio_device_suspend(device), 0);
    ck_assert_int_eq(virtio_device_resume(device), 0);
    ck_assert_str_eq(bench.fake.log, "");
}
END_TEST

START_TEST(device_that_cannot_suspend_says_what_it_lacks)
{
    bench.fake.identity.can_suspend = bench.fake.identity.can_resume = false;
    plug();
    ck_assert_ptr_nonnull(
        strstr(virtio_device_suspend_obstacle(device), "SUSPEND"));
    bring_up(BASIC);
    ck_assert_ptr_nonnull(
        strstr(virtio_device_suspend_obstacle(device), "SUSPEND"));
    ck_assert_int_eq(virtio_device_suspend(device), -EOPNOTSUPP);
    ck_assert_int_eq(virtio_device_resume(device), 0);
    ck_assert_str_eq(bench.fake.log, "");
}
END_TEST

START_TEST(device_that_does_not_resume_starts_again_where_it_stood)
{
    bench.fake.identity.can_resume = false;
    plug();
    bring_up(BASIC);
    forget_kicks();
    stand_at(7, 300);
    ck_assert_int_eq(virtio_device_suspend(device), 0);
    fake_backend_clear_log(&bench.fake);
    ck_assert_int_eq(virtio_device_resume(device), 0);
    ck_assert_str_eq(bench.fake.log,
                     "set_status(0) set_status(3) set_features(0x300000000) "
                     "set_status(11) get_status set_config_call "
                     "set_queue(0,128) enable_queue(0,1) set_queue(1,128) "
                     "enable_queue(1,1) set_status(15) get_status");
    ck_assert_uint_eq(bench.fake.queues[0].set.position, 7);
    ck_assert_uint_eq(bench.fake.queues[1].set.position, 300);
    ck_assert_uint_eq(virtio_device_get_status(device), RUNNING);
    ck_assert_uint_eq(fake_backend_take_kicks(&bench.fake, 0), 1);
    ck_assert_uint_eq(fake_backend_take_kicks(&bench.fake, 1), 1);
    /* It has run all the time, as far as a report is concerned. */
    ck_assert(bench.is_running);
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(packed_rings_keep_their_wrap_counters)
{
    bench.fake.identity.can_resume = false;
    bench.fake.offered |= BIT64(VIRTIO_F_RING_PACKED);
    plug();
    bring_up(BASIC | BIT64(VIRTIO_F_RING_PACKED));
    ck_assert_uint_eq(bench.fake.queues[0].set.position, 0x80008000);
    stand_at(0x00058007, 0x80010001);
    ck_assert_int_eq(virtio_device_suspend(device), 0);
    ck_assert_int_eq(virtio_device_resume(device), 0);
    ck_assert_uint_eq(bench.fake.queues[0].set.position, 0x00058007);
    ck_assert_uint_eq(bench.fake.queues[1].set.position, 0x80010001);
}
END_TEST

START_TEST(position_is_forgotten_with_the_drivers_reset)
{
    bench.fake.identity.can_resume = false;
    plug();
    bring_up(BASIC);
    stand_at(7, 300);
    ck_assert_int_eq(virtio_device_suspend(device), 0);
    virtio_device_set_status(device, 0);
    ck_assert_int_eq(virtio_device_resume(device), 0);
    bring_up(BASIC);
    ck_assert_uint_eq(bench.fake.queues[0].set.position, 0);
    ck_assert_uint_eq(bench.fake.queues[1].set.position, 0);
}
END_TEST

START_TEST(device_that_would_forget_is_not_reset_to_resume_it)
{
    bench.fake.identity.can_resume = false;
    plug();
    bring_up(BASIC | BIT64(VIRTIO_NET_F_CTRL_VQ));
    ck_assert_ptr_nonnull(
        strstr(virtio_device_suspend_obstacle(device), "control queue"));
    ck_assert_int_eq(virtio_device_suspend(device), -EOPNOTSUPP);
    ck_assert_str_eq(bench.fake.log, "");
}
END_TEST

START_TEST(only_devices_known_to_be_without_state_are_reset)
{
    static const struct {
        uint32_t id;
        bool may;
    } types[] = {{VIRTIO_ID_BLOCK, true}, {VIRTIO_ID_CONSOLE, false}};

    bench.fake.identity.can_resume = false;
    bench.fake.identity.device_id = types[_i].id;
    bench.fake.offered =
        BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_F_ACCESS_PLATFORM);
    plug();
    bring_up(BASIC);
    ck_assert((virtio_device_suspend_obstacle(device) == NULL) ==
              types[_i].may);
}
END_TEST

START_TEST(device_that_hides_its_position_is_not_suspended)
{
    bench.fake.identity.can_resume = false;
    plug();
    bring_up(BASIC);
    fake_backend_fail_call(&bench.fake, "get_queue_position", -EOPNOTSUPP);
    ck_assert_ptr_nonnull(
        strstr(virtio_device_suspend_obstacle(device), "where a queue stands"));
    ck_assert(!bench.fake.is_suspended);
}
END_TEST

START_TEST(failed_suspend_leaves_the_device_running)
{
    plug();
    bring_up(BASIC);
    fake_backend_fail_call(&bench.fake, "suspend", -EIO);
    ck_assert_int_eq(virtio_device_suspend(device), -EIO);
    ck_assert_uint_eq(virtio_device_get_status(device), RUNNING);
    fake_backend_clear_log(&bench.fake);
    ck_assert_int_eq(virtio_device_resume(device), 0);
    ck_assert_str_eq(bench.fake.log, "");
}
END_TEST

START_TEST(failed_resume_asks_the_guest_for_a_reset)
{
    plug();
    bring_up(BASIC);
    ck_assert_int_eq(virtio_device_suspend(device), 0);
    fake_backend_fail_call(&bench.fake, "resume", -EIO);
    ck_assert_int_eq(virtio_device_resume(device), -EIO);
    ck_assert_uint_eq(virtio_device_get_status(device), RUNNING | NEEDS_RESET);
    ck_assert_ptr_nonnull(strstr(capture.last, "the guest must reset it"));
    /* And then it works. */
    virtio_device_set_status(device, 0);
    bring_up(BASIC);
}
END_TEST

/* Whatever call of the way back fails, and whatever the device refuses. */
START_TEST(failed_start_asks_the_guest_for_a_reset)
{
    const unsigned num_calls = 12;

    bench.fake.identity.can_resume = false;
    plug();
    for (unsigned n = 1; n <= num_calls; n++) {
        bring_up(BASIC);
        stand_at(7, 300);
        ck_assert_int_eq(virtio_device_suspend(device), 0);
        fake_backend_fail_nth(&bench.fake, n, -EIO);
        ck_assert_int_eq(virtio_device_resume(device), -EIO);
        ck_assert_uint_eq(virtio_device_get_status(device),
                          RUNNING | NEEDS_RESET);
        virtio_device_set_status(device, 0);
    }
    bring_up(BASIC);
    ck_assert_int_eq(virtio_device_suspend(device), 0);
    bench.fake.refuses_features_ok = true;
    ck_assert_int_eq(virtio_device_resume(device), -EIO);
    bench.fake.refuses_features_ok = false;
    ck_assert_uint_eq(virtio_device_get_status(device), RUNNING | NEEDS_RESET);
    virtio_device_set_status(device, 0);
    bring_up(BASIC);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, device_that_resumes_is_asked_to_and_kicked);
    tcase_add_test(tcase, kicks_of_the_vmm_are_not_counted_as_the_guests);
    tcase_add_test(tcase, device_that_does_not_run_has_nothing_to_suspend);
    tcase_add_test(tcase, device_that_cannot_suspend_says_what_it_lacks);
    tcase_add_test(tcase,
                   device_that_does_not_resume_starts_again_where_it_stood);
    tcase_add_test(tcase, packed_rings_keep_their_wrap_counters);
    tcase_add_test(tcase, position_is_forgotten_with_the_drivers_reset);
    tcase_add_test(tcase, device_that_would_forget_is_not_reset_to_resume_it);
    tcase_add_loop_test(tcase, only_devices_known_to_be_without_state_are_reset,
                        0, 2);
    tcase_add_test(tcase, device_that_hides_its_position_is_not_suspended);
    tcase_add_test(tcase, failed_suspend_leaves_the_device_running);
    tcase_add_test(tcase, failed_resume_asks_the_guest_for_a_reset);
    tcase_add_test(tcase, failed_start_asks_the_guest_for_a_reset);
}

int main(void)
{
    return check_main("virtio_device_pause", add_tests);
}
