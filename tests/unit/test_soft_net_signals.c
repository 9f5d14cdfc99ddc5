/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_soft_net_signals.c: who wakes whom: the driver's notifications, the
 * device's polling instead of them, and its signals.
 *
 * Nothing here says how long something takes; a wake-up that is lost leaves
 * the driver asleep until its patience ends.
 */
#include "tests/support/check_main.h"
#include "tests/support/net_bed.h"
#include "tests/support/sleep_ms.h"
#include "vdpa/soft_net_private.h"
#include "vmm/compiler.h"

#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct net_bed bed;

static struct net_bed_setup setup(int variation, enum soft_net_polling polling)
{
    return (struct net_bed_setup){.variation = variation, .polling = polling};
}

/* ---- No wake-up is lost ---- */

static void linger(unsigned count)
{
    for (volatile unsigned i = 0; i < count;)
        i++;
}

/* The frame waits in the port until there is a buffer, which comes a little
 * earlier or later than the device notices that there is none. */
START_TEST(no_wake_up_is_lost_when_buffers_run_out)
{
    net_bed_open(&bed, setup(_i, SOFT_NET_POLLING_AUTO));
    for (unsigned i = 0; i < 10000; i++) {
        net_bed_send(&bed, i, 60);
        linger(i * 37 % 4096);
        net_bed_post(&bed, 1);
        (void)net_bed_expect(&bed, i, 60);
    }
    net_bed_close(&bed);
}
END_TEST

/* The same with frames that need three buffers, which come one by one. */
START_TEST(no_wake_up_is_lost_when_buffers_are_too_few)
{
    struct net_bed_setup small =
        setup(_i | NET_BED_MERGEABLE, SOFT_NET_POLLING_AUTO);

    small.room = 64;
    net_bed_open(&bed, small);
    for (unsigned i = 0; i < 10000; i++) {
        net_bed_send(&bed, i, 150);
        for (unsigned j = 0; j < 3; j++) {
            linger(i * 37 % 2048);
            net_bed_post(&bed, 1);
        }
        net_bed_require(net_bed_expect(&bed, i, 150) == 3, "in three");
    }
    net_bed_close(&bed);
}
END_TEST

START_TEST(frames_wait_in_the_port_for_buffers)
{
    net_bed_open(&bed, setup(_i, SOFT_NET_POLLING_AUTO));
    for (unsigned lap = 0; lap < 50; lap++) {
        for (unsigned i = 0; i < 20; i++)
            net_bed_send(&bed, i, 60);
        net_bed_await_sent(&bed);
        ck_assert(!net_bed_has_received(&bed));
        for (unsigned i = 0; i < 20; i++) {
            net_bed_post(&bed, 1);
            (void)net_bed_expect(&bed, i, 60);
        }
    }
    ck_assert_uint_eq(net_bed_counters(&bed).dropped, 0);
    net_bed_close(&bed);
}
END_TEST

/* virtio 1.2, 3.1.1: a driver may fill its queues before DRIVER_OK. Whether
 * it notifies after that is its own affair. */
START_TEST(buffers_from_before_the_start_are_found)
{
    eventfd_t count;

    net_bed_open(&bed,
                 (struct net_bed_setup){.variation = _i, .for_later = true});
    net_bed_post(&bed, 2);
    net_bed_send(&bed, 1, 60);
    net_bed_send(&bed, 2, 60);
    (void)eventfd_read(bed.kick_fds[0], &count);
    (void)eventfd_read(bed.kick_fds[1], &count);
    net_bed_start(&bed);
    (void)net_bed_expect(&bed, 1, 60);
    (void)net_bed_expect(&bed, 2, 60);
    net_bed_await_sent(&bed);
    net_bed_close(&bed);
}
END_TEST

/* ---- Polling ---- */

static bool is_polling(void)
{
    bool polling = net_bed_lock(&bed)->is_polling;

    net_bed_unlock(&bed);
    return polling;
}

/* One frame after the other, each answered. */
static void converse(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        net_bed_post(&bed, 1);
        net_bed_send(&bed, i, 60);
        (void)net_bed_expect(&bed, i, 60);
    }
}

START_TEST(without_polling_every_frame_is_notified)
{
    uint64_t kicks;

    net_bed_open(&bed, setup(_i, SOFT_NET_POLLING_OFF));
    net_bed_settle(&bed);
    net_bed_post(&bed, 200);
    for (unsigned i = 0; i < 200; i++) {
        kicks = net_bed_counters(&bed).kicks;
        net_bed_send(&bed, i, 60);
        (void)net_bed_expect(&bed, i, 60);
        net_bed_await_sent(&bed);
        /* The device asked for it before it let go of the lock. */
        net_bed_require(net_bed_counters(&bed).kicks > kicks, "a kick");
        net_bed_require(!is_polling(), "no polling");
    }
    ck_assert_uint_eq(net_bed_counters(&bed).polls, 0);
    net_bed_close(&bed);
}
END_TEST

