/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_soft_device.c: what the devices of this process have in common: life,
 * notifications, memory.
 */
#include "tests/support/check_main.h"
#include "tests/support/plain_device.h"
#include "tests/support/sleep_ms.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <sys/eventfd.h>

#define NEGOTIATED   11
#define RUNNING      15
#define NEEDS_RESET  VIRTIO_CONFIG_S_NEEDS_RESET
#define FEATURE(bit) (1ULL << (bit))
#define ALL_MAPPINGS (PLAIN_DEVICE_NUM_QUEUES + 1)

static struct plain_device_bed bed;

static void open_and_run(int packed)
{
    plain_device_open(&bed, packed);
    plain_device_run(&bed);
}

static void set_status(uint8_t status)
{
    ck_assert_int_eq(bed.ops->set_status(bed.backend, status), 0);
}

/* ---- Life ---- */

START_TEST(a_device_that_never_ran_is_not_stopped)
{
    plain_device_open(&bed, _i);
    plain_device_negotiate(&bed);
    set_status(0);
    plain_device_close(&bed);
    ck_assert_uint_eq(bed.starts, 0);
    ck_assert_uint_eq(bed.stops, 0);
}
END_TEST

START_TEST(it_starts_once_and_stops_once_a_reset)
{
    open_and_run(_i);
    set_status(RUNNING);
    ck_assert_uint_eq(bed.starts, 1);
    plain_device_expect_works(&bed);
    set_status(0);
    set_status(0);
    ck_assert_uint_eq(bed.stops, 1);
    ck_assert_uint_eq(plain_device_status(&bed), 0);
    plain_device_run(&bed);
    plain_device_expect_works(&bed);
    plain_device_close(&bed); /* while it runs */
    ck_assert_uint_eq(bed.starts, 2);
    ck_assert_uint_eq(bed.stops, 2);
}
END_TEST

START_TEST(a_type_may_refuse_to_start)
{
    plain_device_open(&bed, _i);
    plain_device_negotiate(&bed);
    for (uint16_t i = 0; i < PLAIN_DEVICE_NUM_QUEUES; i++)
        plain_device_set_queue(&bed, i);
    bed.start_error = -ENODEV;
    plain_device_start(&bed);
    ck_assert_uint_eq(plain_device_status(&bed), NEGOTIATED);
    ck_assert_uint_eq(bed.stops, 1);
    plain_device_add(&bed, 0);
    ck_assert_uint_eq(plain_device_serve(&bed), 0);
    /* It is asked again; what was kicked before is served. */
    plain_device_start(&bed);
    ck_assert_uint_eq(plain_device_status(&bed), RUNNING);
    ck_assert_uint_eq(plain_device_serve(&bed), 1);
    ck_assert(plain_device_collect(&bed, 0));
    plain_device_close(&bed);
}
END_TEST

/* The others had started already. */
START_TEST(a_ring_outside_memory_keeps_it_from_starting)
{
    plain_device_open(&bed, _i);
    ck_assert_int_eq(bed.ops->unmap(bed.backend, &bed.mappings[2], 1), 0);
    plain_device_negotiate(&bed);
    for (uint16_t i = 0; i < PLAIN_DEVICE_NUM_QUEUES; i++)
        plain_device_set_queue(&bed, i);
    plain_device_start(&bed);
    ck_assert_uint_eq(plain_device_status(&bed), NEGOTIATED);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "queue 2 cannot run"));
    plain_device_add(&bed, 0);
    ck_assert_uint_eq(plain_device_serve(&bed), 0);
    ck_assert_int_eq(bed.ops->map(bed.backend, &bed.mappings[2], 1), 0);
    plain_device_start(&bed);
    ck_assert_uint_eq(plain_device_status(&bed), RUNNING);
    ck_assert_uint_eq(plain_device_serve(&bed), 1);
    ck_assert(plain_device_collect(&bed, 0));
    plain_device_close(&bed);
}
END_TEST

