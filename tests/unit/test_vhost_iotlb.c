/* SPDX-License-Identifier: BSD-2-Clause */
/* test_vhost_iotlb.c: what the kernel is told of memory, and what it leaves. */
#include "vdpa/vhost_iotlb.h"

#include "tests/support/check_main.h"
#include "tests/support/fake_vhost.h"
#include "tests/support/log_capture.h"
#include "vdpa/vhost_uapi.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define BIT64(bit) (1ULL << (bit))

struct bed {
    struct fake_vhost fake;
    struct log_capture capture;
    struct vhost_device device;
    struct vhost_iotlb iotlb;
    char path[32];
};

static const struct vdpa_mapping low = {0x100000, 0x10000, (void *)0x7000};
static const struct vdpa_mapping high = {0x200000, 0x4000, (void *)0x40000};
static const struct vdpa_mapping both[] = {
    {0x100000, 0x10000, (void *)0x7000},
    {0x200000, 0x4000, (void *)0x40000},
};

/* An owned device of that profile with all its backend features. */
static void start(struct bed *bed, const struct fake_vhost_profile *profile)
{
    const struct vhost_syscalls *syscalls = &bed->fake.syscalls;

    *bed = (struct bed){.path = FAKE_VHOST_PATH};
    fake_vhost_init(&bed->fake, profile);
    log_capture_start(&bed->capture);
    bed->device = (struct vhost_device){
        .syscalls = syscalls,
        .fd = syscalls->open(syscalls->context, bed->path, O_RDWR | O_CLOEXEC),
        .path = bed->path,
    };
    bed->fake.is_owned = true;
    bed->fake.backend_acked = profile->backend_features;
    bed->fake.calls = 0;
    fake_vhost_clear_log(&bed->fake);
    bed->iotlb = (struct vhost_iotlb){
        .device = &bed->device,
        .batches = !profile->is_2020,
        .first_iova = profile->first_iova,
        .last_iova = profile->last_iova,
    };
}

static void stop(struct bed *bed)
{
    vhost_iotlb_destroy(&bed->iotlb);
    fake_vhost_destroy(&bed->fake);
}

static void claim_says(const struct bed *bed, const char *text)
{
    ck_assert_msg(strstr(bed->capture.last, text) != NULL,
                  "\"%s\" does not say \"%s\"", bed->capture.last, text);
}

START_TEST(all_mappings_go_in_one_batch)
{
    struct bed bed;

    start(&bed, &fake_vhost_sim);
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, both, 2), 0);
    ck_assert_str_eq(bed.fake.log, "BATCH_BEGIN UPDATE(0x100000,0x10000) "
                                   "UPDATE(0x200000,0x4000) BATCH_END");
    ck_assert_uint_eq(bed.fake.device_maps.count, 2);
    stop(&bed);
}
END_TEST

START_TEST(a_kernel_without_batches_gets_none)
{
    struct bed bed;

    start(&bed, &fake_vhost_2020);
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, both, 2), 0);
    ck_assert_str_eq(bed.fake.log, "UPDATE(0x100000,0x10000) "
                                   "UPDATE(0x200000,0x4000)");
    ck_assert_uint_eq(bed.fake.device_maps.count, 2);
    stop(&bed);
}
END_TEST

START_TEST(memory_is_mapped_for_reading_and_writing)
{
    struct bed bed;
    const struct fake_vhost_map *map;

    start(&bed, &fake_vhost_vp_vdpa);
    map = bed.fake.device_maps.maps;
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, &low, 1), 0);
    ck_assert_uint_eq(map[0].iova, 0x100000);
    ck_assert_uint_eq(map[0].size, 0x10000);
    ck_assert_uint_eq(map[0].host, 0x7000);
    ck_assert_uint_eq(map[0].perm, VHOST_ACCESS_RW);
    stop(&bed);
}
END_TEST

START_TEST(nothing_to_do_sends_nothing)
{
    struct bed bed;

    start(&bed, &fake_vhost_sim);
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, NULL, 0), 0);
    ck_assert_int_eq(vhost_iotlb_unmap(&bed.iotlb, NULL, 0), 0);
    ck_assert_int_eq(vhost_iotlb_restore(&bed.iotlb), 0);
    ck_assert_str_eq(bed.fake.log, "");
    stop(&bed);
    ck_assert_str_eq(bed.fake.log, "");
}
END_TEST

START_TEST(what_cannot_be_mapped_never_reaches_the_kernel)
{
    struct bed bed;
    struct vdpa_mapping mapping = high;

    start(&bed, &fake_vhost_vp_vdpa);
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, &low, 1), 0);
    fake_vhost_clear_log(&bed.fake);

    mapping.size = 0x1234;
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, &mapping, 1), -EINVAL);
    claim_says(&bed, FAKE_VHOST_PATH);
    claim_says(&bed, "whole pages of 4096 bytes");

    mapping = high;
    mapping.iova = BIT64(39);
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, &mapping, 1), -ERANGE);
    claim_says(&bed, "guest memory at 0x8000000000 to 0x8000003fff");
    claim_says(&bed, "only 0x10000 to 0x7fffffffff; give the guest less");
    mapping.iova = 0xf000;
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, &mapping, 1), -ERANGE);
    claim_says(&bed, "only 0x10000 to 0x7fffffffff; no guest can use it");

    mapping = high;
    mapping.iova = low.iova + low.size - 0x1000;
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, &mapping, 1), -EEXIST);
    claim_says(&bed, "overlaps the 64 KiB mapped at 0x100000");

    ck_assert_str_eq(bed.fake.log, "");
    stop(&bed);
}
END_TEST

