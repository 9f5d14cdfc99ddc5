/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_soft_block_faults.c: a software disk that must not be written to, whose
 * file fails, or whose driver is broken.
 */
#include "tests/support/block_bed.h"
#include "tests/support/check_main.h"
#include "tests/support/loop_steps.h"
#include "tests/support/open_fds.h"
#include "vdpa/soft_block_private.h"
#include "vmm/bytes.h"

#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define FEATURE(bit) (1ULL << (bit))
#define CAPACITY     BLOCK_BED_SECTORS

static struct block_bed bed;

static void open_bed(int variation)
{
    block_bed_open(&bed, (struct block_bed_setup){.variation = variation});
}

/* Whether data that were read are those of the file from `offset` on. */
static bool data_are_from(uint64_t offset, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        if (bed.data[i] != block_bed_pattern(offset + i))
            return false;
    return true;
}

static void set_segment(unsigned index, uint64_t sector, uint32_t count,
                        uint32_t flags)
{
    uint8_t *segment = bed.data + 16 * (size_t)index;

    store_le64(segment, sector);
    store_le32(segment + 8, count);
    store_le32(segment + 12, flags);
}

/* ---- Read-only disks and snapshots ---- */

static void ask_for_changes(uint8_t status)
{
    memset(bed.data, 0xee, 512);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_OUT, 2, 512, 0), status);
    set_segment(0, 4, 4, 0);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_WRITE_ZEROES, 0, 16, 0),
                      status);
    set_segment(0, 16, 16, 0);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_DISCARD, 0, 16, 0),
                      status);
    ck_assert(
        block_bed_file_is(&bed, 0, CAPACITY * 512ULL, BLOCK_BED_UNCHANGED));
}

START_TEST(nothing_is_written_to_a_read_only_disk)
{
    block_bed_open(
        &bed, (struct block_bed_setup){.variation = _i, .is_read_only = true});
    ask_for_changes(VIRTIO_BLK_S_IOERR);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_FLUSH, 0, 0, 0),
                      VIRTIO_BLK_S_OK);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_IN, 2, 0, 512),
                      VIRTIO_BLK_S_OK);
    ck_assert(data_are_from(2ULL * 512, 512));
    block_bed_close(&bed);
}
END_TEST

START_TEST(a_snapshot_has_what_was_written_and_the_file_has_not)
{
    block_bed_open(
        &bed, (struct block_bed_setup){.variation = _i, .is_snapshot = true});
    ask_for_changes(VIRTIO_BLK_S_OK);
    /* Also after a reset of the guest. */
    block_bed_restart(&bed);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_IN, 0, 0, 24 * 512),
                      VIRTIO_BLK_S_OK);
    for (unsigned i = 0; i < 24 * 512; i++) {
        unsigned sector = i / 512;
        uint8_t expected = block_bed_pattern(i);

        if (sector == 2)
            expected = 0xee;
        else if (sector >= 4 && sector < 8)
            expected = 0;
        ck_assert_msg(bed.data[i] == expected, "byte %u", i);
    }
    block_bed_close(&bed);
}
END_TEST

/* ---- Faults ---- */

static void expect_need_reset(void)
{
    eventfd_t count = 0;

    ck_assert(block_bed_device_status(&bed) & VIRTIO_CONFIG_S_NEEDS_RESET);
    ck_assert_int_eq(eventfd_read(bed.config_fd, &count), 0);
    block_bed_restart(&bed);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_IN, 5, 0, 512),
                      VIRTIO_BLK_S_OK);
}

START_TEST(a_request_that_cannot_be_answered_breaks_the_device)
{
    static const struct driver_piece header = {.iova = BLOCK_BED_HEADER_IOVA,
                                               .length = 16},
                                     short_header = {.iova =
                                                         BLOCK_BED_HEADER_IOVA,
                                                     .length = 15};
    const struct driver_piece status = {
        .iova = BLOCK_BED_STATUS_IOVA, .length = 1, .writable = true};
    const struct driver_piece without_header[] = {short_header, status};

    open_bed(_i);
    block_bed_set_header(&bed, VIRTIO_BLK_T_FLUSH, 0);
    ck_assert(!block_bed_exchange(&bed, &header, 1));
    expect_need_reset();
    ck_assert(!block_bed_exchange(&bed, &status, 1));
    expect_need_reset();
    ck_assert(!block_bed_exchange(&bed, without_header, 2));
    expect_need_reset();
    block_bed_close(&bed);
}
END_TEST

