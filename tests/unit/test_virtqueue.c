/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtqueue.c: buffers go from the driver to the device and back.
 *
 * Each claim is made of split and packed rings, with and without event index
 * and indirect tables.
 */
#include "tests/support/check_main.h"
#include "tests/support/queue_bed.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 16

static struct queue_bed bed;

static void open_bed(int variation, uint16_t size)
{
    queue_bed_open(&bed, queue_bed_setup(variation, size));
}

START_TEST(empty_queue_has_nothing_to_take)
{
    open_bed(_i, SIZE);
    ck_assert(!virtqueue_take(&bed.queue, &bed.chain));
    ck_assert(!bed.queue.is_broken);
    virtqueue_return(&bed.queue, NULL, 0);
    virtqueue_put_back(&bed.queue, NULL, 0);
    ck_assert(!virtqueue_take(&bed.queue, &bed.chain));
    queue_bed_close(&bed);
}
END_TEST

START_TEST(chain_is_what_the_driver_made)
{
    const struct driver_piece pieces[] = {
        {.iova = QUEUE_BED_DATA + 1, .length = 3},
        {.iova = QUEUE_BED_DATA + 100, .length = 4},
        {.iova = QUEUE_BED_DATA + 200, .length = 5, .writable = true},
        {.iova = QUEUE_BED_DATA + 300, .length = 6, .writable = true},
    };
    const struct virtqueue_chain *chain = &bed.chain;

    open_bed(_i, SIZE);
    ck_assert(driver_ring_add(&bed.driver, pieces, 4, 0));
    queue_bed_take(&bed);
    ck_assert_uint_eq(chain->num_readable, 2);
    ck_assert_uint_eq(chain->num_writable, 2);
    ck_assert_uint_eq(chain->readable_size, 7);
    ck_assert_uint_eq(chain->writable_size, 11);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_ptr_eq(chain->pieces[i].iov_base,
                         queue_bed_at(&bed, pieces[i].iova));
        ck_assert_uint_eq(chain->pieces[i].iov_len, pieces[i].length);
    }
    ck_assert(!virtqueue_take(&bed.queue, &bed.chain));
    queue_bed_close(&bed);
}
END_TEST

START_TEST(buffer_over_a_seam_is_in_pieces)
{
    const struct driver_piece piece = {.iova = QUEUE_BED_SEAM - 2, .length = 5};
    uint8_t bytes[8] = {0};

    open_bed(_i, SIZE);
    memcpy(queue_bed_at(&bed, QUEUE_BED_SEAM - 2), "ab", 2);
    memcpy(queue_bed_at(&bed, QUEUE_BED_SEAM), "cde", 3);
    ck_assert(driver_ring_add(&bed.driver, &piece, 1, 0));
    queue_bed_take(&bed);
    ck_assert_uint_eq(bed.chain.num_readable, 2);
    ck_assert_uint_eq(bed.chain.readable_size, 5);
    ck_assert_uint_eq(virtqueue_read(&bed.chain, 0, bytes, 8), 5);
    ck_assert_int_eq(memcmp(bytes, "abcde", 6), 0);
    queue_bed_close(&bed);
}
END_TEST

START_TEST(bytes_are_copied_from_and_to_any_place)
{
    const struct driver_piece pieces[] = {
        {.iova = QUEUE_BED_DATA, .length = 3},
        {.iova = QUEUE_BED_DATA + 100, .length = 4},
        {.iova = QUEUE_BED_DATA + 200, .length = 2, .writable = true},
        {.iova = QUEUE_BED_DATA + 300, .length = 3, .writable = true},
    };
    char text[8] = "";

    open_bed(_i, SIZE);
    memcpy(queue_bed_at(&bed, QUEUE_BED_DATA), "abc", 3);
    memcpy(queue_bed_at(&bed, QUEUE_BED_DATA + 100), "defg", 4);
    ck_assert(driver_ring_add(&bed.driver, pieces, 4, 0));
    queue_bed_take(&bed);

    ck_assert_uint_eq(virtqueue_read(&bed.chain, 2, text, 3), 3);
    ck_assert_str_eq(text, "cde");
    ck_assert_uint_eq(virtqueue_read(&bed.chain, 3, text, 8), 4);
    ck_assert_str_eq(text, "defg");
    ck_assert_uint_eq(virtqueue_read(&bed.chain, 6, text, 8), 1);
    ck_assert_uint_eq(virtqueue_read(&bed.chain, 7, text, 8), 0);
    ck_assert_uint_eq(virtqueue_read(&bed.chain, SIZE_MAX, text, 8), 0);

    ck_assert_uint_eq(virtqueue_write(&bed.chain, 1, "xyz", 3), 3);
    ck_assert_int_eq(queue_bed_at(&bed, QUEUE_BED_DATA + 200)[0], 0);
    ck_assert_int_eq(queue_bed_at(&bed, QUEUE_BED_DATA + 200)[1], 'x');
    ck_assert_int_eq(queue_bed_at(&bed, QUEUE_BED_DATA + 200)[2], 0);
    ck_assert_int_eq(queue_bed_at(&bed, QUEUE_BED_DATA + 300)[1], 'z');
    ck_assert_uint_eq(virtqueue_write(&bed.chain, 4, "uvw", 3), 1);
    ck_assert_int_eq(queue_bed_at(&bed, QUEUE_BED_DATA + 300)[2], 'u');
    ck_assert_int_eq(queue_bed_at(&bed, QUEUE_BED_DATA + 300)[3], 0);
    ck_assert_uint_eq(virtqueue_write(&bed.chain, 5, "v", 1), 0);
    queue_bed_close(&bed);
}
END_TEST

