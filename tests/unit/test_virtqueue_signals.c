/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtqueue_signals.c: who is told when, and who does not want to be.
 */
#include "tests/support/check_main.h"
#include "tests/support/queue_bed.h"
#include "vmm/bytes.h"

#include <linux/virtio_ring.h>
#include <string.h>

#define SIZE 16

static struct queue_bed bed;

static bool has_event_index(void)
{
    return bed.driver.setup.event_index;
}

/* A queue whose driver was asked once, so that the answers mean something. */
static void open_bed(int variation, uint16_t size)
{
    queue_bed_open(&bed, queue_bed_setup(variation, size));
    (void)virtqueue_should_signal(&bed.queue);
}

/* For claims made very often: libcheck's own note each one in a pipe. */
static void require(bool claim, const char *words)
{
    if (!claim)
        ck_abort_msg("not so: %s", words);
}

static struct virtqueue_buffer taken[SIZE];

/* `count` buffers go from the driver to the device ... */
static void send(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        queue_bed_add(&bed, i);
    for (unsigned i = 0; i < count; i++) {
        require(virtqueue_take(&bed.queue, &bed.chain), "there is one");
        taken[i] = bed.chain.buffer;
    }
}

/* ... and are returned in one piece. */
static void send_and_return(unsigned count)
{
    send(count);
    virtqueue_return(&bed.queue, taken, count);
}

static void collect(unsigned count)
{
    struct driver_used used;

    for (unsigned i = 0; i < count; i++)
        require(driver_ring_collect(&bed.driver, &used), "it is back");
}

/* ---- The device signals ---- */

START_TEST(first_answer_is_yes_as_nothing_is_known)
{
    queue_bed_open(&bed, queue_bed_setup(_i, SIZE));
    ck_assert(virtqueue_should_signal(&bed.queue));
    ck_assert(!virtqueue_should_signal(&bed.queue));
    queue_bed_close(&bed);
}
END_TEST

START_TEST(nothing_returned_is_nothing_to_tell)
{
    open_bed(_i, SIZE);
    ck_assert(!virtqueue_should_signal(&bed.queue));
    send(2);
    ck_assert(!virtqueue_should_signal(&bed.queue));
    virtqueue_put_back(&bed.queue, taken, 2);
    ck_assert(!virtqueue_should_signal(&bed.queue));
    queue_bed_close(&bed);
}
END_TEST

START_TEST(driver_is_told_of_what_was_returned)
{
    open_bed(_i, SIZE);
    for (unsigned lap = 0; lap < 40; lap++) {
        driver_ring_want_signals(&bed.driver, true);
        send_and_return(3);
        ck_assert(virtqueue_should_signal(&bed.queue));
        ck_assert(!virtqueue_should_signal(&bed.queue));
        collect(3);
    }
    queue_bed_close(&bed);
}
END_TEST

START_TEST(driver_that_wants_no_signal_gets_none)
{
    open_bed(_i, SIZE);
    driver_ring_want_signals(&bed.driver, false);
    for (unsigned lap = 0; lap < 40; lap++) {
        send_and_return(3);
        ck_assert(!virtqueue_should_signal(&bed.queue));
        collect(3);
    }
    queue_bed_close(&bed);
}
END_TEST

START_TEST(event_index_asks_for_one_signal)
{
    open_bed(_i | 2, SIZE);
    driver_ring_want_signals(&bed.driver, true);
    send_and_return(1);
    ck_assert(virtqueue_should_signal(&bed.queue));
    send_and_return(1);
    ck_assert(!virtqueue_should_signal(&bed.queue));
    collect(2);
    driver_ring_want_signals(&bed.driver, true);
    send_and_return(1);
    ck_assert(virtqueue_should_signal(&bed.queue));
    queue_bed_close(&bed);
}
END_TEST

START_TEST(flags_ask_for_every_signal)
{
    open_bed(_i & ~2, SIZE);
    driver_ring_want_signals(&bed.driver, true);
    for (unsigned i = 0; i < 3; i++) {
        send_and_return(1);
        ck_assert(virtqueue_should_signal(&bed.queue));
    }
    queue_bed_close(&bed);
}
END_TEST

