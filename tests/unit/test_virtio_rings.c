/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtio_rings.c: where the three parts of a virtqueue may lie.
 */
#include "devices/virtio_rings.h"
#include "tests/support/check_main.h"
#include "vmm/bytes.h"

#define LOW_SIZE  (64 * KIB)
#define HIGH_GPA  (4 * GIB)
#define HIGH_SIZE (64 * KIB)

static struct guest_memory memory;

static void setup(void)
{
    const struct guest_memory_range ranges[] = {
        {.gpa = 0, .size = LOW_SIZE},
        {.gpa = HIGH_GPA, .size = HIGH_SIZE},
    };

    ck_assert_int_eq(guest_memory_init(&memory, ranges, 2, 0), 0);
}

static void teardown(void)
{
    guest_memory_destroy(&memory);
}

static const char *split_fault(uint16_t size, uint64_t desc_gpa,
                               uint64_t driver_gpa, uint64_t device_gpa)
{
    return virtio_rings_fault(&memory, false, size, desc_gpa, driver_gpa,
                              device_gpa);
}

static const char *packed_fault(uint16_t size, uint64_t desc_gpa,
                                uint64_t driver_gpa, uint64_t device_gpa)
{
    return virtio_rings_fault(&memory, true, size, desc_gpa, driver_gpa,
                              device_gpa);
}

#define MISALIGNED "a misaligned address"
#define OUTSIDE    "a ring outside guest memory"

START_TEST(split_ring_may_fill_memory_to_the_last_byte)
{
    /* 2.7: 16 bytes a descriptor, 6 + 2 a driver entry, 6 + 8 a device one. */
    ck_assert_ptr_null(
        split_fault(256, LOW_SIZE - UINT64_C(16) * 256, 0, 4096));
    ck_assert_ptr_null(
        split_fault(256, 0, LOW_SIZE - (6 + UINT64_C(2) * 256), 8192));
    ck_assert_ptr_null(split_fault(
        256, 0, 4096, align_down(LOW_SIZE - (6 + UINT64_C(8) * 256), 4)));
    ck_assert_ptr_null(split_fault(1, LOW_SIZE - 16, 0, 4));
}
END_TEST

START_TEST(split_ring_may_not_leave_memory)
{
    ck_assert_str_eq(split_fault(256, LOW_SIZE - UINT64_C(16) * 255, 0, 4096),
                     OUTSIDE);
    ck_assert_str_eq(
        split_fault(256, 0, LOW_SIZE - (4 + UINT64_C(2) * 256), 8192), OUTSIDE);
    ck_assert_str_eq(
        split_fault(256, 0, 4096, LOW_SIZE - (4 + UINT64_C(8) * 256)), OUTSIDE);
    ck_assert_str_eq(split_fault(256, LOW_SIZE, 0, 4096), OUTSIDE);
    ck_assert_str_eq(split_fault(1, UINT64_MAX - 15, 0, 4096), OUTSIDE);
    ck_assert_str_eq(split_fault(1, 0, UINT64_MAX - 1, 4096), OUTSIDE);
    ck_assert_str_eq(split_fault(1, 0, 4096, UINT64_MAX - 3), OUTSIDE);
}
END_TEST

START_TEST(parts_may_lie_in_different_regions)
{
    ck_assert_ptr_null(split_fault(64, HIGH_GPA, 0, HIGH_GPA + 4096));
    ck_assert_str_eq(split_fault(64, HIGH_GPA - 16, 0, 4096), OUTSIDE);
    ck_assert_str_eq(split_fault(64, GIB, 0, 4096), OUTSIDE);
}
END_TEST

START_TEST(largest_ring_is_measured_in_full)
{
    /* 32768 descriptors are 512 KiB. */
    ck_assert_str_eq(split_fault(32768, 0, 0, 0), OUTSIDE);
    ck_assert_str_eq(packed_fault(32768, 0, 0, 0), OUTSIDE);
}
END_TEST

START_TEST(ring_has_descriptors)
{
    ck_assert_str_eq(split_fault(0, 0, 4096, 8192), "no descriptors");
    ck_assert_str_eq(packed_fault(0, 0, 4096, 8192), "no descriptors");
}
END_TEST

START_TEST(split_parts_have_their_own_alignment)
{
    for (unsigned low = 1; low < 16; low++) {
        const char *driver = split_fault(16, 0, 4096 + low, 8192);
        const char *device = split_fault(16, 0, 4096, 8192 + low);

        ck_assert_str_eq(split_fault(16, low, 4096, 8192), MISALIGNED);
        if (low % 2)
            ck_assert_str_eq(driver, MISALIGNED);
        else
            ck_assert_ptr_null(driver);
        if (low % 4)
            ck_assert_str_eq(device, MISALIGNED);
        else
            ck_assert_ptr_null(device);
    }
}
END_TEST

START_TEST(packed_parts_have_their_own_alignment)
{
    for (unsigned low = 1; low < 16; low++) {
        const char *driver = packed_fault(16, 0, 4096 + low, 8192);
        const char *device = packed_fault(16, 0, 4096, 8192 + low);

        ck_assert_str_eq(packed_fault(16, low, 4096, 8192), MISALIGNED);
        if (low % 4) {
            ck_assert_str_eq(driver, MISALIGNED);
            ck_assert_str_eq(device, MISALIGNED);
        } else {
            ck_assert_ptr_null(driver);
            ck_assert_ptr_null(device);
        }
    }
}
END_TEST

START_TEST(packed_ring_needs_little_beside_its_descriptors)
{
    /* 2.8: 4 bytes of event suppression each; any size, not powers of two. */
    ck_assert_ptr_null(packed_fault(255, 0, LOW_SIZE - 4, LOW_SIZE - 8));
    ck_assert_ptr_null(packed_fault(255, LOW_SIZE - UINT64_C(16) * 255, 0, 4));
    ck_assert_str_eq(packed_fault(256, LOW_SIZE - UINT64_C(16) * 255, 0, 4),
                     OUTSIDE);
    ck_assert_str_eq(packed_fault(16, 0, LOW_SIZE, 4), OUTSIDE);
    ck_assert_str_eq(packed_fault(16, 0, 4, LOW_SIZE), OUTSIDE);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, split_ring_may_fill_memory_to_the_last_byte);
    tcase_add_test(tcase, split_ring_may_not_leave_memory);
    tcase_add_test(tcase, parts_may_lie_in_different_regions);
    tcase_add_test(tcase, largest_ring_is_measured_in_full);
    tcase_add_test(tcase, ring_has_descriptors);
    tcase_add_test(tcase, split_parts_have_their_own_alignment);
    tcase_add_test(tcase, packed_parts_have_their_own_alignment);
    tcase_add_test(tcase, packed_ring_needs_little_beside_its_descriptors);
}

int main(void)
{
    return check_main("virtio_rings", add_tests);
}