START_TEST(driver_learns_how_much_was_written)
{
    const struct driver_piece piece = {
        .iova = QUEUE_BED_DATA, .length = 64, .writable = true};
    struct virtqueue_buffer buffer;
    struct driver_used used;

    open_bed(_i, SIZE);
    ck_assert(driver_ring_add(&bed.driver, &piece, 1, 0xabcdef));
    buffer = queue_bed_take(&bed);
    buffer.written = 33;
    ck_assert(!driver_ring_collect(&bed.driver, &used));
    virtqueue_return(&bed.queue, &buffer, 1);
    ck_assert(driver_ring_collect(&bed.driver, &used));
    ck_assert_uint_eq(used.token, 0xabcdef);
    ck_assert_uint_eq(used.written, 33);
    ck_assert(!driver_ring_collect(&bed.driver, &used));
    queue_bed_close(&bed);
}
END_TEST

START_TEST(full_queue_is_taken_and_returned_at_once)
{
    struct virtqueue_buffer buffers[SIZE];

    open_bed(_i, SIZE);
    for (unsigned lap = 0; lap < 3; lap++) {
        for (unsigned i = 0; i < SIZE; i++)
            queue_bed_add(&bed, i);
        for (unsigned i = 0; i < SIZE; i++)
            buffers[i] = queue_bed_take(&bed);
        ck_assert(!virtqueue_take(&bed.queue, &bed.chain));
        ck_assert(!bed.queue.is_broken);
        virtqueue_return(&bed.queue, buffers, SIZE);
        for (unsigned i = 0; i < SIZE; i++)
            queue_bed_collect(&bed, i);
    }
    queue_bed_close(&bed);
}
END_TEST

START_TEST(chain_may_be_as_long_as_the_queue)
{
    struct driver_piece pieces[SIZE];
    struct virtqueue_buffer buffer;

    open_bed(_i, SIZE);
    for (unsigned i = 0; i < SIZE; i++)
        pieces[i] = (struct driver_piece){QUEUE_BED_DATA + i, 1, i >= 8};
    for (unsigned i = 0; i < 5; i++) {
        ck_assert(driver_ring_add(&bed.driver, pieces, SIZE, i));
        buffer = queue_bed_take(&bed);
        ck_assert_uint_eq(bed.chain.num_readable, 8);
        ck_assert_uint_eq(bed.chain.num_writable, SIZE - 8);
        virtqueue_return(&bed.queue, &buffer, 1);
        queue_bed_collect(&bed, i);
    }
    queue_bed_close(&bed);
}
END_TEST

/* Linux' drivers do so in short queues, whatever 2.7.5.3.1 says. */
START_TEST(indirect_table_may_be_longer_than_the_queue)
{
    struct driver_piece pieces[DRIVER_RING_MAX_INDIRECT];

    open_bed(_i | 4, 4);
    for (unsigned i = 0; i < DRIVER_RING_MAX_INDIRECT; i++)
        pieces[i] = (struct driver_piece){QUEUE_BED_DATA + i, 1, false};
    ck_assert(
        driver_ring_add(&bed.driver, pieces, DRIVER_RING_MAX_INDIRECT, 0));
    queue_bed_take(&bed);
    ck_assert_uint_eq(bed.chain.num_readable, DRIVER_RING_MAX_INDIRECT);
    queue_bed_close(&bed);
}
END_TEST