START_TEST(with_polling_frames_are_found_without_notification)
{
    struct soft_net_counters before, after;

    net_bed_open(&bed, setup(_i, SOFT_NET_POLLING_ON));
    net_bed_settle(&bed);
    before = net_bed_counters(&bed);
    converse(2000);
    after = net_bed_counters(&bed);
    ck_assert_uint_gt(after.polls, before.polls);
    /* Each of the 2000 brought a receive buffer, for which no kick is asked
     * while there are some; so most of these were for frames. */
    ck_assert_uint_lt(after.kicks - before.kicks, 2000);
    net_bed_close(&bed);
}
END_TEST

START_TEST(after_a_rest_notifications_are_back)
{
    struct soft_net_counters counters;

    net_bed_open(&bed, setup(_i, SOFT_NET_POLLING_ON));
    for (unsigned lap = 0; lap < 10; lap++) {
        converse(10);
        net_bed_settle(&bed);
        counters = net_bed_counters(&bed);
        converse(1);
        net_bed_require(net_bed_counters(&bed).kicks > counters.kicks,
                        "a kick");
        net_bed_settle(&bed);
        counters = net_bed_counters(&bed);
        sleep_ms(3);
        net_bed_require(net_bed_counters(&bed).polls == counters.polls,
                        "a device at rest does nothing");
    }
    net_bed_close(&bed);
}
END_TEST

START_TEST(a_dialogue_is_not_polled_for)
{
    net_bed_open(&bed, setup(_i, SOFT_NET_POLLING_AUTO));
    converse(2000);
    ck_assert_uint_eq(net_bed_counters(&bed).polls, 0);
    net_bed_close(&bed);
}
END_TEST

/* Many frames at once, with no answer yet. */
static void send_one_way(unsigned count)
{
    /* They wait for the device, which waits for us. */
    (void)net_bed_lock(&bed);
    for (unsigned i = 0; i < count; i++)
        net_bed_send(&bed, i, 60);
    net_bed_unlock(&bed);
    net_bed_await_sent(&bed);
}

START_TEST(a_stream_of_frames_is_polled_for)
{
    net_bed_open(&bed, setup(_i, SOFT_NET_POLLING_AUTO));
    net_bed_settle(&bed);
    send_one_way(24);
    net_bed_settle(&bed);
    ck_assert_uint_gt(net_bed_counters(&bed).polls, 0);
    net_bed_post(&bed, 24);
    for (unsigned i = 0; i < 24; i++)
        (void)net_bed_expect(&bed, i, 60);
    net_bed_close(&bed);
}
END_TEST

/* A device that polls for a dialogue answers each frame late, and every frame
 * that it finds would have it go on. */
START_TEST(polling_ends_when_a_stream_becomes_a_dialogue)
{
    net_bed_open(&bed, setup(_i, SOFT_NET_POLLING_AUTO));
    net_bed_settle(&bed);
    send_one_way(24);
    net_bed_post(&bed, 24);
    for (unsigned i = 0; i < 24; i++)
        (void)net_bed_expect(&bed, i, 60);
    for (unsigned i = 0; i < 10000 && is_polling(); i++)
        converse(1);
    ck_assert(!is_polling());
    net_bed_close(&bed);
}
END_TEST

/* ---- A driver as fast as the device ---- */

/* A port for whose every burst the driver has another frame. */
static struct {
    struct frame_port port;
    atomic_uint frames;
    atomic_bool floods;
} source;

static int start_source(struct frame_port *port, struct event_loop *loop,
                        const struct frame_client *client, void *owner,
                        uint16_t mtu)
{
    (void)port;
    (void)loop;
    (void)client;
    (void)owner;
    (void)mtu;
    return 0;
}

static void add_frame(void)
{
    const struct driver_piece piece = {.iova = NET_BED_SEND_IOVA,
                                       .length = 100};
    struct driver_used used;

    while (driver_ring_collect(&bed.rings[NET_BED_TX], &used))
        ;
    net_bed_require(driver_ring_add(&bed.rings[NET_BED_TX], &piece, 1, 0),
                    "there is room");
}

static void send_to_source(struct frame_port *port,
                           const struct virtio_net_hdr *header,
                           const struct iovec *pieces, unsigned count)
{
    (void)port;
    (void)header;
    (void)pieces;
    (void)count;
    atomic_fetch_add(&source.frames, 1);
}

/* On the device's thread. The driver's does nothing meanwhile. */
static void sent_to_source(struct frame_port *port)
{
    (void)port;
    if (atomic_load(&source.floods))
        add_frame();
}

static void ignore(struct frame_port *port)
{
    (void)port;
}

static void ignore_offloads(struct frame_port *port, unsigned offloads)
{
    (void)port;
    (void)offloads;
}

static const struct frame_port_ops source_ops = {
    .start = start_source,
    .send = send_to_source,
    .sent = sent_to_source,
    .set_offloads = ignore_offloads,
    .resume = ignore,
    .close = ignore,
};

