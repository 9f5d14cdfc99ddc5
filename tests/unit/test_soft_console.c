/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_soft_console.c: the software console device: its handshake, its
 * streams, and drivers that do what they must not.
 */
#include "tests/support/check_main.h"
#include "tests/support/console_bed.h"
#include "tests/support/sleep_ms.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct console_bed bed;

static void open_bed(int variation)
{
    console_bed_open(&bed, (struct console_bed_setup){.variation = variation});
}

static void open_and_greet(int variation)
{
    open_bed(variation);
    console_bed_greet(&bed);
}

/* ---- The device ---- */

START_TEST(it_says_what_it_is)
{
    struct vdpa_identity identity;
    uint8_t config[sizeof(struct virtio_console_config)];

    open_bed(0);
    ck_assert_int_eq(bed.ops->identify(bed.backend, &identity), 0);
    ck_assert_uint_eq(identity.device_id, VIRTIO_ID_CONSOLE);
    ck_assert_uint_eq(identity.num_queues, CONSOLE_BED_NUM_QUEUES);
    ck_assert_uint_eq(identity.config_size, sizeof(config));
    ck_assert_int_eq(
        bed.ops->get_config(bed.backend, 0, config, sizeof(config)), 0);
    ck_assert_uint_eq(load_le32(config + 4), CONSOLE_BED_NUM_PORTS);
    console_bed_close(&bed);
}
END_TEST

START_TEST(ports_are_added_named_and_opened)
{
    open_and_greet(_i);
    console_bed_expect_works(&bed);
    ck_assert_int_eq(bed.failed_port, -1);
    console_bed_close(&bed);
}
END_TEST