START_TEST(what_was_put_back_is_taken_again)
{
    struct virtqueue_buffer buffers[3], again;

    open_bed(_i, 4);
    /* On every lap's seam, too. */
    for (uint64_t token = 0; token < 40; token += 3) {
        for (unsigned i = 0; i < 3; i++)
            queue_bed_add(&bed, token + i);
        for (unsigned i = 0; i < 3; i++)
            buffers[i] = queue_bed_take(&bed);
        virtqueue_put_back(&bed.queue, &buffers[1], 2);
        virtqueue_return(&bed.queue, &buffers[0], 1);
        again = queue_bed_take(&bed);
        ck_assert_mem_eq(&again, &buffers[1], sizeof(again));
        virtqueue_put_back(&bed.queue, &again, 1);
        for (unsigned i = 1; i < 3; i++)
            queue_bed_use(&bed);
        ck_assert(!virtqueue_take(&bed.queue, &bed.chain));
        for (unsigned i = 0; i < 3; i++)
            queue_bed_collect(&bed, token + i);
    }
    queue_bed_close(&bed);
}
END_TEST

/* For claims made very often: libcheck's own note each one in a pipe. */
static void require(bool claim, const char *words)
{
    if (!claim)
        ck_abort_msg("not so: %s", words);
}

/* A driver that keeps the ring as full as chance has it. */
struct driver_script {
    uint64_t next_token, next_collected;
    unsigned random;
};

static unsigned roll(struct driver_script *script, unsigned sides)
{
    script->random = script->random * 1103515245 + 12345;
    return (script->random >> 16) % sides;
}

static void add_some(struct driver_script *script, uint64_t limit)
{
    while (script->next_token < limit && roll(script, 8) != 0) {
        struct driver_piece pieces[4];
        unsigned count = 1 + roll(script, 4), readable = roll(script, 5);

        for (unsigned i = 0; i < count; i++)
            pieces[i] = (struct driver_piece){
                .iova = QUEUE_BED_DATA + 64 * i,
                .length = i == 0 ? 1 + (uint32_t)(script->next_token % 64) : 9,
                .writable = i >= readable,
            };
        if (!driver_ring_add(&bed.driver, pieces, count, script->next_token))
            return;
        script->next_token++;
    }
}

static void collect_all(struct driver_script *script)
{
    struct driver_used used;

    while (driver_ring_collect(&bed.driver, &used)) {
        require(used.token == script->next_collected, "in order");
        require(used.written == (used.token & 0xffffff), "as written");
        script->next_collected++;
    }
}

static void use_some(struct driver_script *script, uint64_t *next_taken)
{
    struct virtqueue_buffer buffers[8];
    unsigned count = 0, kept;

    while (count < 1 + roll(script, 8) &&
           virtqueue_take(&bed.queue, &bed.chain)) {
        uint64_t token = *next_taken + count;

        require(bed.chain.pieces[0].iov_len == 1 + token % 64, "as sent");
        buffers[count] = bed.chain.buffer;
        buffers[count++].written = (uint32_t)(token & 0xffffff);
    }
    require(!bed.queue.is_broken, "sound");
    kept = roll(script, 4) == 0 ? roll(script, count + 1) : count;
    virtqueue_put_back(&bed.queue, &buffers[kept], count - kept);
    virtqueue_return(&bed.queue, buffers, kept);
    *next_taken += kept;
}

START_TEST(no_buffer_of_200000_is_lost_or_repeated)
{
    const uint64_t limit = 200000;
    struct driver_script script = {.random = 1};
    uint64_t next_taken = 0;

    open_bed(_i, 32);
    while (script.next_collected < limit) {
        add_some(&script, limit);
        use_some(&script, &next_taken);
        collect_all(&script);
        require(bed.driver.fault == NULL, "the driver's buffers");
    }
    ck_assert(!virtqueue_take(&bed.queue, &bed.chain));
    ck_assert_uint_eq(bed.driver.num_free, 32);
    queue_bed_close(&bed);
}
END_TEST

/* ---- Position ---- */

static void open_again(uint32_t position)
{
    struct vdpa_queue setup = bed.queue.setup;

    memset(&bed.queue, 0xa5, sizeof(bed.queue));
    require(virtqueue_init(&bed.queue, &setup,
                           driver_ring_features(&bed.driver), position,
                           &bed.map) == 0,
            "opens again");
}

START_TEST(another_instance_goes_on_from_the_position)
{
    const uint64_t limit = 70000;
    struct driver_script script = {.random = 2};
    uint64_t next_taken = 0;

    open_bed(_i, 8);
    while (script.next_collected < limit) {
        add_some(&script, limit);
        use_some(&script, &next_taken);
        if (roll(&script, 10) == 0)
            open_again(virtqueue_position(&bed.queue));
        collect_all(&script);
    }
    queue_bed_close(&bed);
}
END_TEST

