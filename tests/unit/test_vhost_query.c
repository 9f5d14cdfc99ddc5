/* SPDX-License-Identifier: BSD-2-Clause */
/* test_vhost_query.c: devices and kernels of all ages. */
#include "vdpa/vhost_query.h"

#include "tests/support/check_main.h"
#include "tests/support/fake_vhost.h"
#include "tests/support/log_capture.h"
#include "vdpa/vhost_uapi.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_ids.h>
#include <string.h>

#define BIT64(bit) (1ULL << (bit))
#define WANTED                                                                 \
    (BIT64(VHOST_BACKEND_F_IOTLB_MSG_V2) |                                     \
     BIT64(VHOST_BACKEND_F_IOTLB_BATCH) |                                      \
     BIT64(VHOST_BACKEND_F_IOTLB_PERSIST) | BIT64(VHOST_BACKEND_F_SUSPEND) |   \
     BIT64(VHOST_BACKEND_F_RESUME))

struct bed {
    struct fake_vhost fake;
    struct log_capture capture;
    struct vhost_device device;
    struct vhost_capabilities capabilities;
    char path[32];
};

static void start(struct bed *bed, const struct fake_vhost_profile *profile)
{
    *bed = (struct bed){.path = FAKE_VHOST_PATH};
    fake_vhost_init(&bed->fake, profile);
    log_capture_start(&bed->capture);
}

static int query(struct bed *bed)
{
    const struct vhost_syscalls *syscalls = &bed->fake.syscalls;

    bed->device = (struct vhost_device){
        .syscalls = syscalls,
        .fd = syscalls->open(syscalls->context, bed->path, O_RDWR | O_CLOEXEC),
        .path = bed->path,
    };
    return vhost_query(&bed->device, &bed->capabilities);
}

static void stop(struct bed *bed)
{
    vhost_capabilities_destroy(&bed->capabilities);
    fake_vhost_destroy(&bed->fake);
}

START_TEST(owner_and_backend_come_before_all_else)
{
    struct bed bed;

    start(&bed, &fake_vhost_sim);
    ck_assert_int_eq(query(&bed), 0);
    ck_assert_str_eq(bed.fake.log,
                     "open GET_DEVICE_ID SET_OWNER "
                     "GET_BACKEND_FEATURES SET_BACKEND_FEATURES(0x136) "
                     "GET_FEATURES GET_VQS_COUNT GET_VRING_NUM "
                     "GET_VRING_SIZE(0) GET_CONFIG_SIZE GET_IOVA_RANGE");
    stop(&bed);
}
END_TEST

START_TEST(the_device_tells_its_kind)
{
    struct bed bed;

    start(&bed, &fake_vhost_vduse);
    bed.fake.profile.device_id = VIRTIO_ID_BLOCK;
    ck_assert_int_eq(query(&bed), 0);
    ck_assert_uint_eq(bed.capabilities.identity.device_id, VIRTIO_ID_BLOCK);
    stop(&bed);
}
END_TEST

START_TEST(queue_sizes_are_asked_per_queue)
{
    struct bed bed;

    start(&bed, &fake_vhost_vp_vdpa);
    ck_assert_int_eq(query(&bed), 0);
    ck_assert_uint_eq(bed.capabilities.identity.num_queues, 3);
    ck_assert_uint_eq(bed.capabilities.identity.max_queue_size, 1024);
    ck_assert_uint_eq(bed.capabilities.queue_sizes[2], 1024);
    stop(&bed);
}
END_TEST

START_TEST(queue_sizes_are_rounded_down_to_powers_of_two)
{
    struct bed bed;

    start(&bed, &fake_vhost_vduse);
    bed.fake.profile.queue_size = 1000;
    ck_assert_int_eq(query(&bed), 0);
    ck_assert_uint_eq(bed.capabilities.queue_sizes[0], 512);
    stop(&bed);
}
END_TEST

START_TEST(a_queue_that_comes_with_a_feature_has_no_size_yet)
{
    struct bed bed;

    start(&bed, &fake_vhost_vp_vdpa);
    bed.fake.profile.num_queues = 5;
    bed.fake.profile.grows_by_mq = true;
    ck_assert_int_eq(query(&bed), 0);
    ck_assert_uint_eq(bed.capabilities.queue_sizes[2], 1024);
    ck_assert_uint_eq(bed.capabilities.queue_sizes[3], 0);
    stop(&bed);
}
END_TEST

