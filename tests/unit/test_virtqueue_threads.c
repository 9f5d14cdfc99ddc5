/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_virtqueue_threads.c: driver and device at the same time, each asleep
 * whenever it has nothing to do.
 *
 * A wake-up that is lost leaves one of them asleep until its poll() times
 * out; data that is seen too early or too late is wrong. The thread sanitizer
 * sees the ring's acquire and release pairs here.
 */
#include "tests/support/check_main.h"
#include "tests/support/queue_bed.h"
#include "vdpa/ring_memory.h"
#include "vmm/bytes.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define NUM_BUFFERS      100000
#define PATIENCE_SECONDS 20 /* of a busy machine, under a sanitizer */
/* What is written is what was read, turned so. */
#define ANSWER(token) (~(token))

static struct queue_bed bed;
static int kick_fd, call_fd;
static _Atomic(const char *) failure; /* the first one's words */

static bool give_up(const char *words)
{
    const char *none = NULL;

    atomic_compare_exchange_strong(&failure, &none, words);
    return false;
}

static bool has_failed(void)
{
    return atomic_load(&failure) != NULL;
}

/* False when nobody wakes us. */
static bool sleep_on(int fd, const char *words)
{
    struct pollfd event = {.fd = fd, .events = POLLIN};
    eventfd_t count;
    int seconds = 0;

    while (poll(&event, 1, 1000) == 0)
        if (has_failed() || ++seconds == PATIENCE_SECONDS)
            return give_up(words);
    (void)eventfd_read(fd, &count);
    return true;
}

/* ---- The device ---- */

static bool take_next(uint64_t token)
{
    uint64_t read = 0, answer = ANSWER(token);

    while (!virtqueue_take(&bed.queue, &bed.chain)) {
        if (bed.queue.is_broken)
            return give_up(bed.queue.fault);
        if (virtqueue_want_kicks(&bed.queue, true))
            continue;
        if (!sleep_on(kick_fd, "the device was not kicked"))
            return false;
        /* Every other time, so that kicks also come while awake. */
        if (token % 2)
            (void)virtqueue_want_kicks(&bed.queue, false);
    }
    if (virtqueue_read(&bed.chain, 0, &read, sizeof(read)) != sizeof(read) ||
        read != token)
        return give_up("the device took something else");
    if (virtqueue_write(&bed.chain, 0, &answer, sizeof(answer)) !=
        sizeof(answer))
        return give_up("the device could not answer");
    return true;
}

/* Returns buffers in pairs, both at once. */
static void *run_device(void *unused)
{
    struct virtqueue_buffer pair[2];

    (void)unused;
    for (uint64_t token = 0; token < NUM_BUFFERS; token += 2) {
        for (unsigned i = 0; i < 2; i++) {
            if (!take_next(token + i))
                return NULL;
            pair[i] = bed.chain.buffer;
            pair[i].written = sizeof(token);
        }
        virtqueue_return(&bed.queue, pair, 2);
        if (virtqueue_should_signal(&bed.queue))
            (void)eventfd_write(call_fd, 1);
    }
    return NULL;
}

/* ---- The driver ---- */

/* The words that a buffer's two pieces are. */
static uint64_t iova_of(uint64_t token)
{
    return QUEUE_BED_DATA + 16 * (token % DRIVER_RING_MAX_SIZE);
}

static bool add_next(uint64_t token)
{
    const struct driver_piece pieces[] = {
        {.iova = iova_of(token), .length = 8},
        {.iova = iova_of(token) + 8, .length = 8, .writable = true},
    };
    uint8_t *host = iova_map_at(&bed.map, iova_of(token), 16);

    /* Not before it is known to be free. */
    if (bed.driver.num_free < 2)
        return false;
    store_le64(host, token);
    store_le64(host + 8, 0);
    return driver_ring_add(&bed.driver, pieces, 2, token);
}

