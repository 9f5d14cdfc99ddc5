/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_soft_device_refusals.c: the configuration of the devices of this
 * process, and calls with numbers that are none.
 */
#include "tests/support/check_main.h"
#include "tests/support/plain_device.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#define NEGOTIATED   11
#define FEATURE(bit) (1ULL << (bit))
#define DATA         PLAIN_DEVICE_NUM_QUEUES /* of the mappings */

static struct plain_device_bed bed;

/* ---- Configuration ---- */

START_TEST(a_change_is_told_to_a_driver_alone)
{
    plain_device_open(&bed, false);
    plain_device_run(&bed);
    soft_device_signal_config(bed.device);
    ck_assert_uint_eq(plain_device_signals(bed.config_fd), 1);
    plain_device_negotiate(&bed);
    soft_device_signal_config(bed.device);
    ck_assert_uint_eq(plain_device_signals(bed.config_fd), 0);
    ck_assert_int_eq(bed.ops->set_config_call(bed.backend, -1), 0);
    plain_device_start(&bed);
    soft_device_signal_config(bed.device);
    ck_assert_uint_eq(plain_device_signals(bed.config_fd), 0);
    plain_device_close(&bed);
}
END_TEST

START_TEST(configuration_is_its_types_and_nobody_elses)
{
    const uint32_t size = sizeof(PLAIN_DEVICE_CONFIG);
    char text[sizeof(PLAIN_DEVICE_CONFIG)] = "";

    plain_device_open(&bed, false);
    ck_assert_int_eq(bed.ops->set_config(bed.backend, 0, "?", 1), 0);
    ck_assert_int_eq(bed.ops->get_config(bed.backend, 0, text, size), 0);
    ck_assert_str_eq(text, PLAIN_DEVICE_CONFIG);
    ck_assert_int_eq(bed.ops->get_config(bed.backend, 0, text, 0), -EINVAL);
    ck_assert_int_eq(bed.ops->get_config(bed.backend, 1, text, size), -EINVAL);
    ck_assert_int_eq(bed.ops->get_config(bed.backend, UINT32_MAX, text, 2),
                     -EINVAL);
    ck_assert_int_eq(bed.ops->set_config(bed.backend, size, text, 1), -EINVAL);
    ck_assert_str_eq(text, PLAIN_DEVICE_CONFIG);
    plain_device_close(&bed);
}
END_TEST

/* ---- Bad numbers ---- */

START_TEST(there_is_no_queue_beyond_the_last)
{
    static const uint16_t beyond[] = {PLAIN_DEVICE_NUM_QUEUES, 0x8000,
                                      UINT16_MAX};
    struct vdpa_queue queue;
    uint32_t position = 7;
    uint16_t size = 7;
    void *page = &bed;

    plain_device_open(&bed, _i);
    plain_device_negotiate(&bed);
    queue = plain_device_queue(&bed, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(beyond); i++) {
        struct vdpa_backend *backend = bed.backend;

        ck_assert_int_eq(bed.ops->set_queue(backend, beyond[i], &queue),
                         -EINVAL);
        ck_assert_int_eq(bed.ops->enable_queue(backend, beyond[i], true),
                         -EINVAL);
        ck_assert_int_eq(bed.ops->get_queue_max_size(backend, beyond[i], &size),
                         -EINVAL);
        ck_assert_int_eq(
            bed.ops->get_queue_position(backend, beyond[i], &position),
            -EINVAL);
        ck_assert_int_eq(bed.ops->map_doorbell(backend, beyond[i], &page),
                         -EINVAL);
    }
    ck_assert(position == 7 && size == 7 && page == &bed);
    plain_device_close(&bed);
}
END_TEST

START_TEST(a_queue_has_a_size_and_stands_aligned)
{
    const struct {
        int size;
        unsigned desc, driver, device; /* added to a good one's */
    } bad[] = {
        {0, 0, 0, 0}, {3, 0, 0, 0}, {16, 0, 0, 0},           {32768, 0, 0, 0},
        {8, 8, 0, 0}, {8, 0, 1, 0}, {8, 0, _i ? 2 : 0x1, 0}, {8, 0, 0, 2},
    };
    struct vdpa_queue good, queue;

    plain_device_open(&bed, _i);
    plain_device_negotiate(&bed);
    good = plain_device_queue(&bed, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        queue = good;
        queue.size = (uint16_t)bad[i].size;
        queue.desc_iova += bad[i].desc;
        queue.driver_iova += bad[i].driver;
        queue.device_iova += bad[i].device;
        ck_assert_msg(bed.ops->set_queue(bed.backend, 0, &queue) == -EINVAL,
                      "number %u is taken", i);
    }
    ck_assert_int_eq(bed.ops->set_queue(bed.backend, 0, &good), 0);
    plain_device_close(&bed);
}
END_TEST

START_TEST(memory_ends_where_addresses_do)
{
    struct vdpa_mapping mapping;

    plain_device_open(&bed, false);
    mapping = bed.mappings[DATA];
    ck_assert_int_eq(bed.ops->unmap(bed.backend, &mapping, 1), 0);
    mapping.iova = UINT64_MAX - mapping.size + 1;
    ck_assert_int_eq(bed.ops->map(bed.backend, &mapping, 1), 0);
    ck_assert_int_eq(bed.ops->unmap(bed.backend, &mapping, 1), 0);
    mapping.size *= 2;
    ck_assert_int_eq(bed.ops->map(bed.backend, &mapping, 1), -ERANGE);
    mapping.size = UINT64_MAX - 4095;
    ck_assert_int_eq(bed.ops->map(bed.backend, &mapping, 1), -ERANGE);
    ck_assert_int_eq(bed.ops->unmap(bed.backend, &mapping, 1), -ENOENT);
    plain_device_close(&bed);
}
END_TEST

START_TEST(features_are_a_subset_with_what_is_needed)
{
    const uint64_t needed =
        FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VIRTIO_F_ACCESS_PLATFORM);

    plain_device_open(&bed, false);
    ck_assert_int_eq(bed.ops->set_features(bed.backend, 0), -EINVAL);
    ck_assert_int_eq(
        bed.ops->set_features(bed.backend, FEATURE(VIRTIO_F_VERSION_1)),
        -EINVAL);
    ck_assert_int_eq(bed.ops->set_features(bed.backend, needed | 1), -EINVAL);
    ck_assert_int_eq(bed.ops->set_features(bed.backend, UINT64_MAX), -EINVAL);
    ck_assert_int_eq(bed.ops->set_features(bed.backend, needed), 0);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, NEGOTIATED), 0);
    ck_assert_int_eq(bed.ops->set_features(bed.backend, needed), -EBUSY);
    plain_device_close(&bed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, a_change_is_told_to_a_driver_alone);
    tcase_add_test(tcase, configuration_is_its_types_and_nobody_elses);
    /* With split rings, and with packed ones. */
    tcase_add_loop_test(tcase, there_is_no_queue_beyond_the_last, 0, 2);
    tcase_add_loop_test(tcase, a_queue_has_a_size_and_stands_aligned, 0, 2);
    tcase_add_test(tcase, memory_ends_where_addresses_do);
    tcase_add_test(tcase, features_are_a_subset_with_what_is_needed);
}

int main(void)
{
    return check_main("soft_device_refusals", add_tests);
}
