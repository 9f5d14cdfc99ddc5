/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_vhost_life.c: resets, failures and the end of a vhost device.
 */
#include "tests/support/check_main.h"
#include "tests/support/vhost_bed.h"
#include "vdpa/vhost_vdpa.h"

#include <errno.h>
#include <string.h>

START_TEST(a_refused_status_shows_in_what_is_read_back)
{
    struct vhost_bed bed;
    uint8_t status = 0;

    vhost_bed_start(&bed, &fake_vhost_vduse);
    bed.fake.refuses_features_ok = true;
    ck_assert_int_eq(vhost_bed_negotiate(&bed, VHOST_BED_BASIC_FEATURES), 0);
    ck_assert_int_eq(bed.ops->get_status(bed.backend, &status), 0);
    ck_assert_uint_eq(status, VHOST_BED_ACKNOWLEDGED);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(a_device_that_needs_reset_takes_only_that_status_or_zero)
{
    struct vhost_bed bed;

    vhost_bed_start(&bed, &fake_vhost_vp_vdpa);
    ck_assert_int_eq(vhost_bed_bring_up(&bed), 0);
    bed.fake.status |= VIRTIO_CONFIG_S_NEEDS_RESET;
    ck_assert_int_eq(bed.ops->set_status(bed.backend, VHOST_BED_RUNNING),
                     -EINVAL);
    ck_assert_int_eq(
        bed.ops->set_status(bed.backend,
                            VHOST_BED_RUNNING | VIRTIO_CONFIG_S_NEEDS_RESET),
        0);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), 0);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(what_is_reset_is_not_reset_again)
{
    const uint8_t mac[6] = {0};
    struct vhost_bed bed;

    vhost_bed_start(&bed, &fake_vhost_sim);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), 0);
    ck_assert_str_eq(bed.fake.log, "");
    ck_assert_int_eq(bed.ops->set_config(bed.backend, 0, mac, 6), 0);
    fake_vhost_clear_log(&bed.fake);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), 0);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), 0);
    ck_assert_str_eq(bed.fake.log, "SET_STATUS(0)");
    vhost_bed_stop(&bed);
    ck_assert_str_eq(bed.fake.log, "SET_STATUS(0) close");
}
END_TEST

START_TEST(a_reset_that_failed_is_tried_again)
{
    struct vhost_bed bed;

    vhost_bed_start(&bed, &fake_vhost_vduse);
    ck_assert_int_eq(vhost_bed_bring_up(&bed), 0);
    bed.fake.reset_error = EIO;
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), -EIO);
    bed.fake.reset_error = 0;
    fake_vhost_clear_log(&bed.fake);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), 0);
    ck_assert_str_eq(bed.fake.log, "SET_STATUS(0)");
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(reset_with_persist_sends_no_mapping)
{
    struct vhost_bed bed;

    vhost_bed_start(&bed, &fake_vhost_sim);
    ck_assert_int_eq(bed.ops->map(bed.backend, &vhost_bed_ram, 1), 0);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 1), 0);
    fake_vhost_clear_log(&bed.fake);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), 0);
    ck_assert_str_eq(bed.fake.log, "SET_STATUS(0)");
    ck_assert_uint_eq(bed.fake.device_maps.count, 1);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(reset_without_persist_maps_again_in_one_batch)
{
    struct vhost_bed bed;

    vhost_bed_start(&bed, &fake_vhost_sim_forgets);
    ck_assert_int_eq(bed.ops->map(bed.backend, &vhost_bed_ram, 1), 0);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 1), 0);
    fake_vhost_clear_log(&bed.fake);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), 0);
    ck_assert_str_eq(bed.fake.log,
                     "SET_STATUS(0) BATCH_BEGIN INVALIDATE(0x100000,0x10000) "
                     "UPDATE(0x100000,0x10000) BATCH_END");
    ck_assert_uint_eq(bed.fake.device_maps.count, 1);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(reset_on_the_first_kernel_maps_again)
{
    struct vhost_bed bed;

    vhost_bed_start(&bed, &fake_vhost_2020);
    ck_assert_int_eq(bed.ops->map(bed.backend, &vhost_bed_ram, 1), 0);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 1), 0);
    fake_vhost_clear_log(&bed.fake);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), 0);
    ck_assert_str_eq(bed.fake.log, "SET_STATUS(0) INVALIDATE(0x100000,0x10000) "
                                   "UPDATE(0x100000,0x10000)");
    ck_assert_uint_eq(bed.fake.device_maps.count, 1);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(a_failed_reset_is_returned)
{
    struct vhost_bed bed;

    vhost_bed_start(&bed, &fake_vhost_vduse);
    ck_assert_int_eq(vhost_bed_bring_up(&bed), 0);
    bed.fake.reset_error = EIO;
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), -EIO);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "VHOST_VDPA_SET_STATUS"));
    vhost_bed_stop(&bed);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "reset before close"));
}
END_TEST