START_TEST(memory_that_is_not_there_breaks_the_device)
{
    const struct driver_piece pieces[] = {
        {.iova = BLOCK_BED_HEADER_IOVA, .length = 16},
        {.iova = 0x80000000, .length = 512, .writable = true},
        {.iova = BLOCK_BED_STATUS_IOVA, .length = 1, .writable = true},
    };

    open_bed(_i);
    block_bed_set_header(&bed, VIRTIO_BLK_T_IN, 0);
    ck_assert(!block_bed_exchange(&bed, pieces, 3));
    expect_need_reset();
    block_bed_close(&bed);
}
END_TEST

START_TEST(an_error_of_the_host_is_the_guests_and_is_said_once)
{
    unsigned lines;

    open_bed(_i);
    ck_assert_int_eq(ftruncate(bed.fd, 512), 0);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_IN, 1, 0, 512),
                      VIRTIO_BLK_S_IOERR);
    ck_assert_ptr_nonnull(strstr(bed.capture.last, "shorter"));
    lines = bed.capture.lines;
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_IN, 1, 0, 512),
                      VIRTIO_BLK_S_IOERR);
    ck_assert_uint_eq(bed.capture.lines, lines);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_IN, 0, 0, 512),
                      VIRTIO_BLK_S_OK);
    block_bed_close(&bed);
}
END_TEST

/* ---- Many at once, and the end ---- */

START_TEST(more_requests_than_a_burst_are_served_by_one_kick)
{
    const struct driver_piece pieces[] = {
        {.iova = BLOCK_BED_HEADER_IOVA, .length = 16},
        {.iova = BLOCK_BED_STATUS_IOVA, .length = 1, .writable = true},
    };
    struct driver_used used;

    open_bed(_i);
    block_bed_set_header(&bed, VIRTIO_BLK_T_FLUSH, 0);
    for (unsigned i = 0; i < 50; i++)
        ck_assert(driver_ring_add(&bed.ring, pieces, 2, i));
    ck_assert(driver_ring_should_kick(&bed.ring));
    ck_assert_int_eq(eventfd_write(bed.kick_fd, 1), 0);
    ck_assert_uint_lt(loop_serve_ready(&bed.block->device.loop),
                      LOOP_STEPS_MAX);
    for (unsigned i = 0; i < 50; i++) {
        ck_assert(driver_ring_collect(&bed.ring, &used));
        ck_assert_uint_eq(used.token, i);
    }
    block_bed_close(&bed);
}
END_TEST

START_TEST(a_device_leaves_nothing_open)
{
    unsigned before = count_open_fds();
    struct disk_image_options options = {.path = "/dev/null"};
    struct vdpa_backend *backend;

    block_bed_open(&bed, (struct block_bed_setup){.is_snapshot = true});
    block_bed_close(&bed);
    log_capture_start(&bed.capture);
    ck_assert_int_lt(soft_block_open(&options, &backend), 0);
    log_capture_stop();
    ck_assert_uint_eq(count_open_fds(), before);
}
END_TEST

#define ADD_IN_EACH_RING(test)                                                 \
    tcase_add_loop_test(tcase, test, 0, BLOCK_BED_VARIATIONS)

static void add_tests(TCase *tcase)
{
    ADD_IN_EACH_RING(nothing_is_written_to_a_read_only_disk);
    ADD_IN_EACH_RING(a_snapshot_has_what_was_written_and_the_file_has_not);
    ADD_IN_EACH_RING(a_request_that_cannot_be_answered_breaks_the_device);
    ADD_IN_EACH_RING(memory_that_is_not_there_breaks_the_device);
    ADD_IN_EACH_RING(an_error_of_the_host_is_the_guests_and_is_said_once);
    ADD_IN_EACH_RING(more_requests_than_a_burst_are_served_by_one_kick);
    tcase_add_test(tcase, a_device_leaves_nothing_open);
}

int main(void)
{
    return check_main("soft_block_faults", add_tests);
}
