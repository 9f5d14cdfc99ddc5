/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtqueue_broken.c: rings that no driver may make, and odd ones that
 * it may.
 */
#include "tests/support/check_main.h"
#include "tests/support/queue_bed.h"
#include "vmm/bytes.h"

#include <endian.h>
#include <errno.h>
#include <linux/virtio_ring.h>
#include <string.h>

#define SIZE     16
#define INDIRECT VRING_DESC_F_INDIRECT
#define NEXT     VRING_DESC_F_NEXT
#define WRITE    VRING_DESC_F_WRITE
/* Where indirect tables are. */
#define TABLE (QUEUE_BED_DATA + 0x1000)

static struct queue_bed bed;
static bool is_packed;

/* A split (0) or packed (1) ring that takes indirect tables. */
static void open_bed(int packed)
{
    is_packed = packed;
    queue_bed_open(&bed, queue_bed_setup(packed | 4, SIZE));
}

/* Writes a descriptor; `last` is the next one's index (split) or the buffer's
 * id (packed). */
static void put_at(uint8_t *at, uint64_t iova, uint32_t length, unsigned flags,
                   uint16_t last)
{
    store_le64(at, iova);
    store_le32(at + 8, length);
    store_le16(at + (is_packed ? 12 : 14), last);
    store_le16(at + (is_packed ? 14 : 12), (uint16_t)flags);
}

/* In the ring, where a packed one is available by its flags. */
static void put(uint16_t slot, uint64_t iova, uint32_t length, unsigned flags,
                uint16_t last)
{
    unsigned available = is_packed ? 1U << VRING_PACKED_DESC_F_AVAIL : 0;

    put_at(driver_ring_descriptor(&bed.driver, slot), iova, length,
           flags | available, last);
}

/* In the indirect table. */
static void put_inside(uint16_t index, uint64_t iova, uint32_t length,
                       unsigned flags, uint16_t last)
{
    uint8_t bytes[16];

    put_at(bytes, iova, length, flags, last);
    /* The table may lie on the seam of two mappings. */
    for (unsigned i = 0; i < sizeof(bytes); i++)
        *queue_bed_at(&bed, TABLE + 16 * (uint64_t)index + i) = bytes[i];
}

/* Makes the chain that starts in slot 0 available. */
static void publish(void)
{
    if (is_packed)
        return;
    store_le16(bed.driver.driver + 4, 0);
    store_le16(bed.driver.driver + 2, 1);
}

/* Claims that the queue breaks, for that reason, and then does nothing. */
static void check_broken(const char *fault)
{
    const struct virtqueue_buffer buffer = {.num_descriptors = 1};
    uint8_t before[64];

    ck_assert(!virtqueue_take(&bed.queue, &bed.chain));
    ck_assert(bed.queue.is_broken);
    ck_assert_str_eq(bed.queue.fault, fault);

    memcpy(before, bed.driver.device, sizeof(before));
    virtqueue_return(&bed.queue, &buffer, 1);
    virtqueue_put_back(&bed.queue, &buffer, 1);
    ck_assert(!virtqueue_take(&bed.queue, &bed.chain));
    ck_assert(!virtqueue_should_signal(&bed.queue));
    ck_assert(!virtqueue_want_kicks(&bed.queue, true));
    ck_assert(!virtqueue_want_kicks(&bed.queue, false));
    ck_assert_int_eq(virtqueue_remap(&bed.queue), -EFAULT);
    virtqueue_break(&bed.queue, "another");
    ck_assert_str_eq(bed.queue.fault, fault);
    ck_assert_mem_eq(before, bed.driver.device, sizeof(before));
    queue_bed_close(&bed);
}

/* ---- Descriptors ---- */

START_TEST(zero_length_breaks)
{
    open_bed(_i);
    put(0, QUEUE_BED_DATA, 0, 0, 0);
    publish();
    check_broken("a descriptor of zero length");
}
END_TEST

START_TEST(readable_after_writable_breaks)
{
    open_bed(_i);
    put(0, QUEUE_BED_DATA, 1, WRITE | NEXT, 1);
    put(1, QUEUE_BED_DATA, 1, 0, 0);
    publish();
    check_broken("a readable descriptor behind a writable one");
}
END_TEST