START_TEST(the_last_page_of_all_can_be_mapped)
{
    struct bed bed;
    struct vdpa_mapping mapping = {~0xfffULL, 0x1000, (void *)0x7000};

    start(&bed, &fake_vhost_sim);
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, &mapping, 1), 0);
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, &low, 1), 0);
    mapping.size = 0x2000;
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, &mapping, 1), -ERANGE);
    stop(&bed);
}
END_TEST

START_TEST(many_mappings_are_kept)
{
    struct bed bed;
    struct vdpa_mapping mapping = low;

    start(&bed, &fake_vhost_sim);
    for (unsigned i = 0; i < 32; i++) {
        ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, &mapping, 1), 0);
        mapping.iova += 0x1000000;
    }
    ck_assert_uint_eq(bed.iotlb.count, 32);
    ck_assert_uint_eq(bed.fake.device_maps.count, 32);
    stop(&bed);
}
END_TEST

/* Messages 1 to 4: begin, update, update, end. */
START_TEST(a_refused_mapping_leaves_nothing_behind)
{
    struct bed bed;

    start(&bed, &fake_vhost_sim);
    bed.fake.fail_at = (unsigned)_i;
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, both, 2), -EFAULT);
    ck_assert_uint_eq(bed.iotlb.count, 0);
    ck_assert_uint_eq(bed.fake.maps.count, 0);
    ck_assert_uint_eq(bed.fake.device_maps.count, 0);
    ck_assert(!bed.fake.in_batch);
    ck_assert_uint_eq(bed.capture.lines, 1);
    bed.fake.fail_at = 0;
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, both, 2), 0);
    stop(&bed);
}
END_TEST

START_TEST(a_batch_ends_also_after_a_refused_mapping)
{
    struct bed bed;

    start(&bed, &fake_vhost_sim);
    bed.fake.fail_at = 3;
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, both, 2), -EFAULT);
    ck_assert_str_eq(bed.fake.log,
                     "BATCH_BEGIN UPDATE(0x100000,0x10000) "
                     "UPDATE(0x200000,0x4000) INVALIDATE(0x100000,0x10000) "
                     "BATCH_END");
    stop(&bed);
}
END_TEST

START_TEST(a_pinning_limit_is_named_with_both_figures)
{
    struct bed bed;
    const struct vdpa_mapping ram = {0x100000, 64 * MIB, (void *)0x7000};

    start(&bed, &fake_vhost_vp_vdpa);
    bed.device.parent.pinning = VHOST_PINNING_ALWAYS;
    bed.fake.memlock.rlim_cur = 8 * MIB;
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, &ram, 1), -ENOMEM);
    ck_assert_int_eq(bed.fake.write_error, 0); /* of BATCH_END */
    ck_assert_uint_eq(bed.capture.lines, 1);
    claim_says(&bed, "65536 KiB needed");
    claim_says(&bed, "allows 8192 KiB");
    claim_says(&bed, "ulimit -l unlimited");
    stop(&bed);
}
END_TEST

START_TEST(a_pinning_limit_is_suspected_of_an_unknown_device)
{
    struct bed bed;
    const struct vdpa_mapping ram = {0x100000, 64 * MIB, (void *)0x7000};

    start(&bed, &fake_vhost_vp_vdpa);
    bed.fake.memlock.rlim_cur = 8 * MIB;
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, &ram, 1), -ENOMEM);
    claim_says(&bed, "probably pins");
    stop(&bed);
}
END_TEST

START_TEST(a_refusal_without_reason_names_the_possible_ones)
{
    struct bed bed;

    start(&bed, &fake_vhost_vp_vdpa);
    bed.fake.owner_is_other = true;
    bed.iotlb.batches = false;
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, &low, 1), -EFAULT);
    ck_assert_int_eq(bed.fake.write_error, EPERM);
    claim_says(&bed, "64 KiB at 0x100000");
    claim_says(&bed, "not the one that opened the device");
    claim_says(&bed, "max_iotlb_entries");
    claim_says(&bed, "huge pages");
    stop(&bed);
}
END_TEST

START_TEST(exactly_the_mapped_ranges_are_taken_back)
{
    struct bed bed;

    start(&bed, &fake_vhost_vp_vdpa);
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, both, 2), 0);
    fake_vhost_clear_log(&bed.fake);
    ck_assert_int_eq(vhost_iotlb_unmap(&bed.iotlb, &high, 1), 0);
    ck_assert_str_eq(bed.fake.log,
                     "BATCH_BEGIN INVALIDATE(0x200000,0x4000) BATCH_END");
    ck_assert_uint_eq(bed.iotlb.count, 1);
    ck_assert_uint_eq(bed.fake.device_maps.count, 1);
    stop(&bed);
    ck_assert_uint_eq(bed.fake.maps.count, 0);
    ck_assert_uint_eq(bed.fake.pinned, 0);
}
END_TEST