START_TEST(a_reset_forgets_all_but_memory)
{
    uint32_t position;

    open_and_run(_i);
    plain_device_expect_works(&bed);
    set_status(0);
    ck_assert_uint_eq(bed.device->features, 0);
    soft_device_signal_config(bed.device);
    ck_assert_uint_eq(plain_device_signals(bed.config_fd), 0);
    /* Queues that nobody sets are not used, whatever they were. */
    plain_device_negotiate(&bed);
    plain_device_start(&bed);
    ck_assert_uint_eq(plain_device_status(&bed), RUNNING);
    plain_device_add(&bed, 0);
    ck_assert_uint_eq(plain_device_serve(&bed), 0);
    /* Rings begin anew. */
    plain_device_run(&bed);
    ck_assert_int_eq(bed.ops->get_queue_position(bed.backend, 0, &position), 0);
    ck_assert_uint_eq(position, vdpa_queue_start(_i));
    ck_assert_int_eq(bed.ops->map(bed.backend, bed.mappings, 1), -EEXIST);
    plain_device_close(&bed);
}
END_TEST

/* ---- Queues ---- */

/* In any order, and with one left out. */
START_TEST(queues_that_are_set_and_enabled_run)
{
    const struct vdpa_queue queue = {.size = 0};

    plain_device_open(&bed, _i);
    plain_device_negotiate(&bed);
    plain_device_set_queue(&bed, 2);
    ck_assert_int_eq(bed.ops->enable_queue(bed.backend, 1, true), 0);
    ck_assert_int_eq(bed.ops->set_queue(bed.backend, 1, &queue), -EINVAL);
    plain_device_set_queue(&bed, 0);
    ck_assert_int_eq(bed.ops->enable_queue(bed.backend, 0, false), 0);
    plain_device_start(&bed);
    for (uint16_t i = 0; i < PLAIN_DEVICE_NUM_QUEUES; i++)
        plain_device_add(&bed, i);
    ck_assert_uint_eq(plain_device_serve(&bed), 1);
    ck_assert(plain_device_collect(&bed, 2));
    ck_assert(!plain_device_collect(&bed, 0));
    ck_assert(!plain_device_collect(&bed, 1));
    plain_device_close(&bed);
}
END_TEST

START_TEST(kicks_before_the_start_are_not_lost)
{
    plain_device_open(&bed, _i);
    plain_device_negotiate(&bed);
    for (uint16_t i = 0; i < PLAIN_DEVICE_NUM_QUEUES; i++)
        plain_device_set_queue(&bed, i);
    plain_device_add(&bed, 1);
    plain_device_add(&bed, 1);
    ck_assert_uint_eq(plain_device_serve(&bed), 0);
    plain_device_start(&bed);
    ck_assert_uint_eq(plain_device_serve(&bed), 1);
    ck_assert_uint_eq(bed.kicks[1], 1);
    ck_assert(plain_device_collect(&bed, 1));
    ck_assert(plain_device_collect(&bed, 1));
    ck_assert_uint_eq(plain_device_signals(bed.call_fds[1]), 1);
    plain_device_close(&bed);
}
END_TEST

START_TEST(a_driver_that_wants_no_call_gets_none)
{
    open_and_run(_i);
    plain_device_expect_works(&bed);
    (void)driver_ring_want_signals(&bed.rings[0], false);
    plain_device_add(&bed, 0);
    ck_assert_uint_eq(plain_device_serve(&bed), 1);
    ck_assert(plain_device_collect(&bed, 0));
    ck_assert_uint_eq(plain_device_signals(bed.call_fds[0]), 0);
    /* Nor one for nothing. */
    (void)driver_ring_want_signals(&bed.rings[0], true);
    ck_assert_int_eq(eventfd_write(bed.kick_fds[0], 1), 0);
    ck_assert_uint_eq(plain_device_serve(&bed), 1);
    ck_assert_uint_eq(plain_device_signals(bed.call_fds[0]), 0);
    plain_device_close(&bed);
}
END_TEST