static void open_source(int variation, enum soft_net_polling polling)
{
    struct net_bed_setup with_source = setup(variation, polling);

    source.port = (struct frame_port){
        .ops = &source_ops, .name = "source", .max_mtu = 65520};
    atomic_store(&source.frames, 0);
    atomic_store(&source.floods, false);
    with_source.port = &source.port;
    net_bed_open(&bed, with_source);
    net_bed_settle(&bed); /* before it looks, both threads have the ring */
}

START_TEST(a_driver_that_never_stops_keeps_nobody_out)
{
    open_source(_i % 8, (enum soft_net_polling)(_i / 8));
    atomic_store(&source.floods, true);
    add_frame();
    ck_assert_int_eq(eventfd_write(bed.kick_fds[NET_BED_TX], 1), 0);
    while (atomic_load(&source.frames) < 1000)
        sleep_ms(1);
    ck_assert_uint_eq(net_bed_status(&bed), 15);
    net_bed_reset(&bed);
    ck_assert_uint_eq(net_bed_status(&bed), 0);
    net_bed_close(&bed);
}
END_TEST

/* ---- Signals ---- */

/* Each has its queue as a bit. */
static atomic_uint called;
static int called_fd;

static void note_call(void *owner, uint16_t index)
{
    net_bed_require(owner == &bed, "the owner");
    atomic_fetch_or(&called, 1U << index);
    net_bed_require(eventfd_write(called_fd, 1) == 0, "a signal");
}

START_TEST(the_owner_may_tell_the_driver_itself)
{
    struct net_bed_setup with_call = setup(_i, SOFT_NET_POLLING_AUTO);
    struct driver_used used;
    eventfd_t count;

    with_call.call = note_call;
    with_call.owner = &bed;
    called_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    atomic_store(&called, 0);
    net_bed_open(&bed, with_call);
    net_bed_post(&bed, 1);
    net_bed_send(&bed, 1, 60);
    while (atomic_load(&called) != 3)
        net_bed_sleep_on(called_fd, "a call");
    ck_assert(driver_ring_collect(&bed.rings[NET_BED_RX], &used));
    ck_assert(driver_ring_collect(&bed.rings[NET_BED_TX], &used));
    ck_assert_uint_eq(net_bed_counters(&bed).calls, 2);
    /* And nobody else does. */
    ck_assert_int_ne(eventfd_read(bed.call_fds[0], &count), 0);
    ck_assert_int_ne(eventfd_read(bed.call_fds[1], &count), 0);
    net_bed_close(&bed);
    (void)close(called_fd);
}
END_TEST

START_TEST(a_driver_that_wants_no_signals_gets_none)
{
    eventfd_t count;
    uint64_t calls;

    net_bed_open(&bed, setup(_i, SOFT_NET_POLLING_AUTO));
    converse(1); /* a device's first signals are on suspicion */
    net_bed_await_sent(&bed);
    net_bed_settle(&bed);
    (void)driver_ring_want_signals(&bed.rings[NET_BED_TX], false);
    (void)driver_ring_want_signals(&bed.rings[NET_BED_RX], false);
    (void)eventfd_read(bed.call_fds[NET_BED_TX], &count);
    calls = net_bed_counters(&bed).calls;
    net_bed_post(&bed, 20);
    for (unsigned i = 0; i < 20; i++)
        net_bed_send(&bed, i, 60);
    while (net_bed_counters(&bed).received < 21)
        sleep_ms(1);
    ck_assert_uint_eq(net_bed_counters(&bed).calls, calls);
    for (unsigned i = 0; i < 20; i++)
        (void)net_bed_expect(&bed, i, 60);
    net_bed_close(&bed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    /* Whether buffers can be merged makes no difference here. */
    const int rings = NET_BED_VARIATIONS / 2;

    tcase_add_loop_test(tcase, no_wake_up_is_lost_when_buffers_run_out, 0,
                        rings);
    tcase_add_loop_test(tcase, no_wake_up_is_lost_when_buffers_are_too_few, 0,
                        rings);
    tcase_add_loop_test(tcase, frames_wait_in_the_port_for_buffers, 0, rings);
    tcase_add_loop_test(tcase, buffers_from_before_the_start_are_found, 0,
                        rings);
    tcase_add_loop_test(tcase, without_polling_every_frame_is_notified, 0,
                        rings);
    tcase_add_loop_test(
        tcase, with_polling_frames_are_found_without_notification, 0, rings);
    tcase_add_loop_test(tcase, after_a_rest_notifications_are_back, 0, rings);
    tcase_add_loop_test(tcase, a_dialogue_is_not_polled_for, 0, rings);
    tcase_add_loop_test(tcase, a_stream_of_frames_is_polled_for, 0, rings);
    tcase_add_loop_test(tcase, polling_ends_when_a_stream_becomes_a_dialogue, 0,
                        rings);
    tcase_add_loop_test(tcase, a_driver_that_never_stops_keeps_nobody_out, 0,
                        24);
    tcase_add_loop_test(tcase, the_owner_may_tell_the_driver_itself, 0, rings);
    tcase_add_loop_test(tcase, a_driver_that_wants_no_signals_gets_none, 0,
                        rings);
}

int main(void)
{
    return check_main("soft_net_signals", add_tests);
}