START_TEST(what_is_not_mapped_is_not_taken_back)
{
    struct bed bed;
    struct vdpa_mapping part = low;

    start(&bed, &fake_vhost_sim);
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, &low, 1), 0);
    fake_vhost_clear_log(&bed.fake);
    part.size /= 2;
    ck_assert_int_eq(vhost_iotlb_unmap(&bed.iotlb, &part, 1), -ENOENT);
    claim_says(&bed, "not mapped");
    ck_assert_str_eq(bed.fake.log, "");
    stop(&bed);
}
END_TEST

/* Messages 1 to 4: begin, invalidate, invalidate, end. */
START_TEST(a_failed_unmap_is_reported_and_tried_again_at_the_end)
{
    struct bed bed;

    start(&bed, &fake_vhost_vp_vdpa);
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, both, 2), 0);
    bed.fake.fail_at = bed.fake.calls + (unsigned)_i;
    ck_assert_int_eq(vhost_iotlb_unmap(&bed.iotlb, both, 2), -EFAULT);
    ck_assert(!bed.fake.in_batch || _i == 4);
    stop(&bed);
    ck_assert_uint_eq(bed.fake.maps.count, 0);
}
END_TEST

START_TEST(restoring_replaces_each_mapping_in_one_batch)
{
    struct bed bed;

    start(&bed, &fake_vhost_sim_forgets);
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, both, 2), 0);
    fake_vhost_reset(&bed.fake);
    ck_assert_uint_eq(bed.fake.device_maps.count, 0);
    fake_vhost_clear_log(&bed.fake);
    ck_assert_int_eq(vhost_iotlb_restore(&bed.iotlb), 0);
    ck_assert_str_eq(
        bed.fake.log,
        "BATCH_BEGIN INVALIDATE(0x100000,0x10000) INVALIDATE(0x200000,0x4000) "
        "UPDATE(0x100000,0x10000) UPDATE(0x200000,0x4000) BATCH_END");
    ck_assert_uint_eq(bed.fake.device_maps.count, 2);
    stop(&bed);
}
END_TEST

/* Messages 1 to 6: begin, 2 invalidate, 2 update, end. */
START_TEST(a_failed_restore_is_reported_and_works_the_next_time)
{
    struct bed bed;

    start(&bed, &fake_vhost_sim_forgets);
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, both, 2), 0);
    fake_vhost_reset(&bed.fake);
    bed.fake.fail_at = bed.fake.calls + (unsigned)_i;
    ck_assert_int_eq(vhost_iotlb_restore(&bed.iotlb), -EFAULT);
    ck_assert_int_eq(vhost_iotlb_restore(&bed.iotlb), 0);
    ck_assert(!bed.fake.in_batch);
    ck_assert_uint_eq(bed.fake.device_maps.count, 2);
    stop(&bed);
}
END_TEST

START_TEST(destroying_takes_all_memory_from_the_device)
{
    struct bed bed;

    start(&bed, &fake_vhost_vduse);
    ck_assert_int_eq(vhost_iotlb_map(&bed.iotlb, both, 2), 0);
    stop(&bed);
    ck_assert_uint_eq(bed.fake.device_maps.count, 0);
    ck_assert_uint_eq(bed.fake.maps.count, 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, all_mappings_go_in_one_batch);
    tcase_add_test(tcase, a_kernel_without_batches_gets_none);
    tcase_add_test(tcase, memory_is_mapped_for_reading_and_writing);
    tcase_add_test(tcase, nothing_to_do_sends_nothing);
    tcase_add_test(tcase, what_cannot_be_mapped_never_reaches_the_kernel);
    tcase_add_test(tcase, the_last_page_of_all_can_be_mapped);
    tcase_add_test(tcase, many_mappings_are_kept);
    tcase_add_loop_test(tcase, a_refused_mapping_leaves_nothing_behind, 1, 5);
    tcase_add_test(tcase, a_batch_ends_also_after_a_refused_mapping);
    tcase_add_test(tcase, a_pinning_limit_is_named_with_both_figures);
    tcase_add_test(tcase, a_pinning_limit_is_suspected_of_an_unknown_device);
    tcase_add_test(tcase, a_refusal_without_reason_names_the_possible_ones);
    tcase_add_test(tcase, exactly_the_mapped_ranges_are_taken_back);
    tcase_add_test(tcase, what_is_not_mapped_is_not_taken_back);
    tcase_add_loop_test(
        tcase, a_failed_unmap_is_reported_and_tried_again_at_the_end, 1, 5);
    tcase_add_test(tcase, restoring_replaces_each_mapping_in_one_batch);
    tcase_add_loop_test(
        tcase, a_failed_restore_is_reported_and_works_the_next_time, 1, 7);
    tcase_add_test(tcase, destroying_takes_all_memory_from_the_device);
}

int main(void)
{
    return check_main("vhost_iotlb", add_tests);
}
