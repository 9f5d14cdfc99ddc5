/* SPDX-License-Identifier: BSD-2-Clause */
/* test_virtqueue_setup.c: where and how a virtqueue cannot be. */
#include "tests/support/check_main.h"
#include "tests/support/queue_bed.h"

#include <errno.h>

#define SIZE 16

static struct queue_bed bed;

/* A split (0) or packed (1) ring. */
static void open_bed(int packed)
{
    queue_bed_open(&bed, queue_bed_setup(packed, SIZE));
}

static void check_refused(struct vdpa_queue setup, uint32_t position,
                          const char *fault)
{
    uint64_t features = driver_ring_features(&bed.driver);

    ck_assert_int_eq(
        virtqueue_init(&bed.queue, &setup, features, position, &bed.map),
        -EINVAL);
    ck_assert(bed.queue.is_broken);
    ck_assert_str_eq(bed.queue.fault, fault);
    ck_assert(!virtqueue_take(&bed.queue, &bed.chain));
}

START_TEST(misaligned_ring_is_refused)
{
    struct vdpa_queue good, bad;
    uint32_t start;

    open_bed(_i);
    start = _i ? VIRTQUEUE_PACKED_START : VIRTQUEUE_SPLIT_START;
    good = driver_ring_queue(&bed.driver);
    bad = good;
    bad.desc_iova += 8;
    check_refused(bad, start, "a misaligned address");
    bad = good;
    bad.driver_iova += _i ? 2 : 1;
    check_refused(bad, start, "a misaligned address");
    bad = good;
    bad.device_iova += 2;
    check_refused(bad, start, "a misaligned address");
    queue_bed_close(&bed);
}
END_TEST

START_TEST(ring_outside_memory_is_refused)
{
    struct vdpa_queue good, bad;
    uint32_t start;

    open_bed(_i);
    start = _i ? VIRTQUEUE_PACKED_START : VIRTQUEUE_SPLIT_START;
    good = driver_ring_queue(&bed.driver);
    bad = good;
    bad.desc_iova = 0;
    check_refused(bad, start, "a ring outside the memory of the device");
    bad = good;
    bad.driver_iova = QUEUE_BED_DATA + QUEUE_BED_DATA_SIZE;
    check_refused(bad, start, "a ring outside the memory of the device");
    bad = good;
    bad.device_iova = UINT64_MAX - 3;
    check_refused(bad, start, "a ring outside the memory of the device");
    /* Its first byte alone inside. */
    bad = good;
    bad.desc_iova = QUEUE_BED_DATA + QUEUE_BED_DATA_SIZE - 16;
    check_refused(bad, start, "a ring outside the memory of the device");
    queue_bed_close(&bed);
}
END_TEST

START_TEST(size_that_is_no_power_of_two_is_refused)
{
    struct vdpa_queue setup;

    open_bed(_i);
    setup = driver_ring_queue(&bed.driver);
    setup.size = 0;
    check_refused(setup, VIRTQUEUE_PACKED_START,
                  "a size that is no power of two");
    setup.size = 12;
    check_refused(setup, VIRTQUEUE_PACKED_START,
                  "a size that is no power of two");
    queue_bed_close(&bed);
}
END_TEST

START_TEST(packed_position_outside_the_ring_is_refused)
{
    open_bed(1);
    check_refused(driver_ring_queue(&bed.driver), SIZE << 16 | SIZE,
                  "a position outside the ring");
    queue_bed_close(&bed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, misaligned_ring_is_refused, 0, 2);
    tcase_add_loop_test(tcase, ring_outside_memory_is_refused, 0, 2);
    tcase_add_loop_test(tcase, size_that_is_no_power_of_two_is_refused, 0, 2);
    tcase_add_test(tcase, packed_position_outside_the_ring_is_refused);
}

int main(void)
{
    return check_main("virtqueue_setup", add_tests);
}