START_TEST(the_largest_queue_is_the_largest_of_virtio)
{
    struct bed bed;

    start(&bed, &fake_vhost_vduse);
    bed.fake.profile.queue_size = 65535;
    ck_assert_int_eq(query(&bed), 0);
    ck_assert_uint_eq(bed.capabilities.identity.max_queue_size, 32768);
    stop(&bed);
}
END_TEST

START_TEST(the_first_kernel_with_vhost_vdpa_is_enough)
{
    struct bed bed;

    start(&bed, &fake_vhost_2020);
    ck_assert_int_eq(query(&bed), 0);
    ck_assert_uint_eq(bed.capabilities.identity.num_queues, 2);
    ck_assert_uint_eq(bed.capabilities.identity.max_queue_size, 256);
    ck_assert_uint_eq(bed.capabilities.identity.config_size, 24);
    ck_assert_uint_eq(bed.capabilities.identity.first_iova, 0);
    ck_assert_uint_eq(bed.capabilities.identity.last_iova, UINT64_MAX);
    ck_assert_uint_eq(bed.capabilities.backend_acked, 0);
    ck_assert_uint_eq(bed.capture.lines, 0);
    stop(&bed);
}
END_TEST

static const struct {
    const char *name;
    unsigned long request;
} optional[] = {
    {"GET_BACKEND_FEATURES", VHOST_GET_BACKEND_FEATURES},
    {"GET_VQS_COUNT", VHOST_VDPA_GET_VQS_COUNT},
    {"GET_VRING_SIZE", VHOST_VDPA_GET_VRING_SIZE},
    {"GET_CONFIG_SIZE", VHOST_VDPA_GET_CONFIG_SIZE},
    {"GET_IOVA_RANGE", VHOST_VDPA_GET_IOVA_RANGE},
};

START_TEST(each_later_request_may_be_missing)
{
    struct bed bed;
    int error;

    start(&bed, &fake_vhost_sim);
    fake_vhost_forget(&bed.fake, optional[_i].request);
    error = query(&bed);
    ck_assert_msg(error == 0, "without %s: %s", optional[_i].name,
                  strerror(-error));
    ck_assert_uint_eq(bed.capabilities.identity.num_queues, 3);
    ck_assert_uint_eq(bed.capabilities.identity.max_queue_size, 256);
    ck_assert_uint_eq(bed.capabilities.identity.config_size, 24);
    ck_assert_uint_eq(bed.capabilities.identity.last_iova, UINT64_MAX);
    stop(&bed);
}
END_TEST

START_TEST(any_number_of_queues_is_found_without_a_request)
{
    struct bed bed;

    start(&bed, &fake_vhost_2020);
    bed.fake.profile.num_queues = (uint32_t)_i;
    ck_assert_int_eq(query(&bed), 0);
    ck_assert_int_eq(bed.capabilities.identity.num_queues, _i);
    stop(&bed);
}
END_TEST

START_TEST(any_configuration_size_is_found_without_a_request)
{
    struct bed bed;

    start(&bed, &fake_vhost_2020);
    bed.fake.profile.config_size = (uint32_t)_i;
    ck_assert_int_eq(query(&bed), 0);
    ck_assert_int_eq((int)bed.capabilities.identity.config_size, _i);
    stop(&bed);
}
END_TEST

START_TEST(a_configuration_beyond_any_devices_is_refused)
{
    struct bed bed;

    start(&bed, &fake_vhost_sim);
    bed.fake.profile.config_size = _i ? UINT32_MAX : 4097;
    ck_assert_int_eq(query(&bed), -ENOTSUP);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "bytes of configuration"));
    stop(&bed);
    start(&bed, &fake_vhost_sim);
    bed.fake.profile.config_size = 4096;
    ck_assert_int_eq(query(&bed), 0);
    ck_assert_uint_eq(bed.capabilities.identity.config_size, 4096);
    stop(&bed);
}
END_TEST

START_TEST(a_device_without_queues_is_refused)
{
    struct bed bed;

    start(&bed, &fake_vhost_sim);
    bed.fake.profile.num_queues = 0;
    ck_assert_int_eq(query(&bed), -ENODEV);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "no queues"));
    stop(&bed);
}
END_TEST