START_TEST(buffer_outside_memory_breaks)
{
    static const struct {
        uint64_t iova;
        uint32_t length;
    } buffers[] = {
        {0, 1},
        {QUEUE_BED_DATA - 1, 1},
        {QUEUE_BED_DATA - 1, 2},
        {QUEUE_BED_DATA + QUEUE_BED_DATA_SIZE - 1, 2},
        {QUEUE_BED_DATA, UINT32_MAX},
        {UINT64_MAX, 1},
        {UINT64_MAX, 2},
        {UINT64_MAX - UINT32_MAX + 1, UINT32_MAX},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(buffers); i++) {
        open_bed(_i);
        put(0, buffers[i].iova, buffers[i].length, 0, 0);
        publish();
        check_broken("a buffer outside the memory of the device");
    }
}
END_TEST

START_TEST(more_pieces_than_a_chain_has_break)
{
    const uint16_t size = VIRTQUEUE_MAX_PIECES;

    is_packed = _i;
    queue_bed_open(&bed, queue_bed_setup(_i, size));
    for (uint16_t i = 0; i < size; i++)
        put(i, QUEUE_BED_DATA, 1, i == size - 1 ? 0 : NEXT, (uint16_t)(i + 1));
    /* The last one in two pieces. */
    put((uint16_t)(size - 1), QUEUE_BED_SEAM - 1, 2, 0, 0);
    publish();
    check_broken("a chain of too many pieces");
}
END_TEST

/* ---- Split: indices ---- */

START_TEST(split_head_outside_the_table_breaks)
{
    open_bed(0);
    publish();
    store_le16(bed.driver.driver + 4, SIZE);
    check_broken("a descriptor index outside its table");
}
END_TEST

START_TEST(split_next_outside_the_table_breaks)
{
    open_bed(0);
    put(0, QUEUE_BED_DATA, 1, NEXT, SIZE);
    publish();
    check_broken("a descriptor index outside its table");
}
END_TEST

START_TEST(split_loop_breaks)
{
    for (uint16_t length = 1; length <= SIZE; length++) {
        open_bed(0);
        for (uint16_t i = 0; i < length; i++)
            put(i, QUEUE_BED_DATA, 1, NEXT, (uint16_t)((i + 1) % length));
        publish();
        check_broken("a descriptor chain that loops");
    }
}
END_TEST

START_TEST(split_index_too_far_ahead_breaks)
{
    open_bed(0);
    store_le16(bed.driver.driver + 2, SIZE + 1);
    check_broken("an available index beyond its ring");
    /* Less, but the device has some already. */
    open_bed(0);
    queue_bed_add(&bed, 0);
    queue_bed_take(&bed);
    store_le16(bed.driver.driver + 2, SIZE + 1);
    check_broken("an available index beyond its ring");
}
END_TEST

START_TEST(split_index_that_goes_back_breaks)
{
    open_bed(0);
    queue_bed_add(&bed, 0);
    queue_bed_add(&bed, 1);
    queue_bed_take(&bed);
    queue_bed_take(&bed);
    store_le16(bed.driver.driver + 2, 1);
    check_broken("an available index beyond its ring");
}
END_TEST

/* ---- Packed: slots ---- */

START_TEST(packed_chain_around_the_ring_breaks)
{
    open_bed(1);
    for (uint16_t i = 0; i < SIZE; i++)
        put(i, QUEUE_BED_DATA, 1, NEXT, 0);
    check_broken("a descriptor chain longer than its ring");
}
END_TEST

START_TEST(packed_chain_into_what_was_taken_breaks)
{
    open_bed(1);
    put(0, QUEUE_BED_DATA, 1, 0, 0);
    queue_bed_take(&bed);
    put(0, QUEUE_BED_DATA, 1, NEXT, 0);
    for (uint16_t i = 1; i < SIZE; i++)
        put(i, QUEUE_BED_DATA, 1, NEXT, 0);
    check_broken("a descriptor chain longer than its ring");
}
END_TEST

START_TEST(packed_slot_available_twice_breaks)
{
    open_bed(1);
    for (uint16_t i = 0; i < SIZE; i++)
        put(i, QUEUE_BED_DATA, 1, 0, i);
    for (uint16_t i = 0; i < SIZE; i++)
        queue_bed_take(&bed);
    /* As if the device had returned it and the driver added it again. */
    store_le16((uint8_t *)driver_ring_descriptor(&bed.driver, 0) + 14,
               1U << VRING_PACKED_DESC_F_USED);
    check_broken("a descriptor chain longer than its ring");
}
END_TEST

/* ---- Indirect tables ---- */

START_TEST(indirect_that_was_not_negotiated_breaks)
{
    is_packed = _i;
    queue_bed_open(&bed, queue_bed_setup(_i, SIZE));
    put(0, TABLE, 16, INDIRECT, 0);
    put_inside(0, QUEUE_BED_DATA, 1, 0, 0);
    publish();
    check_broken("an indirect descriptor that was not negotiated");
}
END_TEST