START_TEST(a_message_waits_for_a_buffer)
{
    const uint8_t *bytes;

    open_bed(_i);
    console_bed_control(&bed, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    /* Asked for again and again, it is due once. */
    for (unsigned i = 0; i < 200; i++)
        console_bed_control(&bed, 1, VIRTIO_CONSOLE_PORT_READY, 1);
    console_bed_post(&bed, CONSOLE_BED_CONTROL_RX, 20, 256);
    for (unsigned i = 0; i < 5; i++)
        (void)console_bed_await(&bed, CONSOLE_BED_CONTROL_RX, &bytes);
    sleep_ms(20);
    ck_assert(!console_bed_has_returned(&bed, CONSOLE_BED_CONTROL_RX));
    console_bed_close(&bed);
}
END_TEST

START_TEST(a_driver_without_multiport_has_port_0)
{
    console_bed_open(
        &bed, (struct console_bed_setup){.variation = _i, .is_simple = true});
    console_bed_send(&bed, CONSOLE_BED_TALK, "hello", 5);
    console_bed_await_count(&bed.num_received, 5);
    ck_assert_mem_eq(bed.received, "hello", 5);
    ck_assert_uint_eq(
        soft_console_send(bed.backend, CONSOLE_BED_TALK, "answer", 6), 6);
    console_bed_post(&bed, console_bed_rx(CONSOLE_BED_TALK), 1, 100);
    {
        const uint8_t *bytes;

        ck_assert_uint_eq(
            console_bed_await(&bed, console_bed_rx(CONSOLE_BED_TALK), &bytes),
            6);
        ck_assert_mem_eq(bytes, "answer", 6);
    }
    console_bed_close(&bed);
}
END_TEST

/* ---- For the guest ---- */

START_TEST(nothing_is_read_before_a_program_opens_the_port)
{
    const unsigned rx = console_bed_rx(CONSOLE_BED_IN);
    const uint8_t *bytes;

    open_bed(_i);
    ck_assert_int_eq(write(bed.in_fd, "early", 5), 5);
    console_bed_post(&bed, rx, 4, 100);
    sleep_ms(20);
    ck_assert(!console_bed_has_returned(&bed, rx));
    console_bed_control(&bed, CONSOLE_BED_IN, VIRTIO_CONSOLE_PORT_OPEN, 1);
    ck_assert_uint_eq(console_bed_await(&bed, rx, &bytes), 5);
    ck_assert_mem_eq(bytes, "early", 5);
    /* Nor once it has closed it. */
    console_bed_control(&bed, CONSOLE_BED_IN, VIRTIO_CONSOLE_PORT_OPEN, 0);
    ck_assert_int_eq(write(bed.in_fd, "late", 4), 4);
    sleep_ms(20);
    ck_assert(!console_bed_has_returned(&bed, rx));
    console_bed_close(&bed);
}
END_TEST

START_TEST(small_buffers_get_it_all)
{
    static const char text[] = "in pieces of three bytes each";
    const unsigned rx = console_bed_rx(CONSOLE_BED_IN);
    char got[sizeof(text)] = "";
    size_t size = 0;

    open_and_greet(_i);
    ck_assert_int_eq(write(bed.in_fd, text, sizeof(text)), sizeof(text));
    while (size < sizeof(text)) {
        const uint8_t *bytes;
        uint32_t count;

        console_bed_post(&bed, rx, 1, 3);
        count = console_bed_await(&bed, rx, &bytes);
        ck_assert(count >= 1 && count <= 3);
        memcpy(got + size, bytes, count);
        size += count;
    }
    ck_assert_str_eq(got, text);
    console_bed_close(&bed);
}
END_TEST

START_TEST(the_end_of_the_file_closes_the_port)
{
    const unsigned rx = console_bed_rx(CONSOLE_BED_IN);
    const uint8_t *bytes;

    open_and_greet(_i);
    console_bed_post(&bed, rx, 2, 100);
    ck_assert_int_eq(write(bed.in_fd, "last", 4), 4);
    close(bed.in_fd);
    bed.in_fd = -1;
    ck_assert_uint_eq(console_bed_await(&bed, rx, &bytes), 4);
    console_bed_expect_message(&bed, CONSOLE_BED_IN, VIRTIO_CONSOLE_PORT_OPEN,
                               0, "");
    /* A driver that comes later hears of it, too. */
    console_bed_start(&bed);
    console_bed_control(&bed, CONSOLE_BED_IN, VIRTIO_CONSOLE_PORT_READY, 1);
    console_bed_expect_message(&bed, CONSOLE_BED_IN, VIRTIO_CONSOLE_PORT_NAME,
                               1, "in");
    console_bed_expect_message(&bed, CONSOLE_BED_IN, VIRTIO_CONSOLE_PORT_OPEN,
                               1, "");
    console_bed_expect_message(&bed, CONSOLE_BED_IN, VIRTIO_CONSOLE_PORT_OPEN,
                               0, "");
    console_bed_close(&bed);
}
END_TEST

START_TEST(what_does_not_fit_is_taken_once_there_is_room)
{
    static char text[SOFT_CONSOLE_MAX_WAITING + 100];
    const uint8_t *bytes;

    open_and_greet(_i);
    memset(text, 'x', sizeof(text));
    ck_assert_uint_eq(
        soft_console_send(bed.backend, CONSOLE_BED_TALK, text, sizeof(text)),
        SOFT_CONSOLE_MAX_WAITING);
    ck_assert_uint_eq(soft_console_send(bed.backend, CONSOLE_BED_TALK, text, 1),
                      0);
    ck_assert_uint_eq(bed.num_rooms, 0);
    console_bed_post(&bed, console_bed_rx(CONSOLE_BED_TALK), 1, 4096);
    ck_assert_uint_eq(
        console_bed_await(&bed, console_bed_rx(CONSOLE_BED_TALK), &bytes),
        4096);
    console_bed_await_count(&bed.num_rooms, 1);
    ck_assert_uint_eq(
        soft_console_send(bed.backend, CONSOLE_BED_TALK, text, 100), 100);
    console_bed_close(&bed);
}
END_TEST

/* ---- From the guest ---- */

START_TEST(a_reader_that_does_not_read_makes_the_guest_wait)
{
    static char page[CONSOLE_BED_SLOT_SIZE], got[CONSOLE_BED_SLOT_SIZE];
    const unsigned tx = console_bed_tx(CONSOLE_BED_OUT);
    const unsigned count = 40;
    const uint8_t *unused;

    open_and_greet(_i);
    ck_assert_int_ge(fcntl(bed.out_fd, F_SETPIPE_SZ, 4 * sizeof(page)), 0);
    for (unsigned i = 0; i < count; i++) {
        if (i >= CONSOLE_BED_RING_SIZE / 2)
            break;
        memset(page, (int)('a' + i % 26), sizeof(page));
        console_bed_send(&bed, CONSOLE_BED_OUT, page, sizeof(page));
    }
    sleep_ms(20);
    /* The other ports go on. */
    console_bed_send(&bed, CONSOLE_BED_TALK, "still here", 10);
    console_bed_await_count(&bed.num_received, 10);
    ck_assert_uint_le(bed.rings[tx].num_free, CONSOLE_BED_RING_SIZE);
    for (unsigned i = 0; i < CONSOLE_BED_RING_SIZE / 2; i++) {
        memset(page, (int)('a' + i % 26), sizeof(page));
        console_bed_read_out(&bed, got, sizeof(got));
        ck_assert_mem_eq(got, page, sizeof(page));
        ck_assert_uint_eq(console_bed_await(&bed, tx, &unused), 0);
    }
    ck_assert_int_eq(bed.last_passed, page[0]);
    console_bed_close(&bed);
}
END_TEST

START_TEST(nobody_reads_any_more)
{
    const unsigned tx = console_bed_tx(CONSOLE_BED_OUT);
    const uint8_t *unused;

    (void)signal(SIGPIPE, SIG_IGN);
    open_and_greet(_i);
    close(bed.out_fd);
    bed.out_fd = -1;
    /* The guest does not wait for ever. */
    for (unsigned i = 0; i < 100; i++) {
        console_bed_send(&bed, CONSOLE_BED_OUT, "lost", 4);
        (void)console_bed_await(&bed, tx, &unused);
    }
    ck_assert_int_eq(bed.failed_port, CONSOLE_BED_OUT);
    ck_assert_int_eq(bed.failure, EPIPE);
    console_bed_close(&bed);
}
END_TEST

START_TEST(drained_is_said_when_everything_is_out)
{
    static char page[CONSOLE_BED_SLOT_SIZE];
    const uint8_t *bytes;

    console_bed_open(
        &bed, (struct console_bed_setup){.variation = _i, .owner_asks = true});
    console_bed_greet(&bed);
    ck_assert_int_ge(fcntl(bed.out_fd, F_SETPIPE_SZ, sizeof(page)), 0);
    for (unsigned i = 0; i < 10; i++)
        console_bed_send(&bed, CONSOLE_BED_OUT, page, sizeof(page));
    console_bed_send(&bed, CONSOLE_BED_TALK, "exit", 4);
    console_bed_await_count(&bed.num_received, 4);
    sleep_ms(20);
    ck_assert_uint_eq(bed.num_drained, 0);
    for (unsigned i = 0; i < 10; i++)
        console_bed_read_out(&bed, page, sizeof(page));
    console_bed_await_count(&bed.num_drained, 1);
    console_bed_post(&bed, console_bed_rx(CONSOLE_BED_TALK), 1, 10);
    ck_assert_uint_eq(
        console_bed_await(&bed, console_bed_rx(CONSOLE_BED_TALK), &bytes), 1);
    ck_assert_mem_eq(bytes, ".", 1);
    console_bed_close(&bed);
}
END_TEST

/* ---- Resets ---- */

START_TEST(it_is_reset_in_the_middle)
{
    static char page[CONSOLE_BED_SLOT_SIZE];

    open_bed(_i);
    for (unsigned i = 0; i < 50; i++) {
        console_bed_greet(&bed);
        console_bed_expect_works(&bed);
        console_bed_post(&bed, console_bed_rx(CONSOLE_BED_IN), 3, 100);
        for (unsigned j = 0; j < i % 5; j++)
            console_bed_send(&bed, CONSOLE_BED_OUT, page, sizeof(page));
        ck_assert_int_eq(bed.ops->set_status(bed.backend, 0), 0);
        /* A device that still wrote there would be noticed. */
        memset(bed.mappings[1].host, 0xee, bed.mappings[1].size);
        while (fcntl(bed.out_fd, F_SETFL, O_NONBLOCK) == 0 &&
               read(bed.out_fd, page, sizeof(page)) > 0)
            ;
        ck_assert_int_eq(fcntl(bed.out_fd, F_SETFL, 0), 0);
        console_bed_start(&bed);
    }
    console_bed_close(&bed);
}
END_TEST

START_TEST(a_full_pipe_does_not_outlast_a_reset)
{
    static char page[CONSOLE_BED_SLOT_SIZE], got[CONSOLE_BED_SLOT_SIZE];

    open_and_greet(_i);
    ck_assert_int_ge(fcntl(bed.out_fd, F_SETPIPE_SZ, sizeof(page)), 0);
    memset(page, 'o', sizeof(page));
    for (unsigned i = 0; i < 3; i++)
        console_bed_send(&bed, CONSOLE_BED_OUT, page, sizeof(page));
    sleep_ms(5);
    console_bed_start(&bed);
    console_bed_greet(&bed);
    memset(page, 'n', sizeof(page));
    console_bed_send(&bed, CONSOLE_BED_OUT, page, sizeof(page));
    do
        console_bed_read_out(&bed, got, 1);
    while (got[0] == 'o');
    console_bed_read_out(&bed, got, sizeof(page) - 1);
    ck_assert_mem_eq(got, page, sizeof(page) - 1);
    console_bed_close(&bed);
}
END_TEST

/* ---- Hostile drivers ---- */

START_TEST(messages_that_mean_nothing_are_ignored)
{
    static const uint16_t values[] = {0, 1, 2, 0xffff};
    static const uint32_t ports[] = {0,    1,          2,          3,
                                     0xff, 0x7fffffff, 0x80000000, UINT32_MAX};
    const struct driver_piece piece = {
        console_bed_next_iova(&bed, CONSOLE_BED_CONTROL_TX), 3, false};
    const uint8_t *unused;

    open_and_greet(_i);
    for (unsigned i = 0; i < ARRAY_SIZE(ports); i++)
        for (uint16_t event = 0; event < 12; event++)
            for (unsigned j = 0; j < ARRAY_SIZE(values); j++)
                console_bed_control(&bed, ports[i], event, values[j]);
    /* One that is cut off. */
    console_bed_add(&bed, CONSOLE_BED_CONTROL_TX, &piece, 1);
    (void)console_bed_await(&bed, CONSOLE_BED_CONTROL_TX, &unused);
    ck_assert_uint_eq(console_bed_status(&bed), 15);
    console_bed_start(&bed);
    console_bed_greet(&bed);
    console_bed_expect_works(&bed);
    console_bed_close(&bed);
}
END_TEST

static const unsigned every_queue[] = {0, 1, 2, 3, 4, 5, 6, 7};

/* Where nothing is mapped, or where nothing may be written. */
START_TEST(a_broken_ring_needs_a_reset)
{
    const unsigned queue = every_queue[_i % CONSOLE_BED_NUM_QUEUES];
    const bool is_rx = queue % 2 == 0;
    struct driver_piece piece = {0x70000000, 100, is_rx};

    open_and_greet(_i / CONSOLE_BED_NUM_QUEUES);
    /* Nothing to write is no fault. */
    for (unsigned way = 0; way < (is_rx ? 2 : 1); way++) {
        if (way == 1)
            piece = (struct driver_piece){CONSOLE_BED_DATA_IOVA, 100, false};
        /* Something to be written there. */
        (void)soft_console_send(bed.backend, CONSOLE_BED_TALK, "x", 1);
        ck_assert_int_eq(write(bed.in_fd, "x", 1), 1);
        console_bed_add(&bed, queue, &piece, 1);
        if (queue == CONSOLE_BED_CONTROL_RX)
            console_bed_control(&bed, 0, VIRTIO_CONSOLE_PORT_READY, 1);
        if (queue == console_bed_rx(CONSOLE_BED_OUT))
            break; /* never read */
        console_bed_expect_need_reset(&bed);
        console_bed_start(&bed);
        console_bed_greet(&bed);
    }
    console_bed_close(&bed);
}
END_TEST

START_TEST(a_control_buffer_must_hold_a_message)
{
    open_bed(_i);
    console_bed_control(&bed, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    console_bed_post(&bed, CONSOLE_BED_CONTROL_RX, 1, 7);
    console_bed_expect_need_reset(&bed);
    console_bed_start(&bed);
    console_bed_greet(&bed);
    console_bed_expect_works(&bed);
    console_bed_close(&bed);
}
END_TEST

static void add_of_each(TCase *tcase, const TTest *test)
{
    tcase_add_loop_test(tcase, test, 0, CONSOLE_BED_VARIATIONS);
}

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, it_says_what_it_is);
    add_of_each(tcase, ports_are_added_named_and_opened);
    add_of_each(tcase, a_message_waits_for_a_buffer);
    add_of_each(tcase, a_driver_without_multiport_has_port_0);
    add_of_each(tcase, nothing_is_read_before_a_program_opens_the_port);
    add_of_each(tcase, small_buffers_get_it_all);
    add_of_each(tcase, the_end_of_the_file_closes_the_port);
    add_of_each(tcase, what_does_not_fit_is_taken_once_there_is_room);
    add_of_each(tcase, a_reader_that_does_not_read_makes_the_guest_wait);
    add_of_each(tcase, nobody_reads_any_more);
    add_of_each(tcase, drained_is_said_when_everything_is_out);
    add_of_each(tcase, it_is_reset_in_the_middle);
    add_of_each(tcase, a_full_pipe_does_not_outlast_a_reset);
    add_of_each(tcase, messages_that_mean_nothing_are_ignored);
    add_of_each(tcase, a_control_buffer_must_hold_a_message);
    tcase_add_loop_test(tcase, a_broken_ring_needs_a_reset, 0,
                        CONSOLE_BED_VARIATIONS * CONSOLE_BED_NUM_QUEUES);
}

int main(void)
{
    return check_main("soft_console", add_tests);
}