START_TEST(only_offered_backend_features_are_acked)
{
    struct bed bed;

    start(&bed, &fake_vhost_sim);
    /* Every subset of what is wanted; the fake refuses what it lacks. */
    bed.fake.profile.backend_features =
        ((_i & 1) ? BIT64(VHOST_BACKEND_F_IOTLB_MSG_V2) : 0) |
        ((_i & 2) ? BIT64(VHOST_BACKEND_F_IOTLB_BATCH) : 0) |
        ((_i & 4) ? BIT64(VHOST_BACKEND_F_IOTLB_PERSIST) : 0) |
        ((_i & 8) ? BIT64(VHOST_BACKEND_F_SUSPEND) : 0) |
        ((_i & 16) ? BIT64(VHOST_BACKEND_F_RESUME) : 0) |
        BIT64(VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK);
    ck_assert_int_eq(query(&bed), 0);
    ck_assert_uint_eq(bed.capabilities.backend_acked,
                      bed.fake.profile.backend_features & WANTED);
    ck_assert_uint_eq(bed.fake.backend_acked, bed.capabilities.backend_acked);
    ck_assert_uint_eq(bed.capabilities.backend_offered,
                      bed.fake.profile.backend_features);
    ck_assert(bed.capabilities.identity.can_suspend == ((_i & 8) != 0));
    ck_assert(bed.capabilities.identity.can_resume == ((_i & 16) != 0));
    stop(&bed);
}
END_TEST

START_TEST(an_owner_that_is_there_already_is_an_error)
{
    struct bed bed;

    start(&bed, &fake_vhost_sim);
    bed.fake.is_owned = true;
    ck_assert_int_eq(query(&bed), -EBUSY);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "VHOST_SET_OWNER"));
    stop(&bed);
}
END_TEST

/* Also of those requests that may be missing: failing is something else. */
START_TEST(every_failing_request_is_an_error)
{
    static const struct fake_vhost_profile *const profiles[] = {
        &fake_vhost_sim, &fake_vhost_vduse, &fake_vhost_2020};
    struct bed bed;
    unsigned calls;

    start(&bed, profiles[_i]);
    ck_assert_int_eq(query(&bed), 0);
    calls = bed.fake.calls;
    stop(&bed);
    for (unsigned n = 2; n <= calls; n++) { /* 1 is open */
        start(&bed, profiles[_i]);
        bed.fake.fail_at = n;
        bed.fake.fail_error = EIO;
        ck_assert_msg(query(&bed) == -EIO, "%s: call %u of \"%s\"",
                      profiles[_i]->name, n, bed.fake.log);
        ck_assert_uint_eq(bed.capture.lines, 1);
        ck_assert_uint_eq(bed.fake.calls, n);
        stop(&bed);
    }
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, owner_and_backend_come_before_all_else);
    tcase_add_test(tcase, the_device_tells_its_kind);
    tcase_add_test(tcase, queue_sizes_are_asked_per_queue);
    tcase_add_test(tcase, queue_sizes_are_rounded_down_to_powers_of_two);
    tcase_add_test(tcase, a_queue_that_comes_with_a_feature_has_no_size_yet);
    tcase_add_test(tcase, the_largest_queue_is_the_largest_of_virtio);
    tcase_add_test(tcase, the_first_kernel_with_vhost_vdpa_is_enough);
    tcase_add_loop_test(tcase, each_later_request_may_be_missing, 0,
                        (int)ARRAY_SIZE(optional));
    tcase_add_loop_test(tcase, any_number_of_queues_is_found_without_a_request,
                        1, FAKE_VHOST_MAX_QUEUES + 1);
    tcase_add_loop_test(tcase,
                        any_configuration_size_is_found_without_a_request, 0,
                        FAKE_VHOST_CONFIG_SIZE + 1);
    tcase_add_loop_test(tcase, a_configuration_beyond_any_devices_is_refused, 0,
                        2);
    tcase_add_test(tcase, a_device_without_queues_is_refused);
    tcase_add_loop_test(tcase, only_offered_backend_features_are_acked, 0, 32);
    tcase_add_test(tcase, an_owner_that_is_there_already_is_an_error);
    tcase_add_loop_test(tcase, every_failing_request_is_an_error, 0, 3);
}

int main(void)
{
    return check_main("vhost_query", add_tests);
}
