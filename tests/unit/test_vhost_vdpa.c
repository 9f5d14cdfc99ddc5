/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_vhost_vdpa.c: the vhost backend against the kernel's rules, call by
 * call. What holds for every backend is in tests/contract.
 */
#include "vdpa/vhost_vdpa.h"

#include "tests/support/check_main.h"
#include "tests/support/temp_tree.h"
#include "tests/support/vhost_bed.h"
#include "vdpa/vhost_uapi.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <unistd.h>

#define BIT64(bit) (1ULL << (bit))

START_TEST(bring_up_follows_the_kernels_order)
{
    struct vhost_bed bed;

    vhost_bed_start(&bed, &fake_vhost_sim);
    ck_assert_int_eq(bed.ops->map(bed.backend, &vhost_bed_ram, 1), 0);
    ck_assert_int_eq(vhost_bed_bring_up(&bed), 0);
    ck_assert_str_eq(bed.fake.log,
                     "BATCH_BEGIN UPDATE(0x100000,0x10000) BATCH_END "
                     "SET_STATUS(1) SET_STATUS(3) SET_FEATURES(0x300000000) "
                     "SET_STATUS(11) GET_STATUS SET_CONFIG_CALL "
                     "SET_VRING_NUM(0,0x80) "
                     "SET_VRING_ADDR(0,0x100000,0x101000,0x102000) "
                     "SET_VRING_CALL(0) SET_VRING_KICK(0) SET_VRING_ERR(0) "
                     "SET_VRING_ENABLE(0,0x1) "
                     "SET_VRING_NUM(1,0x80) "
                     "SET_VRING_ADDR(1,0x104000,0x105000,0x106000) "
                     "SET_VRING_CALL(1) SET_VRING_KICK(1) SET_VRING_ERR(1) "
                     "SET_VRING_ENABLE(1,0x1) "
                     "SET_STATUS(15) GET_STATUS");
    ck_assert_uint_eq(bed.fake.enables_while_running, 0);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(no_request_is_unknown_to_a_new_kernel)
{
    struct vhost_bed bed;

    vhost_bed_start(&bed, &fake_vhost_sim);
    ck_assert_int_eq(vhost_bed_bring_up(&bed), 0);
    vhost_bed_stop(&bed);
    ck_assert_ptr_null(strstr(bed.fake.log, "UNKNOWN"));
}
END_TEST

START_TEST(eventfds_and_rings_reach_the_device)
{
    struct vhost_bed bed;
    const struct fake_vhost_queue *queue;

    vhost_bed_start(&bed, &fake_vhost_vp_vdpa);
    ck_assert_int_eq(vhost_bed_bring_up(&bed), 0);
    queue = &bed.fake.queues[1];
    ck_assert_int_eq(queue->kick_fd, bed.kick_fds[1]);
    ck_assert_int_eq(queue->call_fd, bed.call_fds[1]);
    ck_assert_uint_eq(queue->size, 128);
    ck_assert_uint_eq(queue->desc, 0x104000);
    ck_assert_uint_eq(queue->driver, 0x105000);
    ck_assert_uint_eq(queue->device, 0x106000);
    ck_assert(queue->enabled);
    ck_assert(!bed.fake.queues[2].enabled);
    ck_assert_int_eq(bed.fake.config_call_fd, bed.config_fd);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(a_queue_starts_at_its_position)
{
    struct vdpa_queue queue;
    struct vhost_bed bed;

    vhost_bed_start(&bed, &fake_vhost_vp_vdpa);
    queue = vhost_bed_queue(&bed, 0);
    queue.position = vdpa_queue_start(true);
    ck_assert_int_eq(vhost_bed_negotiate(&bed, VHOST_BED_BASIC_FEATURES |
                                                   BIT64(VIRTIO_F_RING_PACKED)),
                     0);
    ck_assert_int_eq(bed.ops->set_queue(bed.backend, 0, &queue), 0);
    ck_assert_uint_eq(bed.fake.queues[0].base, 0x80008000);

    ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), 0);
    queue.position = vdpa_queue_start(false);
    ck_assert_int_eq(vhost_bed_negotiate(&bed, VHOST_BED_BASIC_FEATURES), 0);
    ck_assert_int_eq(bed.ops->set_queue(bed.backend, 0, &queue), 0);
    ck_assert_uint_eq(bed.fake.queues[0].base, 0);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(a_packed_ring_has_its_own_alignment)
{
    struct vhost_bed bed;
    struct vdpa_queue queue;

    vhost_bed_start(&bed, &fake_vhost_vduse);
    queue = vhost_bed_queue(&bed, 0);
    queue.driver_iova += 2;
    ck_assert_int_eq(vhost_bed_negotiate(&bed, VHOST_BED_BASIC_FEATURES), 0);
    ck_assert_int_eq(bed.ops->set_queue(bed.backend, 0, &queue), 0);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), 0);
    ck_assert_int_eq(vhost_bed_negotiate(&bed, VHOST_BED_BASIC_FEATURES |
                                                   BIT64(VIRTIO_F_RING_PACKED)),
                     0);
    ck_assert_int_eq(bed.ops->set_queue(bed.backend, 0, &queue), -EINVAL);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "multiples of 16, 4, 4"));
    /* A reset forgets that rings are packed. */
    ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), 0);
    ck_assert_int_eq(bed.ops->set_queue(bed.backend, 0, &queue), 0);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(a_wrong_queue_never_reaches_the_kernel)
{
    struct vhost_bed bed;
    struct vdpa_queue queue;

    vhost_bed_start(&bed, &fake_vhost_vduse);
    queue = vhost_bed_queue(&bed, 0);
    queue.size = 1024; /* as GET_VRING_NUM says; this queue has 512 */
    fake_vhost_clear_log(&bed.fake);
    ck_assert_int_eq(bed.ops->set_queue(bed.backend, 0, &queue), -EINVAL);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "queue 0"));
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "up to 512"));
    ck_assert_int_eq(bed.ops->enable_queue(bed.backend, 2, true), -EINVAL);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "no queue 2, only 2"));
    ck_assert_str_eq(bed.fake.log, "");
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(an_eventfd_that_is_none_is_refused)
{
    struct vhost_bed bed;
    struct vdpa_queue queue;

    vhost_bed_start(&bed, &fake_vhost_sim);
    ck_assert_int_eq(vhost_bed_negotiate(&bed, VHOST_BED_BASIC_FEATURES), 0);
    queue = vhost_bed_queue(&bed, 0);
    queue.call_fd = STDIN_FILENO;
    ck_assert_int_eq(bed.ops->set_queue(bed.backend, 0, &queue), -EINVAL);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "VHOST_SET_VRING_CALL"));
    queue.call_fd = 9999;
    ck_assert_int_eq(bed.ops->set_queue(bed.backend, 0, &queue), -EBADF);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(features_are_checked_before_the_device_sees_them)
{
    struct vhost_bed bed;

    vhost_bed_start(&bed, &fake_vhost_vduse); /* would take anything */
    fake_vhost_clear_log(&bed.fake);
    ck_assert_int_eq(
        bed.ops->set_features(bed.backend, VHOST_BED_BASIC_FEATURES |
                                               BIT64(VIRTIO_F_SR_IOV)),
        -EINVAL);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "0x2000000000"));
    ck_assert_int_eq(
        bed.ops->set_features(bed.backend, BIT64(VIRTIO_F_VERSION_1)), -EINVAL);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "VIRTIO_F_ACCESS_PLATFORM"));
    ck_assert_str_eq(bed.fake.log, "");
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(a_kernel_without_configuration_interrupts_is_accepted)
{
    struct vhost_bed bed;

    vhost_bed_start(&bed, &fake_vhost_2020);
    ck_assert_int_eq(bed.ops->set_config_call(bed.backend, bed.config_fd), 0);
    ck_assert_int_eq(bed.ops->set_config_call(bed.backend, -1), 0);
    ck_assert_uint_eq(bed.capture.lines, 0);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(configuration_is_written_through)
{
    struct vhost_bed bed;
    const uint8_t mac[6] = {0x52, 0x54, 0, 1, 2, 3};
    uint8_t read_back[6];

    vhost_bed_start(&bed, &fake_vhost_sim);
    ck_assert_int_eq(bed.ops->set_config(bed.backend, 0, mac, 6), 0);
    ck_assert_int_eq(bed.ops->get_config(bed.backend, 0, read_back, 6), 0);
    ck_assert_mem_eq(read_back, mac, 6);
    ck_assert_int_eq(bed.ops->get_config(bed.backend, 22, read_back, 3),
                     -EINVAL);
    ck_assert_int_eq(bed.ops->get_config(bed.backend, UINT32_MAX, read_back, 3),
                     -EINVAL);
    ck_assert_mem_eq(read_back, mac, 6);
    ck_assert_str_eq(bed.fake.log, "SET_CONFIG(0,6) GET_CONFIG(0,6)");
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(a_report_says_what_was_agreed_and_what_is_behind)
{
    struct vhost_bed bed;
    struct vhost_vdpa_info info;
    struct temp_tree sysfs;

    vhost_bed_prepare(&bed, &fake_vhost_vduse);
    temp_tree_init(&sysfs);
    temp_tree_add_folder(&sysfs, "devices/virtual/vduse/n0/n0/vhost-vdpa-0");
    temp_tree_add_link(&sysfs, "devices/virtual/vduse/n0/subsystem",
                       "../../../../class/vduse");
    temp_tree_add_link(&sysfs, "dev/char/511:0",
                       "../../devices/virtual/vduse/n0/n0/vhost-vdpa-0");
    bed.fake.syscalls.sys_dir = sysfs.root;
    ck_assert_int_eq(vhost_bed_open(&bed), 0);
    temp_tree_destroy(&sysfs);

    vhost_vdpa_get_info(bed.backend, &info);
    ck_assert_uint_eq(info.backend_features,
                      BIT64(VHOST_BACKEND_F_IOTLB_MSG_V2) |
                          BIT64(VHOST_BACKEND_F_IOTLB_BATCH));
    ck_assert_uint_eq(info.backend_features_offered,
                      fake_vhost_vduse.backend_features);
    ck_assert(!info.reset_keeps_mappings);
    ck_assert_str_eq(info.device_name, "n0");
    ck_assert_str_eq(info.driver, "vduse");
    ck_assert_int_eq(info.pinning, VHOST_PINNING_NEVER);
    ck_assert_str_eq(bed.backend->name, FAKE_VHOST_PATH);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(room_is_made_for_pinned_memory)
{
    struct vhost_bed bed;

    vhost_bed_start(&bed, &fake_vhost_vp_vdpa);
    bed.fake.memlock = (struct rlimit){8 * MIB, 64 * MIB};
    ck_assert_int_eq(vhost_vdpa_reserve_memlock(bed.backend, 32 * MIB), 0);
    ck_assert_uint_eq(bed.fake.memlock.rlim_cur, 32 * MIB);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(queues_have_the_sizes_of_what_was_negotiated)
{
    const uint64_t mq = 1ULL << VIRTIO_NET_F_MQ;
    struct vhost_bed bed;
    uint16_t size = 0;

    vhost_bed_prepare(&bed, &fake_vhost_vp_vdpa);
    bed.fake.profile.grows_by_mq = true;
    bed.fake.profile.num_queues = 5;
    bed.fake.profile.features |= mq;
    ck_assert_int_eq(vhost_bed_open(&bed), 0);
    ck_assert_int_eq(bed.ops->get_queue_max_size(bed.backend, 2, &size), 0);
    ck_assert_uint_eq(size, 1024);
    ck_assert_int_eq(bed.ops->get_queue_max_size(bed.backend, 4, &size), 0);
    ck_assert_uint_eq(size, 0);
    ck_assert_int_eq(vhost_bed_negotiate(&bed, VHOST_BED_BASIC_FEATURES | mq),
                     0);
    ck_assert_int_eq(bed.ops->get_queue_max_size(bed.backend, 4, &size), 0);
    ck_assert_uint_eq(size, 1024);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(a_doorbell_is_mapped_once_for_writing)
{
    struct vhost_bed bed;
    void *page = NULL, *again = NULL;

    vhost_bed_start(&bed, &fake_vhost_vp_vdpa);
    ck_assert_int_eq(bed.ops->map_doorbell(bed.backend, 2, &page), 0);
    ck_assert_int_eq(bed.ops->map_doorbell(bed.backend, 2, &again), 0);
    ck_assert_ptr_eq(page, again);
    if (page)
        *(volatile uint16_t *)page = 2;
    ck_assert_int_eq(bed.ops->map_doorbell(bed.backend, 0, &again), 0);
    ck_assert_ptr_ne(page, again);
    ck_assert_str_eq(bed.fake.log, "mmap(2) mmap(0)");
    vhost_bed_stop(&bed);
    ck_assert_uint_eq(bed.fake.mapped_pages, 0);
    ck_assert_ptr_null(strstr(bed.fake.log, "munmap-after-close"));
}
END_TEST

START_TEST(a_device_without_doorbells_says_so_quietly)
{
    const struct fake_vhost_profile *const without[] = {&fake_vhost_sim,
                                                        &fake_vhost_2020};
    struct vhost_bed bed;
    void *page = &bed;

    for (unsigned i = 0; i < ARRAY_SIZE(without); i++) {
        vhost_bed_start(&bed, without[i]);
        ck_assert_int_eq(bed.ops->map_doorbell(bed.backend, 0, &page),
                         -ENOTSUP);
        ck_assert_int_eq(bed.ops->map_doorbell(bed.backend, 1, &page),
                         -ENOTSUP);
        ck_assert_uint_eq(bed.capture.lines, 0);
        ck_assert_ptr_eq(page, &bed);
        vhost_bed_stop(&bed);
    }
}
END_TEST

START_TEST(a_queue_without_a_doorbell_leaves_the_others_theirs)
{
    struct vhost_bed bed;
    void *page = NULL, *again = NULL;

    vhost_bed_start(&bed, &fake_vhost_vp_vdpa);
    ck_assert_int_eq(bed.ops->map_doorbell(bed.backend, 0, &page), 0);
    bed.fake.mmap_error = VHOST_ENOTSUPP;
    ck_assert_int_eq(bed.ops->map_doorbell(bed.backend, 2, &again), -ENOTSUP);
    bed.fake.mmap_error = 0;
    ck_assert_int_eq(bed.ops->map_doorbell(bed.backend, 0, &again), 0);
    ck_assert_ptr_eq(page, again);
    ck_assert_int_eq(bed.ops->map_doorbell(bed.backend, 1, &again), 0);
    vhost_bed_stop(&bed);
}
END_TEST

START_TEST(a_doorbell_that_cannot_be_mapped_is_told)
{
    struct vhost_bed bed;
    void *page = NULL;

    vhost_bed_start(&bed, &fake_vhost_vp_vdpa);
    bed.fake.mmap_error = EINVAL; /* not on a page's boundary */
    ck_assert_int_eq(bed.ops->map_doorbell(bed.backend, 0, &page), -ENOTSUP);
    ck_assert_uint_eq(bed.capture.lines, 0);
    bed.fake.mmap_error = ENOMEM;
    ck_assert_int_eq(bed.ops->map_doorbell(bed.backend, 0, &page), -ENOMEM);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "doorbell of queue 0"));
    ck_assert_int_eq(bed.ops->map_doorbell(bed.backend, 3, &page), -EINVAL);
    vhost_bed_stop(&bed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, bring_up_follows_the_kernels_order);
    tcase_add_test(tcase, no_request_is_unknown_to_a_new_kernel);
    tcase_add_test(tcase, eventfds_and_rings_reach_the_device);
    tcase_add_test(tcase, a_queue_starts_at_its_position);
    tcase_add_test(tcase, a_packed_ring_has_its_own_alignment);
    tcase_add_test(tcase, a_wrong_queue_never_reaches_the_kernel);
    tcase_add_test(tcase, an_eventfd_that_is_none_is_refused);
    tcase_add_test(tcase, features_are_checked_before_the_device_sees_them);
    tcase_add_test(tcase,
                   a_kernel_without_configuration_interrupts_is_accepted);
    tcase_add_test(tcase, configuration_is_written_through);
    tcase_add_test(tcase, a_report_says_what_was_agreed_and_what_is_behind);
    tcase_add_test(tcase, room_is_made_for_pinned_memory);
    tcase_add_test(tcase, queues_have_the_sizes_of_what_was_negotiated);
    tcase_add_test(tcase, a_doorbell_is_mapped_once_for_writing);
    tcase_add_test(tcase, a_device_without_doorbells_says_so_quietly);
    tcase_add_test(tcase, a_queue_without_a_doorbell_leaves_the_others_theirs);
    tcase_add_test(tcase, a_doorbell_that_cannot_be_mapped_is_told);
}

int main(void)
{
    return check_main("vhost_vdpa", add_tests);
}