static bool collect_next(uint64_t token)
{
    const uint8_t *host = iova_map_at(&bed.map, iova_of(token) + 8, 8);
    struct driver_used used;

    if (!driver_ring_collect(&bed.driver, &used))
        return false;
    if (used.token != token || used.written != sizeof(token) ||
        load_le64(host) != ANSWER(token))
        return give_up("the driver got something else back");
    return true;
}

/* Returns how many came. */
static unsigned collect_all(uint64_t *next)
{
    unsigned count = 0;

    while (collect_next(*next)) {
        ++*next;
        count++;
        if (*next % 2 == 0)
            continue;
        if (!collect_next(*next)) {
            give_up("half of a pair was visible");
            break;
        }
        ++*next;
        count++;
    }
    return count;
}

static void run_driver(void)
{
    uint64_t added = 0, collected = 0;

    while (collected < NUM_BUFFERS && !has_failed()) {
        while (added < NUM_BUFFERS && add_next(added)) {
            added++;
            if (driver_ring_should_kick(&bed.driver))
                (void)eventfd_write(kick_fd, 1);
        }
        if (collect_all(&collected) > 0 ||
            driver_ring_want_signals(&bed.driver, true))
            continue;
        if (!sleep_on(call_fd, "the driver was not signalled"))
            return;
        if (collected % 4 == 0)
            (void)driver_ring_want_signals(&bed.driver, false);
    }
}

/* A long queue, where they seldom sleep, and one where they always do. */
static void check_both_sides(int variation, uint16_t size)
{
    pthread_t device;

    queue_bed_open(&bed, queue_bed_setup(variation, size));
    atomic_store(&failure, NULL);
    kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ck_assert_int_eq(pthread_create(&device, NULL, run_device, NULL), 0);
    run_driver();
    ck_assert_int_eq(pthread_join(device, NULL), 0);
    ck_assert_msg(!has_failed(), "%s", atomic_load(&failure));
    ck_assert_msg(bed.driver.fault == NULL, "%s", bed.driver.fault);
    (void)close(kick_fd);
    (void)close(call_fd);
    queue_bed_close(&bed);
}

START_TEST(long_queue_carries_100000_buffers)
{
    check_both_sides(_i, 256);
}
END_TEST

START_TEST(short_queue_loses_no_wake_up)
{
    check_both_sides(_i, 4);
}
END_TEST

/* ---- One side's wish against the other's deed ---- */

/*
 * Each round, one side says that it wants to be told and looks once more,
 * while the other does something and looks whether it must tell. One of the
 * two has to notice. Without a full fence on either side a processor lets the
 * look overtake the store, and now and then neither does: how often depends
 * on the machine, so a wrong fence is found within some runs, not in each.
 */
#define MAX_ROUNDS 100000U
#define MAX_TIME   1.0 /* seconds, for a machine that is busy */
#define LAST_ROUND UINT_MAX

static atomic_uint round_begun, round_ended;
static bool device_noticed; /* of a round that has ended */

static void spin_until(atomic_uint *number, unsigned value)
{
    for (unsigned i = 1; atomic_load(number) != value; i++)
        if (i % 65536 == 0)
            (void)sched_yield();
}

/* Now the one is earlier, now the other. */
static void linger(unsigned count)
{
    for (volatile unsigned i = 0; i < count;)
        i++;
}

/* Has the device's core fetch what it will look at. Its look is then done at
 * once, while its store still waits for the memory that the driver wrote. */
static void fetch(void)
{
    (void)ring_load16(bed.driver.driver);
    if (bed.queue.is_packed)
        (void)ring_load16(bed.driver.desc + 14);
}

static bool await_round(unsigned *number)
{
    unsigned last = *number;

    for (unsigned i = 1; *number == last; i++) {
        *number = atomic_load(&round_begun);
        if (i % 65536 == 0)
            (void)sched_yield();
    }
    fetch();
    linger(*number % 256);
    return *number != LAST_ROUND;
}