START_TEST(indirect_with_a_next_one_breaks)
{
    open_bed(_i);
    put(0, TABLE, 16, INDIRECT | NEXT, 1);
    put(1, QUEUE_BED_DATA, 1, 0, 0);
    put_inside(0, QUEUE_BED_DATA, 1, 0, 0);
    publish();
    check_broken("an indirect descriptor that has a next one");
}
END_TEST

START_TEST(table_of_an_impossible_size_breaks)
{
    static const uint32_t sizes[] = {0, 1, 15, 17, UINT32_MAX};

    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        open_bed(_i);
        put(0, TABLE, sizes[i], INDIRECT, 0);
        publish();
        check_broken("an indirect table of an impossible size");
    }
}
END_TEST

START_TEST(table_outside_memory_breaks)
{
    static const uint64_t iovas[] = {
        0,
        QUEUE_BED_DATA - 16,
        QUEUE_BED_DATA - 1,
        QUEUE_BED_DATA + QUEUE_BED_DATA_SIZE - 16,
        UINT64_MAX - 15,
        UINT64_MAX,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(iovas); i++) {
        open_bed(_i);
        put(0, iovas[i], 32, INDIRECT, 0);
        publish();
        check_broken("an indirect table outside the memory of the device");
    }
}
END_TEST

START_TEST(bad_descriptor_in_a_table_breaks)
{
    open_bed(_i);
    put(0, TABLE, 32, INDIRECT, 0);
    put_inside(0, QUEUE_BED_DATA, 1, NEXT, 1);
    put_inside(1, QUEUE_BED_DATA, 0, 0, 0);
    publish();
    check_broken("a descriptor of zero length");
}
END_TEST

START_TEST(table_of_too_many_pieces_breaks)
{
    const uint16_t count = VIRTQUEUE_MAX_PIECES + 1;

    open_bed(_i);
    put(0, TABLE, 16U * count, INDIRECT, 0);
    for (uint16_t i = 0; i < count; i++)
        put_inside(i, QUEUE_BED_DATA, 1, NEXT, (uint16_t)(i + 1));
    publish();
    check_broken("a chain of too many pieces");
}
END_TEST

START_TEST(split_table_in_a_table_breaks)
{
    open_bed(0);
    put(0, TABLE, 16, INDIRECT, 0);
    put_inside(0, TABLE, 16, INDIRECT, 0);
    publish();
    check_broken("an indirect table inside an indirect table");
}
END_TEST

START_TEST(split_loop_in_a_table_breaks)
{
    open_bed(0);
    put(0, TABLE, 48, INDIRECT, 0);
    for (uint16_t i = 0; i < 3; i++)
        put_inside(i, QUEUE_BED_DATA, 1, NEXT, (uint16_t)((i + 1) % 3));
    publish();
    check_broken("a descriptor chain that loops");
}
END_TEST

START_TEST(split_next_outside_an_indirect_table_breaks)
{
    open_bed(0);
    put(0, TABLE, 32, INDIRECT, 0);
    put_inside(0, QUEUE_BED_DATA, 1, NEXT, 2);
    publish();
    check_broken("a descriptor index outside its table");
}
END_TEST

START_TEST(packed_indirect_behind_direct_breaks)
{
    open_bed(1);
    put(0, QUEUE_BED_DATA, 1, NEXT, 0);
    put(1, TABLE, 16, INDIRECT, 0);
    put_inside(0, QUEUE_BED_DATA, 1, 0, 0);
    check_broken("an indirect descriptor in a chain of direct ones");
}
END_TEST

/* ---- Odd, but allowed ---- */

START_TEST(split_indirect_may_follow_direct)
{
    open_bed(0); /* 2.7.5.3.2 */
    put(0, QUEUE_BED_DATA, 1, NEXT, 3);
    put(3, TABLE, 32, INDIRECT | WRITE, 0);
    put_inside(0, QUEUE_BED_DATA + 1, 2, NEXT, 1);
    put_inside(1, QUEUE_BED_DATA + 3, 4, WRITE, 0);
    publish();
    queue_bed_take(&bed);
    ck_assert_uint_eq(bed.chain.readable_size, 3);
    ck_assert_uint_eq(bed.chain.writable_size, 4);
    queue_bed_close(&bed);
}
END_TEST