/* Another process may have returned buffers and not told of it. */
START_TEST(a_ring_that_goes_on_is_told_of_once)
{
    struct vdpa_queue queue;
    uint32_t position = 0;

    open_and_run(_i);
    plain_device_expect_works(&bed);
    ck_assert_int_eq(bed.ops->suspend(bed.backend), 0);
    ck_assert_int_eq(bed.ops->get_queue_position(bed.backend, 0, &position), 0);
    ck_assert_uint_ne(position, vdpa_queue_start(_i));
    queue = plain_device_queue(&bed, 0);
    queue.position = position;
    set_status(0);
    set_status(3);
    ck_assert_int_eq(bed.ops->set_features(
                         bed.backend, FEATURE(VIRTIO_F_ACCESS_PLATFORM) |
                                          driver_ring_features(&bed.rings[0])),
                     0);
    set_status(NEGOTIATED);
    ck_assert_int_eq(bed.ops->set_queue(bed.backend, 0, &queue), 0);
    ck_assert_int_eq(bed.ops->enable_queue(bed.backend, 0, true), 0);
    set_status(RUNNING);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(eventfd_write(bed.kick_fds[0], 1), 0);
        ck_assert_uint_eq(plain_device_serve(&bed), 1);
        ck_assert_uint_eq(plain_device_signals(bed.call_fds[0]), i == 0);
    }
    plain_device_add(&bed, 0);
    ck_assert_uint_eq(plain_device_serve(&bed), 1);
    ck_assert(plain_device_collect(&bed, 0));
    plain_device_close(&bed);
}
END_TEST

START_TEST(a_running_or_suspended_device_keeps_its_queues)
{
    struct vdpa_queue queue;

    open_and_run(_i);
    queue = plain_device_queue(&bed, 0);
    queue.size = 2;
    ck_assert_int_eq(bed.ops->set_queue(bed.backend, 0, &queue), -EBUSY);
    ck_assert_int_eq(bed.ops->suspend(bed.backend), 0);
    ck_assert_int_eq(bed.ops->set_queue(bed.backend, 0, &queue), -EBUSY);
    ck_assert_int_eq(bed.ops->resume(bed.backend), 0);
    ck_assert_uint_eq(bed.resumes, 1);
    plain_device_expect_works(&bed);
    plain_device_close(&bed);
}
END_TEST

/* ---- What is wrong ---- */

static void expect_needs_reset(void)
{
    ck_assert_uint_eq(plain_device_status(&bed), RUNNING | NEEDS_RESET);
    ck_assert_uint_eq(plain_device_signals(bed.config_fd), 1);
    ck_assert_uint_eq(bed.stops, 1);
    /* It does nothing until it is reset, and a driver cannot go on. */
    plain_device_add(&bed, 0);
    ck_assert_uint_eq(plain_device_serve(&bed), 0);
    ck_assert_int_eq(bed.ops->set_status(bed.backend, RUNNING), -EINVAL);
    set_status(RUNNING | NEEDS_RESET);
    ck_assert_uint_eq(bed.starts, 1);
    plain_device_run(&bed);
    ck_assert_uint_eq(plain_device_serve(&bed), 1); /* the kick of above */
    plain_device_expect_works(&bed);
}

START_TEST(a_broken_ring_needs_a_reset)
{
    const struct driver_piece nowhere = {0x70000000, 16, false};

    open_and_run(_i);
    ck_assert(driver_ring_add(&bed.rings[1], &nowhere, 1, 1));
    ck_assert_int_eq(eventfd_write(bed.kick_fds[1], 1), 0);
    ck_assert_uint_eq(plain_device_serve(&bed), 1);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "the guest broke queue 1"));
    expect_needs_reset();
    plain_device_close(&bed);
}
END_TEST

START_TEST(a_ring_that_is_unmapped_needs_a_reset)
{
    open_and_run(_i);
    ck_assert_int_eq(bed.ops->unmap(bed.backend, &bed.mappings[2], 1), 0);
    ck_assert_int_eq(bed.ops->map(bed.backend, &bed.mappings[2], 1), 0);
    expect_needs_reset();
    plain_device_close(&bed);
}
END_TEST

START_TEST(a_type_may_ask_for_a_reset)
{
    open_and_run(_i);
    soft_device_need_reset(bed.device);
    expect_needs_reset();
    plain_device_close(&bed);
}
END_TEST