/* Over every slot of a lap and, split, where 16-bit indices wrap. */
START_TEST(signal_comes_with_the_buffer_asked_for)
{
    open_bed(_i | 2, SIZE);
    for (unsigned lap = 0, total = 0; total < 70000; lap++) {
        unsigned asked = 1 + lap % 9, first = 1 + lap / 9 % SIZE;
        bool is_due = first >= asked;

        driver_ring_want_signal_after(&bed.driver, asked);
        send_and_return(first);
        require(virtqueue_should_signal(&bed.queue) == is_due, "when due");
        collect(first);
        total += first;
        if (is_due)
            continue;
        send_and_return(asked - first);
        require(virtqueue_should_signal(&bed.queue), "at the last");
        collect(asked - first);
        total += asked - first;
    }
    queue_bed_close(&bed);
}
END_TEST

/* More than indices can tell apart went by unasked. */
START_TEST(signal_is_sent_when_in_doubt)
{
    open_bed(_i | 2, SIZE);
    driver_ring_want_signal_after(&bed.driver, 10);
    for (unsigned i = 0; i < 65536 + 5; i++) {
        send_and_return(1);
        collect(1);
    }
    ck_assert(virtqueue_should_signal(&bed.queue));
    ck_assert(!virtqueue_should_signal(&bed.queue));
    queue_bed_close(&bed);
}
END_TEST

/* ---- The driver kicks ---- */

START_TEST(kick_is_wanted_at_the_start)
{
    open_bed(_i, SIZE);
    queue_bed_add(&bed, 0);
    ck_assert(driver_ring_should_kick(&bed.driver));
    queue_bed_close(&bed);
}
END_TEST

START_TEST(device_that_wants_no_kick_gets_none)
{
    open_bed(_i, SIZE);
    ck_assert(!virtqueue_want_kicks(&bed.queue, false));
    for (unsigned lap = 0; lap < 40; lap++) {
        for (unsigned i = 0; i < 3; i++) {
            queue_bed_add(&bed, 0);
            ck_assert(!driver_ring_should_kick(&bed.driver));
        }
        for (unsigned i = 0; i < 3; i++)
            queue_bed_use(&bed);
        collect(3);
    }
    queue_bed_close(&bed);
}
END_TEST

/* Over every slot of a lap and, split, where 16-bit indices wrap. */
START_TEST(kick_comes_with_the_first_buffer)
{
    open_bed(_i, SIZE);
    for (unsigned lap = 0, total = 0; total < 70000; lap++) {
        unsigned count = 1 + lap % SIZE;

        require(!virtqueue_want_kicks(&bed.queue, true), "nothing there");
        send(count);
        require(driver_ring_should_kick(&bed.driver), "a kick");
        require(!virtqueue_want_kicks(&bed.queue, false), "off");
        virtqueue_return(&bed.queue, taken, count);
        collect(count);
        send_and_return(1);
        require(!driver_ring_should_kick(&bed.driver), "no kick");
        collect(1);
        total += count + 1;
    }
    queue_bed_close(&bed);
}
END_TEST

START_TEST(event_index_asks_for_one_kick)
{
    open_bed(_i, SIZE);
    ck_assert(!virtqueue_want_kicks(&bed.queue, true));
    queue_bed_add(&bed, 0);
    ck_assert(driver_ring_should_kick(&bed.driver));
    queue_bed_add(&bed, 1);
    ck_assert_int_eq(driver_ring_should_kick(&bed.driver), !has_event_index());
    queue_bed_close(&bed);
}
END_TEST

/* What came while kicks were off is not kicked for. */
START_TEST(switching_on_tells_what_is_there_already)
{
    open_bed(_i, SIZE);
    for (unsigned lap = 0; lap < 40; lap++) {
        virtqueue_want_kicks(&bed.queue, false);
        queue_bed_add(&bed, 0);
        queue_bed_add(&bed, 0);
        ck_assert(!driver_ring_should_kick(&bed.driver));
        ck_assert(virtqueue_want_kicks(&bed.queue, true));
        queue_bed_use(&bed);
        ck_assert(virtqueue_want_kicks(&bed.queue, true));
        queue_bed_use(&bed);
        ck_assert(!virtqueue_want_kicks(&bed.queue, true));
        collect(2);
    }
    queue_bed_close(&bed);
}
END_TEST

/* Too few receive buffers for a frame: the next one is what matters. */
START_TEST(what_was_put_back_is_not_news)
{
    open_bed(_i, SIZE);
    for (unsigned lap = 0; lap < 40; lap++) {
        send(3);
        virtqueue_put_back(&bed.queue, taken, 3);
        (void)driver_ring_should_kick(&bed.driver);
        ck_assert(!virtqueue_want_kicks(&bed.queue, true));
        queue_bed_use(&bed);
        ck_assert(!virtqueue_want_kicks(&bed.queue, true));
        queue_bed_add(&bed, 3);
        ck_assert(driver_ring_should_kick(&bed.driver));
        ck_assert(virtqueue_want_kicks(&bed.queue, true));
        for (unsigned i = 0; i < 3; i++)
            queue_bed_use(&bed);
        ck_assert(!virtqueue_want_kicks(&bed.queue, true));
        collect(4);
    }
    queue_bed_close(&bed);
}
END_TEST