START_TEST(mappings_that_do_not_come_back_after_a_reset_are_an_error)
{
    struct vhost_bed bed;

    vhost_bed_start(&bed, &fake_vhost_sim_forgets);
    ck_assert_int_eq(bed.ops->map(bed.backend, &vhost_bed_ram, 1), 0);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 1), 0);
    bed.fake.fail_at = bed.fake.calls + 4; /* UPDATE */
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), -EFAULT);
    ck_assert_uint_eq(bed.fake.device_maps.count, 0);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), 0);
    ck_assert_uint_eq(bed.fake.device_maps.count, 1);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(closing_stops_the_device_then_takes_its_memory)
{
    struct vhost_bed bed;

    vhost_bed_start(&bed, &fake_vhost_vduse);
    ck_assert_int_eq(bed.ops->map(bed.backend, &vhost_bed_ram, 1), 0);
    ck_assert_int_eq(vhost_bed_bring_up(&bed), 0);
    fake_vhost_clear_log(&bed.fake);
    vhost_bed_stop(&bed);
    ck_assert_str_eq(bed.fake.log,
                     "SET_STATUS(0) BATCH_BEGIN INVALIDATE(0x100000,0x10000) "
                     "BATCH_END close");
    ck_assert_uint_eq(bed.fake.maps_at_close, 0);
    ck_assert_uint_eq(bed.fake.status_at_close, 0);
    ck_assert_uint_eq(bed.fake.device_maps.count, 0);
}
END_TEST

START_TEST(a_closed_device_opens_again)
{
    struct vhost_bed bed;

    vhost_bed_start(&bed, &fake_vhost_sim);
    ck_assert_int_eq(bed.ops->map(bed.backend, &vhost_bed_ram, 1), 0);
    ck_assert_int_eq(vhost_bed_bring_up(&bed), 0);
    bed.ops->close(bed.backend);
    ck_assert_int_eq(vhost_bed_open(&bed), 0);
    ck_assert_int_eq(bed.ops->map(bed.backend, &vhost_bed_ram, 1), 0);
    ck_assert_int_eq(vhost_bed_bring_up(&bed), 0);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(a_second_user_is_refused)
{
    struct vhost_bed bed;
    struct vdpa_backend *second = NULL;

    vhost_bed_start(&bed, &fake_vhost_sim);
    ck_assert_int_eq(
        vhost_vdpa_open(FAKE_VHOST_PATH, &bed.fake.syscalls, &second), -EBUSY);
    ck_assert_ptr_null(second);
    vhost_bed_stop(&bed);
}
END_TEST

static const struct fake_vhost_profile *const profiles[] = {
    &fake_vhost_sim,   &fake_vhost_sim_forgets, &fake_vhost_vp_vdpa,
    &fake_vhost_vduse, &fake_vhost_2020,
};

/* From open to close; stops at the first error. */
static int whole_life(struct vhost_bed *bed)
{
    int error = vhost_bed_open(bed);

    if (!error)
        error = bed->ops->map(bed->backend, &vhost_bed_ram, 1);
    if (!error)
        error = vhost_bed_bring_up(bed);
    if (!error)
        error = bed->ops->set_status(bed->backend, 0);
    if (!error)
        error = vhost_bed_bring_up(bed);
    return error;
}

START_TEST(every_failing_call_is_returned_and_leaks_nothing)
{
    struct vhost_bed bed;
    unsigned calls;

    vhost_bed_prepare(&bed, profiles[_i]);
    ck_assert_int_eq(whole_life(&bed), 0);
    calls = bed.fake.calls;
    vhost_bed_stop(&bed);
    for (unsigned n = 1; n <= calls; n++) {
        vhost_bed_prepare(&bed, profiles[_i]);
        bed.fake.fail_at = n;
        ck_assert_msg(whole_life(&bed) != 0, "%s: call %u of \"%s\"",
                      profiles[_i]->name, n, bed.fake.log);
        ck_assert_uint_ge(bed.capture.lines, 1);
        vhost_bed_stop(&bed);
        ck_assert_uint_eq(bed.fake.maps_at_close, 0);
        ck_assert_uint_eq(bed.fake.status_at_close, 0);
    }
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, a_refused_status_shows_in_what_is_read_back);
    tcase_add_test(tcase,
                   a_device_that_needs_reset_takes_only_that_status_or_zero);
    tcase_add_test(tcase, what_is_reset_is_not_reset_again);
    tcase_add_test(tcase, a_reset_that_failed_is_tried_again);
    tcase_add_test(tcase, reset_with_persist_sends_no_mapping);
    tcase_add_test(tcase, reset_without_persist_maps_again_in_one_batch);
    tcase_add_test(tcase, reset_on_the_first_kernel_maps_again);
    tcase_add_test(tcase, a_failed_reset_is_returned);
    tcase_add_test(tcase,
                   mappings_that_do_not_come_back_after_a_reset_are_an_error);
    tcase_add_test(tcase, closing_stops_the_device_then_takes_its_memory);
    tcase_add_test(tcase, a_closed_device_opens_again);
    tcase_add_test(tcase, a_second_user_is_refused);
    tcase_add_loop_test(tcase, every_failing_call_is_returned_and_leaks_nothing,
                        0, (int)ARRAY_SIZE(profiles));
}

int main(void)
{
    return check_main("vhost_life", add_tests);
}