static void *want_kicks_each_round(void *unused)
{
    unsigned number = 0;

    (void)unused;
    while (await_round(&number)) {
        device_noticed = virtqueue_want_kicks(&bed.queue, true);
        atomic_store(&round_ended, number);
    }
    return NULL;
}

static void *return_each_round(void *unused)
{
    unsigned number = 0;

    (void)unused;
    while (await_round(&number)) {
        virtqueue_return(&bed.queue, &bed.chain.buffer, 1);
        device_noticed = virtqueue_should_signal(&bed.queue);
        atomic_store(&round_ended, number);
    }
    return NULL;
}

static void begin_round(unsigned number)
{
    atomic_store(&round_begun, number);
    linger(number / 256 % 64);
}

/* For claims made very often: libcheck's own note each one in a pipe. */
static void require(bool claim, const char *words)
{
    if (!claim)
        ck_abort_msg("not so: %s", words);
}

static void add_one(void)
{
    const struct driver_piece piece = {.iova = QUEUE_BED_DATA, .length = 1};

    require(driver_ring_add(&bed.driver, &piece, 1, 0), "there is room");
}

/* Between rounds the device does nothing, so that this thread may act. */
static void take_one(void)
{
    require(virtqueue_take(&bed.queue, &bed.chain), "there is one");
}

static void collect_one(void)
{
    struct driver_used used;

    require(driver_ring_collect(&bed.driver, &used), "it is back");
}

static bool new_buffer_is_missed(unsigned number)
{
    bool kicked;

    (void)virtqueue_want_kicks(&bed.queue, false);
    begin_round(number);
    add_one();
    kicked = driver_ring_should_kick(&bed.driver);
    spin_until(&round_ended, number);
    take_one();
    virtqueue_return(&bed.queue, &bed.chain.buffer, 1);
    collect_one();
    return !kicked && !device_noticed;
}

static bool returned_buffer_is_missed(unsigned number)
{
    bool seen;

    (void)driver_ring_want_signals(&bed.driver, false);
    add_one();
    take_one();
    begin_round(number);
    seen = driver_ring_want_signals(&bed.driver, true);
    spin_until(&round_ended, number);
    collect_one();
    return !seen && !device_noticed;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void check_rounds(int variation, void *(*device_side)(void *),
                         bool (*is_missed)(unsigned number))
{
    double end = now() + MAX_TIME;
    unsigned missed = 0;
    pthread_t device;

    queue_bed_open(&bed, queue_bed_setup(variation, 4));
    (void)virtqueue_should_signal(&bed.queue);
    atomic_store(&round_begun, 0);
    atomic_store(&round_ended, 0);
    ck_assert_int_eq(pthread_create(&device, NULL, device_side, NULL), 0);
    for (unsigned i = 1; i <= MAX_ROUNDS && (i % 64 || now() < end); i++)
        missed += is_missed(i);
    atomic_store(&round_begun, LAST_ROUND);
    ck_assert_int_eq(pthread_join(device, NULL), 0);
    ck_assert_uint_eq(missed, 0);
    queue_bed_close(&bed);
}

START_TEST(new_buffer_is_noticed_by_one_side)
{
    check_rounds(_i, want_kicks_each_round, new_buffer_is_missed);
}
END_TEST

START_TEST(returned_buffer_is_noticed_by_one_side)
{
    check_rounds(_i, return_each_round, returned_buffer_is_missed);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, long_queue_carries_100000_buffers, 0,
                        QUEUE_BED_VARIATIONS);
    tcase_add_loop_test(tcase, short_queue_loses_no_wake_up, 0,
                        QUEUE_BED_VARIATIONS);
    /* Indirect tables change nothing here. */
    tcase_add_loop_test(tcase, new_buffer_is_noticed_by_one_side, 0, 4);
    tcase_add_loop_test(tcase, returned_buffer_is_noticed_by_one_side, 0, 4);
}

int main(void)
{
    return check_main("virtqueue_threads", add_tests);
}