/* ---- What the two sides write, as the specification has it ---- */

START_TEST(split_wishes_are_where_they_belong)
{
    const uint8_t *used;

    open_bed(_i & ~1, SIZE);
    used = bed.driver.device;
    send_and_return(2);
    virtqueue_want_kicks(&bed.queue, true);
    ck_assert_uint_eq(load_le16(used), 0);
    ck_assert_uint_eq(load_le16(used + 2), 2);
    if (has_event_index())
        ck_assert_uint_eq(load_le16(used + 4 + (size_t)8 * SIZE), 2);
    virtqueue_want_kicks(&bed.queue, false);
    ck_assert_uint_eq(load_le16(used),
                      has_event_index() ? 0 : VRING_USED_F_NO_NOTIFY);
    queue_bed_close(&bed);
}
END_TEST

START_TEST(packed_wishes_are_where_they_belong)
{
    const uint8_t *event;

    open_bed(_i | 1, 2);
    event = bed.driver.device;
    virtqueue_want_kicks(&bed.queue, true);
    ck_assert_uint_eq(load_le16(event + 2), has_event_index() ? 2 : 0);
    ck_assert_uint_eq(load_le16(event), has_event_index() ? 0x8000 : 0);
    send_and_return(2);
    virtqueue_want_kicks(&bed.queue, true);
    ck_assert_uint_eq(load_le16(event), 0);
    virtqueue_want_kicks(&bed.queue, false);
    ck_assert_uint_eq(load_le16(event + 2), 1);
    queue_bed_close(&bed);
}
END_TEST

/* A used descriptor says so only when it was (2.8.3). */
START_TEST(packed_write_flag_is_set_when_something_was_written)
{
    struct vring_packed_desc first, second;

    open_bed(_i | 1, SIZE);
    send(2);
    taken[1].written = 7;
    virtqueue_return(&bed.queue, taken, 2);
    memcpy(&first, driver_ring_descriptor(&bed.driver, 0), sizeof(first));
    memcpy(&second, driver_ring_descriptor(&bed.driver, 1), sizeof(second));
    ck_assert_uint_eq(le16toh(first.flags), 0x8080);
    ck_assert_uint_eq(le16toh(second.flags), 0x8082);
    ck_assert_uint_eq(le32toh(second.len), 7);
    queue_bed_close(&bed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    const int all = QUEUE_BED_VARIATIONS;

    tcase_add_loop_test(tcase, first_answer_is_yes_as_nothing_is_known, 0, all);
    tcase_add_loop_test(tcase, nothing_returned_is_nothing_to_tell, 0, all);
    tcase_add_loop_test(tcase, driver_is_told_of_what_was_returned, 0, all);
    tcase_add_loop_test(tcase, driver_that_wants_no_signal_gets_none, 0, all);
    tcase_add_loop_test(tcase, event_index_asks_for_one_signal, 0, 2);
    tcase_add_loop_test(tcase, flags_ask_for_every_signal, 0, 2);
    tcase_add_loop_test(tcase, signal_comes_with_the_buffer_asked_for, 0, 2);
    tcase_add_loop_test(tcase, signal_is_sent_when_in_doubt, 0, 2);
    tcase_add_loop_test(tcase, kick_is_wanted_at_the_start, 0, all);
    tcase_add_loop_test(tcase, device_that_wants_no_kick_gets_none, 0, all);
    tcase_add_loop_test(tcase, kick_comes_with_the_first_buffer, 0, all);
    tcase_add_loop_test(tcase, event_index_asks_for_one_kick, 0, all);
    tcase_add_loop_test(tcase, switching_on_tells_what_is_there_already, 0,
                        all);
    tcase_add_loop_test(tcase, what_was_put_back_is_not_news, 0, all);
    tcase_add_loop_test(tcase, split_wishes_are_where_they_belong, 0, 4);
    tcase_add_loop_test(tcase, packed_wishes_are_where_they_belong, 0, 4);
    tcase_add_test(tcase, packed_write_flag_is_set_when_something_was_written);
}

int main(void)
{
    return check_main("virtqueue_signals", add_tests);
}