START_TEST(what_was_not_returned_is_taken_again)
{
    open_bed(_i, 4);
    for (uint64_t token = 0; token < 20; token += 3) {
        for (unsigned i = 0; i < 3; i++)
            queue_bed_add(&bed, token + i);
        queue_bed_use(&bed);
        queue_bed_take(&bed);
        queue_bed_take(&bed);
        open_again(virtqueue_position(&bed.queue));
        queue_bed_use(&bed);
        queue_bed_use(&bed);
        ck_assert(!virtqueue_take(&bed.queue, &bed.chain));
        for (unsigned i = 0; i < 3; i++)
            queue_bed_collect(&bed, token + i);
    }
    queue_bed_close(&bed);
}
END_TEST

/* As after a crash, when nobody knows a position. */
START_TEST(split_ring_knows_its_position)
{
    open_bed(_i & ~1, 4);
    for (unsigned i = 0; i < 3; i++)
        queue_bed_add(&bed, i);
    queue_bed_use(&bed);
    queue_bed_use(&bed);
    open_again(VIRTQUEUE_SPLIT_START);
    ck_assert_uint_eq(virtqueue_position(&bed.queue), 2);
    queue_bed_use(&bed);
    ck_assert(!virtqueue_take(&bed.queue, &bed.chain));
    queue_bed_close(&bed);
}
END_TEST

START_TEST(fresh_position_is_the_start)
{
    open_bed(_i, SIZE);
    ck_assert_uint_eq(virtqueue_position(&bed.queue),
                      bed.queue.is_packed ? VIRTQUEUE_PACKED_START
                                          : VIRTQUEUE_SPLIT_START);
    queue_bed_close(&bed);
}
END_TEST

/* ---- The map changes ---- */

START_TEST(queue_follows_its_memory)
{
    struct vdpa_mapping ring;
    uint8_t *elsewhere;

    open_bed(_i, SIZE);
    ring = bed.map.mappings[0];
    ck_assert_uint_eq(ring.iova, QUEUE_BED_RING);
    queue_bed_add(&bed, 1);
    queue_bed_add(&bed, 2);
    queue_bed_use(&bed);

    elsewhere = driver_ring_map_memory(ring.size);
    ck_assert_ptr_nonnull(elsewhere);
    memcpy(elsewhere, ring.host, ring.size);
    memset(ring.host, 0xff, ring.size);
    ck_assert_int_eq(iova_map_remove(&bed.map, &ring, 1), 0);
    ring.host = elsewhere;
    ck_assert_int_eq(iova_map_add(&bed.map, &ring, 1), 0);
    ck_assert_int_eq(virtqueue_remap(&bed.queue), 0);
    queue_bed_use(&bed);
    ck_assert(!virtqueue_take(&bed.queue, &bed.chain));

    iova_map_clear(&bed.map);
    ck_assert_int_eq(virtqueue_remap(&bed.queue), -EFAULT);
    ck_assert(bed.queue.is_broken);
    ck_assert_str_eq(bed.queue.fault,
                     "a ring outside the memory of the device");
    queue_bed_close(&bed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    const int all = QUEUE_BED_VARIATIONS;

    tcase_add_loop_test(tcase, empty_queue_has_nothing_to_take, 0, all);
    tcase_add_loop_test(tcase, chain_is_what_the_driver_made, 0, all);
    tcase_add_loop_test(tcase, buffer_over_a_seam_is_in_pieces, 0, all);
    tcase_add_loop_test(tcase, bytes_are_copied_from_and_to_any_place, 0, all);
    tcase_add_loop_test(tcase, driver_learns_how_much_was_written, 0, all);
    tcase_add_loop_test(tcase, full_queue_is_taken_and_returned_at_once, 0,
                        all);
    tcase_add_loop_test(tcase, chain_may_be_as_long_as_the_queue, 0, all);
    tcase_add_loop_test(tcase, indirect_table_may_be_longer_than_the_queue, 0,
                        4);
    tcase_add_loop_test(tcase, what_was_put_back_is_taken_again, 0, all);
    tcase_add_loop_test(tcase, no_buffer_of_200000_is_lost_or_repeated, 0, all);
    tcase_add_loop_test(tcase, another_instance_goes_on_from_the_position, 0,
                        all);
    tcase_add_loop_test(tcase, what_was_not_returned_is_taken_again, 0, all);
    tcase_add_loop_test(tcase, split_ring_knows_its_position, 0, 4);
    tcase_add_loop_test(tcase, fresh_position_is_the_start, 0, all);
    tcase_add_loop_test(tcase, queue_follows_its_memory, 0, all);
}

int main(void)
{
    return check_main("virtqueue", add_tests);
}
