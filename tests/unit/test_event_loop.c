/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_event_loop.c: which callbacks run, and when the loop ends.
 */
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "vmm/event_loop.h"
#include "vmm/fd.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* An eventfd whose signals are counted. */
struct counter {
    struct event_source source;
    atomic_uint calls;
    unsigned stop_after; /* calls; 0: never */
    uint32_t last_events;
    struct counter *removes; /* takes this one off the loop */
};

static struct event_loop loop;

static void count(void *owner, uint32_t events)
{
    struct counter *counter = owner;
    eventfd_t value;
    unsigned calls;

    counter->last_events = events;
    /* Before it is counted: who waits for the count then signals again. */
    ck_assert_int_eq(eventfd_read(counter->source.fd, &value), 0);
    calls = atomic_fetch_add(&counter->calls, 1) + 1;
    if (counter->removes)
        event_loop_remove(&loop, &counter->removes->source);
    if (calls == counter->stop_after)
        event_loop_stop(&loop);
}

static void counter_init(struct counter *counter)
{
    *counter = (struct counter){
        .source = {.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                   .events = EPOLLIN,
                   .ready = count,
                   .owner = counter},
    };
    ck_assert_int_ge(counter->source.fd, 0);
}

static void signal_counter(const struct counter *counter)
{
    ck_assert_int_eq(eventfd_write(counter->source.fd, 1), 0);
}

static void *run(void *argument)
{
    (void)argument;
    ck_assert_int_eq(event_loop_run(&loop), 0);
    return NULL;
}

static void setup(void)
{
    ck_assert_int_eq(event_loop_init(&loop), 0);
}

static void teardown(void)
{
    event_loop_destroy(&loop);
}

START_TEST(ready_source_is_called_with_its_events)
{
    struct counter counter;

    counter_init(&counter);
    counter.stop_after = 1;
    ck_assert_int_eq(event_loop_add(&loop, &counter.source), 0);
    signal_counter(&counter);
    ck_assert_int_eq(event_loop_run(&loop), 0);
    ck_assert_uint_eq(counter.calls, 1);
    ck_assert_uint_eq(counter.last_events, EPOLLIN);
    close_fd(&counter.source.fd);
}
END_TEST

START_TEST(source_is_called_as_long_as_it_is_ready)
{
    struct counter counter;

    counter_init(&counter);
    close_fd(&counter.source.fd);
    /* Each read takes one off: ready three times. */
    counter.source.fd = eventfd(3, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
    counter.stop_after = 3;
    ck_assert_int_eq(event_loop_add(&loop, &counter.source), 0);
    ck_assert_int_eq(event_loop_run(&loop), 0);
    ck_assert_uint_eq(counter.calls, 3);
    close_fd(&counter.source.fd);
}
END_TEST

/* Always ready: the callback takes nothing. */
static void greedy(void *owner, uint32_t events)
{
    (void)owner;
    (void)events;
}

START_TEST(busy_source_does_not_starve_another)
{
    struct event_source busy = {
        .fd = eventfd(1, EFD_CLOEXEC), .events = EPOLLIN, .ready = greedy};
    struct counter counter;

    counter_init(&counter);
    counter.stop_after = 1;
    ck_assert_int_eq(event_loop_add(&loop, &busy), 0);
    ck_assert_int_eq(event_loop_add(&loop, &counter.source), 0);
    signal_counter(&counter);
    ck_assert_int_eq(event_loop_run(&loop), 0);
    ck_assert_uint_eq(counter.calls, 1);
    close_fd(&busy.fd);
    close_fd(&counter.source.fd);
}
END_TEST

START_TEST(removed_source_is_not_called)
{
    struct counter removed, counter;

    counter_init(&removed);
    counter_init(&counter);
    counter.stop_after = 1;
    ck_assert_int_eq(event_loop_add(&loop, &removed.source), 0);
    ck_assert_int_eq(event_loop_add(&loop, &counter.source), 0);
    signal_counter(&removed);
    event_loop_remove(&loop, &removed.source);
    signal_counter(&counter);
    ck_assert_int_eq(event_loop_run(&loop), 0);
    ck_assert_uint_eq(removed.calls, 0);
    close_fd(&removed.source.fd);
    close_fd(&counter.source.fd);
}
END_TEST

START_TEST(callback_may_remove_a_source_that_is_ready_too)
{
    struct counter one, other, last;

    counter_init(&one);
    counter_init(&other);
    counter_init(&last);
    one.removes = &other;
    other.removes = &one;
    last.stop_after = 1;
    ck_assert_int_eq(event_loop_add(&loop, &one.source), 0);
    ck_assert_int_eq(event_loop_add(&loop, &other.source), 0);
    ck_assert_int_eq(event_loop_add(&loop, &last.source), 0);
    signal_counter(&one);
    signal_counter(&other);
    signal_counter(&last);
    ck_assert_int_eq(event_loop_run(&loop), 0);
    /* Whichever came first took the other off. */
    ck_assert_uint_eq(one.calls + other.calls, 1);
    close_fd(&one.source.fd);
    close_fd(&other.source.fd);
    close_fd(&last.source.fd);
}
END_TEST

START_TEST(removing_an_absent_source_changes_nothing)
{
    struct counter counter;
    struct event_source closed = {.fd = -1, .events = EPOLLIN};

    counter_init(&counter);
    event_loop_remove(&loop, &counter.source);
    event_loop_remove(&loop, &closed);
    ck_assert_int_eq(event_loop_add(&loop, &counter.source), 0);
    event_loop_remove(&loop, &counter.source);
    event_loop_remove(&loop, &counter.source);
    close_fd(&counter.source.fd);
}
END_TEST

START_TEST(source_cannot_be_added_twice_and_says_why)
{
    struct log_capture capture;
    struct event_source closed = {.fd = -1, .events = EPOLLIN};
    struct counter counter;

    counter_init(&counter);
    log_capture_start(&capture);
    ck_assert_int_eq(event_loop_add(&loop, &counter.source), 0);
    ck_assert_int_eq(event_loop_add(&loop, &counter.source), -EEXIST);
    ck_assert_int_eq(event_loop_add(&loop, &closed), -EBADF);
    log_capture_stop();
    ck_assert_uint_eq(capture.lines, 2);
    ck_assert_ptr_nonnull(strstr(capture.last, strerror(EBADF)));
    close_fd(&counter.source.fd);
}
END_TEST

START_TEST(stop_before_run_is_not_lost)
{
    event_loop_stop(&loop);
    event_loop_stop(&loop);
    ck_assert_int_eq(event_loop_run(&loop), 0);
}
END_TEST

START_TEST(stop_wakes_a_waiting_loop)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
    event_loop_stop(&loop);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

START_TEST(destroy_may_be_called_twice)
{
    event_loop_destroy(&loop);
    event_loop_destroy(&loop);
    ck_assert_int_eq(loop.epoll_fd, -1);
    ck_assert_int_eq(loop.wake_fd, -1);
}
END_TEST

#define ROUNDS 500U

/* Adds, signals and removes its own source again and again. */
static void *come_and_go(void *argument)
{
    struct counter *counter = argument;

    for (unsigned i = 0; i < ROUNDS; i++) {
        ck_assert_int_eq(event_loop_add(&loop, &counter->source), 0);
        signal_counter(counter);
        while (atomic_load(&counter->calls) <= i)
            sched_yield();
        event_loop_remove(&loop, &counter->source);
    }
    return NULL;
}

START_TEST(sources_come_and_go_from_other_threads)
{
    struct counter counters[2];
    pthread_t users[2], thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(users); i++) {
        counter_init(&counters[i]);
        ck_assert_int_eq(
            pthread_create(&users[i], NULL, come_and_go, &counters[i]), 0);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(users); i++)
        ck_assert_int_eq(pthread_join(users[i], NULL), 0);
    event_loop_stop(&loop);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(users); i++) {
        ck_assert_uint_eq(counters[i].calls, ROUNDS);
        close_fd(&counters[i].source.fd);
    }
}
END_TEST

