/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_soft_console_owner.c: an owner of the software console device that
 * answers at once to what it is told, and a device that is suspended.
 */
#include "tests/support/check_main.h"
#include "tests/support/console_bed.h"
#include "tests/support/sleep_ms.h"
#include "vdpa/soft_device.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct console_bed bed;

static void open_and_greet(struct console_bed_setup setup)
{
    console_bed_open(&bed, setup);
    console_bed_greet(&bed);
}

/* Claims that the guest reads that next on the port "talk". */
static void expect_talk(const char *text)
{
    const uint8_t *bytes;

    ck_assert_uint_eq(
        console_bed_await(&bed, console_bed_rx(CONSOLE_BED_TALK), &bytes),
        strlen(text));
    ck_assert_mem_eq(bytes, text, strlen(text));
}

/* ---- Answers ---- */

/* The buffers of both queues differ in their numbers from here on. */
static void open_with_answers(int variation)
{
    open_and_greet((struct console_bed_setup){.variation = variation,
                                              .owner_answers = true});
    console_bed_post(&bed, console_bed_rx(CONSOLE_BED_TALK), 8, 100);
    ck_assert_uint_eq(soft_console_send(bed.backend, CONSOLE_BED_TALK, "a", 1),
                      1);
    expect_talk("a");
}

START_TEST(what_is_received_may_be_answered_at_once)
{
    const uint8_t *unused;

    open_with_answers(_i);
    for (unsigned i = 0; i < 5; i++) {
        console_bed_send(&bed, CONSOLE_BED_TALK, "hello", 5);
        (void)console_bed_await(&bed, console_bed_tx(CONSOLE_BED_TALK),
                                &unused);
        expect_talk("!");
    }
    ck_assert_mem_eq(bed.received, "hellohello", 10);
    console_bed_close(&bed);
}
END_TEST

START_TEST(a_reader_that_has_gone_may_be_answered_at_once)
{
    const uint8_t *unused;

    (void)signal(SIGPIPE, SIG_IGN);
    open_with_answers(_i);
    close(bed.out_fd);
    bed.out_fd = -1;
    for (unsigned i = 0; i < 5; i++) {
        console_bed_send(&bed, CONSOLE_BED_OUT, "lost", 4);
        (void)console_bed_await(&bed, console_bed_tx(CONSOLE_BED_OUT), &unused);
    }
    expect_talk("!"); /* once */
    ck_assert(
        !console_bed_has_returned(&bed, console_bed_rx(CONSOLE_BED_TALK)));
    console_bed_close(&bed);
}
END_TEST

START_TEST(room_may_be_filled_at_once)
{
    static char text[SOFT_CONSOLE_MAX_WAITING + 1];
    const unsigned rx = console_bed_rx(CONSOLE_BED_TALK);
    const uint8_t *bytes;

    open_and_greet(
        (struct console_bed_setup){.variation = _i, .owner_answers = true});
    memset(text, 'x', sizeof(text));
    ck_assert_uint_eq(
        soft_console_send(bed.backend, CONSOLE_BED_TALK, text, sizeof(text)),
        SOFT_CONSOLE_MAX_WAITING);
    console_bed_post(&bed, rx, 4, 4000);
    ck_assert_uint_eq(console_bed_await(&bed, rx, &bytes), 4000);
    ck_assert_mem_eq(bytes, text, 4000);
    /* Behind what waited before it. */
    ck_assert_uint_eq(console_bed_await(&bed, rx, &bytes), 97);
    ck_assert_mem_eq(bytes, text, 96);
    ck_assert_uint_eq(bytes[96], '!');
    ck_assert_uint_eq(bed.num_rooms, 1);
    console_bed_close(&bed);
}
END_TEST

/* ---- Suspended ---- */

static void suspend(void)
{
    ck_assert_int_eq(bed.ops->suspend(bed.backend), 0);
}

static void resume(void)
{
    ck_assert_int_eq(bed.ops->resume(bed.backend), 0);
    for (unsigned i = 0; i < CONSOLE_BED_NUM_QUEUES; i++)
        ck_assert_int_eq(eventfd_write(bed.kick_fds[i], 1), 0);
}

/* Claims that, sooner or later, the device waits for nothing that is there. */
static void expect_sleep(void)
{
    const struct soft_device *device =
        container_of(bed.backend, struct soft_device, backend);
    struct pollfd loop = {.fd = device->loop.epoll_fd, .events = POLLIN};
    unsigned tries = 0;

    while (poll(&loop, 1, 0) == 1) {
        ck_assert_msg(tries++ < 2000, "the device's thread never sleeps");
        sleep_ms(1);
    }
}

START_TEST(input_waits_for_a_suspended_device)
{
    open_and_greet((struct console_bed_setup){.variation = _i});
    console_bed_expect_works(&bed);
    suspend();
    ck_assert_int_eq(write(bed.in_fd, "later", 5), 5);
    expect_sleep();
    resume();
    {
        const unsigned rx = console_bed_rx(CONSOLE_BED_IN);
        const uint8_t *bytes;

        console_bed_post(&bed, rx, 1, 100);
        ck_assert_uint_eq(console_bed_await(&bed, rx, &bytes), 5);
        ck_assert_mem_eq(bytes, "later", 5);
    }
    console_bed_expect_works(&bed);
    console_bed_close(&bed);
}
END_TEST

START_TEST(a_reader_that_reads_meanwhile_gets_the_rest_later)
{
    static char page[CONSOLE_BED_SLOT_SIZE], got[CONSOLE_BED_SLOT_SIZE];
    const unsigned tx = console_bed_tx(CONSOLE_BED_OUT);
    const uint8_t *unused;

    open_and_greet((struct console_bed_setup){.variation = _i});
    ck_assert_int_ge(fcntl(bed.out_fd, F_SETPIPE_SZ, sizeof(page)), 0);
    memset(page, 'p', sizeof(page));
    for (unsigned i = 0; i < 2; i++)
        console_bed_send(&bed, CONSOLE_BED_OUT, page, sizeof(page));
    (void)console_bed_await(&bed, tx, &unused);
    suspend();
    console_bed_read_out(&bed, got, sizeof(got));
    expect_sleep();
    ck_assert(!console_bed_has_returned(&bed, tx));
    resume();
    console_bed_read_out(&bed, got, sizeof(got));
    ck_assert_mem_eq(got, page, sizeof(page));
    (void)console_bed_await(&bed, tx, &unused);
    console_bed_close(&bed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    const TTest *const claims[] = {
        what_is_received_may_be_answered_at_once,
        a_reader_that_has_gone_may_be_answered_at_once,
        room_may_be_filled_at_once,
        input_waits_for_a_suspended_device,
        a_reader_that_reads_meanwhile_gets_the_rest_later,
    };

    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        tcase_add_loop_test(tcase, claims[i], 0, CONSOLE_BED_VARIATIONS);
}

int main(void)
{
    return check_main("soft_console_owner", add_tests);
}