START_TEST(packed_table_ignores_all_flags_but_write)
{
    open_bed(1); /* 2.8.7 */
    put(0, TABLE, 32, INDIRECT | WRITE, 7);
    put_inside(0, QUEUE_BED_DATA, 2, 0xffff & ~WRITE, 5);
    put_inside(1, QUEUE_BED_DATA, 4, 0xffff, 6);
    ck_assert_uint_eq(queue_bed_take(&bed).id, 7);
    ck_assert_uint_eq(bed.chain.readable_size, 2);
    ck_assert_uint_eq(bed.chain.writable_size, 4);
    queue_bed_close(&bed);
}
END_TEST

START_TEST(packed_id_is_the_last_ones)
{
    open_bed(1); /* 2.8.6 */
    put(0, QUEUE_BED_DATA, 1, NEXT, 1);
    put(1, QUEUE_BED_DATA, 1, NEXT, 2);
    put(2, QUEUE_BED_DATA, 1, 0, 0xfffe);
    ck_assert_uint_eq(queue_bed_take(&bed).id, 0xfffe);
    ck_assert_uint_eq(bed.chain.buffer.num_descriptors, 3);
    queue_bed_close(&bed);
}
END_TEST

/* A table need not be aligned, nor lie in one mapping. */
START_TEST(table_over_a_seam_is_read)
{
    const uint64_t iova = QUEUE_BED_SEAM - 24;

    open_bed(_i);
    put(0, iova, 48, INDIRECT, 0);
    for (uint16_t i = 0; i < 3; i++) {
        uint8_t bytes[16];

        put_at(bytes, QUEUE_BED_DATA + i, i + 1U, i == 2 ? 0 : NEXT,
               (uint16_t)(i + 1));
        for (unsigned k = 0; k < sizeof(bytes); k++)
            *queue_bed_at(&bed, iova + 16ULL * i + k) = bytes[k];
    }
    publish();
    queue_bed_take(&bed);
    ck_assert_uint_eq(bed.chain.num_readable, 3);
    ck_assert_uint_eq(bed.chain.readable_size, 6);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_ptr_eq(bed.chain.pieces[i].iov_base,
                         queue_bed_at(&bed, QUEUE_BED_DATA + i));
    queue_bed_close(&bed);
}
END_TEST

static void add_split_tests(TCase *tcase)
{
    tcase_add_test(tcase, split_head_outside_the_table_breaks);
    tcase_add_test(tcase, split_next_outside_the_table_breaks);
    tcase_add_test(tcase, split_loop_breaks);
    tcase_add_test(tcase, split_index_too_far_ahead_breaks);
    tcase_add_test(tcase, split_index_that_goes_back_breaks);
    tcase_add_test(tcase, split_table_in_a_table_breaks);
    tcase_add_test(tcase, split_loop_in_a_table_breaks);
    tcase_add_test(tcase, split_next_outside_an_indirect_table_breaks);
    tcase_add_test(tcase, split_indirect_may_follow_direct);
}

static void add_packed_tests(TCase *tcase)
{
    tcase_add_test(tcase, packed_chain_around_the_ring_breaks);
    tcase_add_test(tcase, packed_chain_into_what_was_taken_breaks);
    tcase_add_test(tcase, packed_slot_available_twice_breaks);
    tcase_add_test(tcase, packed_indirect_behind_direct_breaks);
    tcase_add_test(tcase, packed_table_ignores_all_flags_but_write);
    tcase_add_test(tcase, packed_id_is_the_last_ones);
}

static void add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, zero_length_breaks, 0, 2);
    tcase_add_loop_test(tcase, readable_after_writable_breaks, 0, 2);
    tcase_add_loop_test(tcase, buffer_outside_memory_breaks, 0, 2);
    tcase_add_loop_test(tcase, more_pieces_than_a_chain_has_break, 0, 2);
    tcase_add_loop_test(tcase, indirect_that_was_not_negotiated_breaks, 0, 2);
    tcase_add_loop_test(tcase, indirect_with_a_next_one_breaks, 0, 2);
    tcase_add_loop_test(tcase, table_of_an_impossible_size_breaks, 0, 2);
    tcase_add_loop_test(tcase, table_outside_memory_breaks, 0, 2);
    tcase_add_loop_test(tcase, bad_descriptor_in_a_table_breaks, 0, 2);
    tcase_add_loop_test(tcase, table_of_too_many_pieces_breaks, 0, 2);
    tcase_add_loop_test(tcase, table_over_a_seam_is_read, 0, 2);
    add_split_tests(tcase);
    add_packed_tests(tcase);
}

int main(void)
{
    return check_main("virtqueue_broken", add_tests);
}