/* A source that is gone with the end of each round. */
static void *add_and_forget(void *argument)
{
    struct counter *counter = argument;

    for (unsigned i = 0; i < ROUNDS; i++) {
        counter_init(counter);
        ck_assert_int_eq(event_loop_add(&loop, &counter->source), 0);
        signal_counter(counter);
        if (i % 2)
            sched_yield();
        event_loop_remove(&loop, &counter->source);
        event_loop_wait_idle(&loop);
        close_fd(&counter->source.fd);
        memset(counter, 0, sizeof(*counter));
    }
    return NULL;
}

START_TEST(removed_source_may_end_when_the_loop_was_waited_for)
{
    struct counter counters[2];
    pthread_t users[2], thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(users); i++)
        ck_assert_int_eq(
            pthread_create(&users[i], NULL, add_and_forget, &counters[i]), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(users); i++)
        ck_assert_int_eq(pthread_join(users[i], NULL), 0);
    event_loop_stop(&loop);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

static void wait_in_callback(void *owner, uint32_t events)
{
    (void)events;
    event_loop_wait_idle(&loop);
    count(owner, events);
}

START_TEST(nobody_waits_for_a_loop_in_its_callback_or_for_one_that_stands)
{
    struct counter counter;

    event_loop_wait_idle(&loop);
    counter_init(&counter);
    counter.source.ready = wait_in_callback;
    counter.stop_after = 1;
    ck_assert_int_eq(event_loop_add(&loop, &counter.source), 0);
    signal_counter(&counter);
    ck_assert_int_eq(event_loop_run(&loop), 0);
    ck_assert_uint_eq(counter.calls, 1);
    event_loop_wait_idle(&loop);
    close_fd(&counter.source.fd);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, ready_source_is_called_with_its_events);
    tcase_add_test(tcase, source_is_called_as_long_as_it_is_ready);
    tcase_add_test(tcase, busy_source_does_not_starve_another);
    tcase_add_test(tcase, removed_source_is_not_called);
    tcase_add_test(tcase, callback_may_remove_a_source_that_is_ready_too);
    tcase_add_test(tcase, removing_an_absent_source_changes_nothing);
    tcase_add_test(tcase, source_cannot_be_added_twice_and_says_why);
    tcase_add_test(tcase, stop_before_run_is_not_lost);
    tcase_add_test(tcase, stop_wakes_a_waiting_loop);
    tcase_add_test(tcase, destroy_may_be_called_twice);
    tcase_add_test(tcase, sources_come_and_go_from_other_threads);
    tcase_add_test(tcase, removed_source_may_end_when_the_loop_was_waited_for);
    tcase_add_test(
        tcase, nobody_waits_for_a_loop_in_its_callback_or_for_one_that_stands);
}

int main(void)
{
    return check_main("event_loop", add_tests);
}