START_TEST(memory_may_come_and_go_beside_the_rings)
{
    open_and_run(_i);
    for (unsigned i = 0; i < 10; i++) {
        const struct vdpa_mapping *data = &bed.mappings[ALL_MAPPINGS - 1];

        ck_assert_int_eq(bed.ops->unmap(bed.backend, data, 1), 0);
        ck_assert_int_eq(bed.ops->map(bed.backend, data, 1), 0);
        plain_device_expect_works(&bed);
    }
    plain_device_close(&bed);
}
END_TEST

/* Where the host has them moves as well. */
START_TEST(rings_may_move_while_it_is_suspended)
{
    open_and_run(_i);
    plain_device_expect_works(&bed);
    ck_assert_int_eq(bed.ops->suspend(bed.backend), 0);
    ck_assert_int_eq(bed.ops->unmap(bed.backend, bed.mappings, ALL_MAPPINGS),
                     0);
    plain_device_add(&bed, 0);
    ck_assert_uint_eq(plain_device_serve(&bed), 0);
    ck_assert_int_eq(bed.ops->map(bed.backend, bed.mappings, ALL_MAPPINGS), 0);
    ck_assert_int_eq(bed.ops->resume(bed.backend), 0);
    ck_assert_uint_eq(plain_device_serve(&bed), 1);
    ck_assert(plain_device_collect(&bed, 0));
    plain_device_expect_works(&bed);
    plain_device_close(&bed);
}
END_TEST

/* ---- With a thread ---- */

static void *kick_on(void *is_over)
{
    while (!atomic_load((atomic_bool *)is_over))
        for (unsigned i = 0; i < PLAIN_DEVICE_NUM_QUEUES; i++)
            (void)eventfd_write(bed.kick_fds[i], 1);
    return NULL;
}

START_TEST(it_may_be_reset_amid_kicks)
{
    atomic_bool is_over = false;
    pthread_t kicker;

    plain_device_open(&bed, _i);
    ck_assert_int_eq(soft_device_start_thread(bed.device, "plain"), 0);
    ck_assert_int_eq(pthread_create(&kicker, NULL, kick_on, &is_over), 0);
    for (unsigned i = 0; i < 100; i++) {
        unsigned before = bed.kicks[1];

        plain_device_run(&bed);
        plain_device_add(&bed, 1);
        while (bed.kicks[1] == before)
            sleep_ms(1);
        if (i % 3 == 0)
            ck_assert_int_eq(bed.ops->suspend(bed.backend), 0);
        set_status(0);
        /* A device that still wrote there would be noticed. */
        before = bed.kicks[1];
        for (unsigned j = 0; j < PLAIN_DEVICE_NUM_QUEUES; j++)
            memset(bed.mappings[j].host, 0xee, bed.mappings[j].size);
        ck_assert_uint_eq(bed.kicks[1], before);
    }
    plain_device_run(&bed);
    bed.ops->close(bed.backend); /* amid kicks, too */
    bed.backend = NULL;
    atomic_store(&is_over, true);
    pthread_join(kicker, NULL);
    plain_device_close(&bed);
    ck_assert_uint_eq(bed.starts, 101);
    ck_assert_uint_eq(bed.stops, 101);
}
END_TEST

static void add_tests(TCase *tcase)
{
    /* With split rings, and with packed ones. */
    const TTest *const of_each[] = {
        a_device_that_never_ran_is_not_stopped,
        it_starts_once_and_stops_once_a_reset,
        a_type_may_refuse_to_start,
        a_ring_outside_memory_keeps_it_from_starting,
        a_reset_forgets_all_but_memory,
        queues_that_are_set_and_enabled_run,
        kicks_before_the_start_are_not_lost,
        a_driver_that_wants_no_call_gets_none,
        a_ring_that_goes_on_is_told_of_once,
        a_running_or_suspended_device_keeps_its_queues,
        a_broken_ring_needs_a_reset,
        a_ring_that_is_unmapped_needs_a_reset,
        a_type_may_ask_for_a_reset,
        memory_may_come_and_go_beside_the_rings,
        rings_may_move_while_it_is_suspended,
        it_may_be_reset_amid_kicks,
    };

    for (size_t i = 0; i < ARRAY_SIZE(of_each); i++)
        tcase_add_loop_test(tcase, of_each[i], 0, 2);
}

int main(void)
{
    return check_main("soft_device", add_tests);
}
