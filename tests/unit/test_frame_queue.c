/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_frame_queue.c: order, bounds and the seam of the ring.
 */
#include "vdpa/frame_queue.h"

#include "tests/support/check_main.h"

#include <string.h>

static struct frame_queue queue;

/* Takes the oldest frame out; returns its size. */
static size_t take(uint8_t *frame)
{
    struct iovec pieces[2];
    unsigned count = frame_queue_first(&queue, pieces);
    size_t size = 0;

    ck_assert_uint_gt(count, 0);
    for (unsigned i = 0; i < count; i++) {
        memcpy(frame + size, pieces[i].iov_base, pieces[i].iov_len);
        size += pieces[i].iov_len;
    }
    frame_queue_remove_first(&queue);
    return size;
}

START_TEST(frames_come_out_as_they_went_in)
{
    uint8_t frame[16];

    frame_queue_init(&queue, 100);
    ck_assert(frame_queue_is_empty(&queue));
    ck_assert(frame_queue_add(&queue, "one", 4));
    ck_assert(frame_queue_add(&queue, "second", 7));
    ck_assert_uint_eq(take(frame), 4);
    ck_assert_str_eq((char *)frame, "one");
    ck_assert_uint_eq(take(frame), 7);
    ck_assert_str_eq((char *)frame, "second");
    ck_assert(frame_queue_is_empty(&queue));
    frame_queue_destroy(&queue);
}
END_TEST

START_TEST(empty_queue_has_no_first_and_no_memory)
{
    struct iovec pieces[2];

    frame_queue_init(&queue, 100);
    ck_assert_uint_eq(frame_queue_first(&queue, pieces), 0);
    ck_assert_ptr_null(queue.bytes);
    frame_queue_destroy(&queue);
    frame_queue_destroy(&queue);
}
END_TEST

START_TEST(full_queue_refuses_and_keeps_what_it_has)
{
    uint8_t frame[100] = {7};

    frame_queue_init(&queue, 100);
    ck_assert(!frame_queue_add(&queue, frame, 97));
    ck_assert(frame_queue_add(&queue, frame, 96));
    ck_assert(!frame_queue_add(&queue, frame, 0));
    ck_assert_uint_eq(take(frame), 96);
    ck_assert(frame_queue_add(&queue, frame, 96));
    frame_queue_destroy(&queue);
}
END_TEST

/* Frame and length lie across the end in every way. */
START_TEST(frames_survive_the_seam)
{
    uint8_t frame[64], out[64];
    unsigned added = 0, taken = 0;

    frame_queue_init(&queue, 101);
    /* Never empty, so that the start walks on. */
    for (unsigned i = 0; i < 5000; i++) {
        size_t size = added % 23;

        memset(frame, (int)(added & 0xff), sizeof(frame));
        if (frame_queue_add(&queue, frame, size))
            added++;
        while (added - taken > 2) {
            memset(frame, (int)(taken & 0xff), sizeof(frame));
            size = take(out);
            ck_assert_uint_eq(size, taken % 23);
            ck_assert_int_eq(memcmp(out, frame, size), 0);
            taken++;
        }
    }
    ck_assert_uint_eq(added, 5000);
    frame_queue_destroy(&queue);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, frames_come_out_as_they_went_in);
    tcase_add_test(tcase, empty_queue_has_no_first_and_no_memory);
    tcase_add_test(tcase, full_queue_refuses_and_keeps_what_it_has);
    tcase_add_test(tcase, frames_survive_the_seam);
}

int main(void)
{
    return check_main("frame_queue", add_tests);
}
