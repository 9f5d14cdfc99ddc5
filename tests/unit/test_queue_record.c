/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_queue_record.c: a device that dies amid a packed ring, and its
 * successor.
 */
#include "vdpa/queue_record.h"

#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/queue_bed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE 8U /* descriptors */

/* ---- Positions ---- */

static struct queue_bed bed;
static struct queue_record record;

/* The device that comes next, where the record leads it. */
static void succeed(void)
{
    const uint8_t *descriptors = driver_ring_descriptor(&bed.driver, 0);
    struct vdpa_queue queue = driver_ring_queue(&bed.driver);
    uint32_t position = queue_record_resume(&record, descriptors, SIZE);

    ck_assert_int_eq(virtqueue_init(&bed.queue, &queue,
                                    driver_ring_features(&bed.driver), position,
                                    &bed.map),
                     0);
    record = (struct queue_record){position, position};
}

enum death {
    BEFORE_THE_RETURN,
    AFTER_THE_RETURN,
    LATER,
    NUM_DEATHS
};

/* Takes so many buffers and dies while it returns them. */
static void work_and_die(unsigned count, enum death death)
{
    struct virtqueue_buffer buffers[SIZE];

    for (unsigned i = 0; i < count; i++) {
        buffers[i] = queue_bed_take(&bed);
        buffers[i].written = 0;
    }
    queue_record_begin(&record, SIZE, count);
    if (death == BEFORE_THE_RETURN)
        return;
    virtqueue_return(&bed.queue, buffers, count);
    if (death == AFTER_THE_RETURN)
        return;
    queue_record_end(&record);
    ck_assert_uint_eq(record.position, virtqueue_position(&bed.queue));
}

/* At each slot of the ring, with each wrap counter. */
START_TEST(no_buffer_is_lost_or_returned_twice)
{
    const unsigned count = (unsigned)_i / NUM_DEATHS + 1;
    const enum death death = (enum death)(_i % NUM_DEATHS);
    uint64_t token = 0;

    queue_bed_open(&bed,
                   (struct driver_ring_setup){.size = SIZE, .packed = true});
    record =
        (struct queue_record){VIRTQUEUE_PACKED_START, VIRTQUEUE_PACKED_START};
    for (unsigned round = 0; round < 5 * SIZE; round++, token += count) {
        for (unsigned i = 0; i < count; i++)
            queue_bed_add(&bed, token + i);
        work_and_die(count, death);
        succeed();
        if (death == BEFORE_THE_RETURN)
            work_and_die(count, LATER);
        for (unsigned i = 0; i < count; i++)
            queue_bed_collect(&bed, token + i);
        ck_assert(!virtqueue_take(&bed.queue, &bed.chain));
    }
    queue_bed_close(&bed);
}
END_TEST

/* Whoever wrote it, the ring is not read beside its end. */
START_TEST(a_position_outside_the_ring_is_nobodys)
{
    static const uint8_t descriptors[16 * SIZE];
    static const uint32_t wild[] = {SIZE << 16, 0x7fffU << 16, UINT32_MAX,
                                    0xfffeU << 16};

    for (unsigned i = 0; i < ARRAY_SIZE(wild); i++) {
        record = (struct queue_record){.position = wild[i], .next = 1};
        ck_assert_uint_eq(queue_record_resume(&record, descriptors, SIZE),
                          wild[i]);
    }
}
END_TEST

/* ---- Where they are kept ---- */

static struct queue_records records;
static struct log_capture capture;
static char name[64];

static void setup(void)
{
    log_capture_start(&capture);
    (void)snprintf(name, sizeof(name), "test-%d", getpid());
}

static void teardown(void)
{
    queue_records_close(&records, true);
    queue_records_close(&records, true); /* may be called twice */
    log_capture_stop();
}

static bool has_file(void)
{
    char file[96];
    int fd;

    (void)snprintf(file, sizeof(file), "/vmm-vduse-%s", name);
    fd = shm_open(file, O_RDONLY | O_CLOEXEC, 0);
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

START_TEST(records_outlive_the_process_that_kept_them)
{
    ck_assert_int_eq(queue_records_open(&records, name), 0);
    ck_assert_uint_eq(records.queues[0].position, 0);
    records.queues[QUEUE_RECORD_MAX_QUEUES - 1].position = 42;
    queue_records_close(&records, false);
    ck_assert(has_file());
    ck_assert_int_eq(queue_records_open(&records, name), 0);
    ck_assert_uint_eq(records.queues[QUEUE_RECORD_MAX_QUEUES - 1].position, 42);
    queue_records_close(&records, true);
    ck_assert(!has_file());
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

/* They decide where we write in a ring. */
START_TEST(records_that_others_can_write_are_refused)
{
    char path[96];

    ck_assert_int_eq(queue_records_open(&records, name), 0);
    queue_records_close(&records, false);
    (void)snprintf(path, sizeof(path), "/dev/shm/vmm-vduse-%s", name);
    ck_assert_int_eq(chmod(path, _i ? 0660 : 0606), 0);
    ck_assert_int_eq(queue_records_open(&records, name), -EPERM);
    ck_assert_ptr_null(records.queues);
    ck_assert_ptr_nonnull(strstr(capture.last, "no permission"));
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(a_name_that_is_no_file_is_refused)
{
    ck_assert_int_ne(queue_records_open(&records, "a/b"), 0);
    ck_assert_ptr_null(records.queues);
    ck_assert_uint_eq(capture.lines, 1);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, no_buffer_is_lost_or_returned_twice, 0,
                        NUM_DEATHS * (int)SIZE);
    tcase_add_test(tcase, a_position_outside_the_ring_is_nobodys);
    tcase_add_test(tcase, records_outlive_the_process_that_kept_them);
    tcase_add_loop_test(tcase, records_that_others_can_write_are_refused, 0, 2);
    tcase_add_test(tcase, a_name_that_is_no_file_is_refused);
}

int main(void)
{
    return check_main("queue_record", add_tests);
}
