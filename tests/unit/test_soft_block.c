/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_soft_block.c: what a driver asks of a software disk, and gets. What
 * every backend promises is claimed in tests/contract.
 */
#include "tests/support/block_bed.h"
#include "tests/support/check_main.h"
#include "vdpa/soft_block_private.h"
#include "vmm/bytes.h"

#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <string.h>
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

/* ---- Identity ---- */

START_TEST(the_configuration_tells_size_and_limits)
{
    struct virtio_blk_config config;
    struct vdpa_identity identity;

    open_bed(0);
    ck_assert_int_eq(bed.ops->identify(bed.backend, &identity), 0);
    ck_assert_uint_eq(identity.device_id, VIRTIO_ID_BLOCK);
    ck_assert_uint_eq(identity.num_queues, 1);
    ck_assert_int_eq(
        bed.ops->get_config(bed.backend, 0, &config, sizeof(config)), 0);
    ck_assert_uint_eq(load_le64(&config.capacity), CAPACITY);
    ck_assert_uint_eq(load_le32(&config.blk_size), 512);
    ck_assert_uint_eq(load_le32(&config.seg_max), SOFT_BLOCK_QUEUE_SIZE - 2);
    block_bed_close(&bed);
}
END_TEST

START_TEST(a_read_only_disk_says_so)
{
    const uint64_t room =
        FEATURE(VIRTIO_BLK_F_DISCARD) | FEATURE(VIRTIO_BLK_F_WRITE_ZEROES);

    open_bed(0);
    ck_assert(!(bed.offered & FEATURE(VIRTIO_BLK_F_RO)));
    ck_assert_uint_eq(bed.offered & room, room);
    block_bed_close(&bed);
    block_bed_open(&bed, (struct block_bed_setup){.is_read_only = true});
    ck_assert(bed.offered & FEATURE(VIRTIO_BLK_F_RO));
    ck_assert_uint_eq(bed.offered & room, 0);
    block_bed_close(&bed);
}
END_TEST

START_TEST(the_id_is_the_name_of_the_file)
{
    open_bed(_i);
    memset(bed.data, 'x', 32);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_GET_ID, 0, 0, 20),
                      VIRTIO_BLK_S_OK);
    ck_assert(memcmp(bed.data, strrchr(bed.path, '/') + 1, 20) == 0);
    ck_assert_uint_eq(bed.data[20], 'x');
    ck_assert_uint_eq(bed.written, 20);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_GET_ID, 0, 0, 19),
                      VIRTIO_BLK_S_IOERR);
    block_bed_close(&bed);
}
END_TEST

/* ---- Reading and writing ---- */

START_TEST(sectors_are_read)
{
    open_bed(_i);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_IN, 5, 0, 3 * 512),
                      VIRTIO_BLK_S_OK);
    ck_assert(data_are_from(5ULL * 512, 3 * 512));
    ck_assert_uint_eq(bed.written, 3 * 512 + 1);
    block_bed_close(&bed);
}
END_TEST

START_TEST(sectors_are_written)
{
    open_bed(_i);
    memset(bed.data, 0xaa, 1024);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_OUT, 7, 2 * 512, 0),
                      VIRTIO_BLK_S_OK);
    ck_assert_uint_eq(bed.written, 1);
    ck_assert(block_bed_file_is(&bed, 0, 7ULL * 512, BLOCK_BED_UNCHANGED));
    ck_assert(block_bed_file_is(&bed, 7ULL * 512, 2ULL * 512, 0xaa));
    ck_assert(
        block_bed_file_is(&bed, 9ULL * 512, 8ULL * 512, BLOCK_BED_UNCHANGED));
    block_bed_close(&bed);
}
END_TEST

/* Header, data and status in pieces that agree with none of their seams. */
START_TEST(pieces_may_be_cut_anywhere)
{
    const uint64_t data = BLOCK_BED_DATA_IOVA;
    const struct driver_piece out[] = {
        {.iova = BLOCK_BED_HEADER_IOVA, .length = 1},
        {.iova = BLOCK_BED_HEADER_IOVA + 1, .length = 14},
        {.iova = data - 1, .length = 100}, /* the header's last byte is there */
        {.iova = data + 99, .length = 413},
        {.iova = BLOCK_BED_STATUS_IOVA, .length = 1, .writable = true},
    };
    const struct driver_piece in[] = {
        {.iova = BLOCK_BED_HEADER_IOVA, .length = 16},
        {.iova = data, .length = 1, .writable = true},
        {.iova = data + 1, .length = 700, .writable = true},
        {.iova = data + 701, .length = 324, .writable = true}, /* and status */
    };

    open_bed(_i);
    memset(bed.data, 0xbb, 512);
    block_bed_set_header(&bed, VIRTIO_BLK_T_OUT, 3);
    bed.data[-1] = 0;
    ck_assert(block_bed_exchange(&bed, out, ARRAY_SIZE(out)));
    ck_assert_uint_eq(block_bed_status(&bed), VIRTIO_BLK_S_OK);
    ck_assert(block_bed_file_is(&bed, 3ULL * 512, 512, 0xbb));

    memset(bed.data, 0x11, 2048);
    block_bed_set_header(&bed, VIRTIO_BLK_T_IN, 4);
    ck_assert(block_bed_exchange(&bed, in, ARRAY_SIZE(in)));
    ck_assert(data_are_from(4ULL * 512, 1024));
    ck_assert_uint_eq(bed.data[1024], VIRTIO_BLK_S_OK);
    ck_assert_uint_eq(bed.data[1025], 0x11);
    ck_assert_uint_eq(bed.written, 1025);
    block_bed_close(&bed);
}
END_TEST

START_TEST(the_whole_disk_can_be_read_and_nothing_behind_it)
{
    static const struct {
        uint64_t sector;
        uint32_t size;
        uint8_t status;
    } cases[] = {
        {0, CAPACITY / 2 * 512 - 4096, VIRTIO_BLK_S_OK},
        {CAPACITY - 1, 512, VIRTIO_BLK_S_OK},
        {CAPACITY - 1, 1024, VIRTIO_BLK_S_IOERR},
        {CAPACITY, 512, VIRTIO_BLK_S_IOERR},
        {CAPACITY + 1, 512, VIRTIO_BLK_S_IOERR},
        {UINT64_MAX, 512, VIRTIO_BLK_S_IOERR},
        {UINT64_MAX / 512, 512, VIRTIO_BLK_S_IOERR},
        {UINT64_MAX / 512 + 1, 512, VIRTIO_BLK_S_IOERR}, /* times 512: 0 */
        {1ULL << 63, 512, VIRTIO_BLK_S_IOERR},
        {0, 511, VIRTIO_BLK_S_IOERR},
        {0, 513, VIRTIO_BLK_S_IOERR},
    };

    open_bed(0);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        bool ok = cases[i].status == VIRTIO_BLK_S_OK;

        memset(bed.data, 0x5a, 2048);
        ck_assert_msg(block_bed_ask(&bed, VIRTIO_BLK_T_IN, cases[i].sector, 0,
                                    cases[i].size) == cases[i].status,
                      "case %u", i);
        ck_assert(ok || bed.data[0] == 0x5a);
        ck_assert_uint_eq(bed.written, ok ? cases[i].size + 1 : 0);
        ck_assert_msg(block_bed_ask(&bed, VIRTIO_BLK_T_OUT, cases[i].sector,
                                    cases[i].size, 0) == cases[i].status,
                      "case %u", i);
        ck_assert_uint_eq(bed.written, 1);
    }
    ck_assert_int_eq(lseek(bed.fd, 0, SEEK_END), (off_t)CAPACITY * 512);
    ck_assert_uint_eq(bed.block->counters.failed, 2 * (ARRAY_SIZE(cases) - 2));
    block_bed_close(&bed);
}
END_TEST

START_TEST(a_request_without_data_does_nothing)
{
    open_bed(_i);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_IN, 0, 0, 0),
                      VIRTIO_BLK_S_OK);
    ck_assert_uint_eq(bed.written, 1);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_OUT, 0, 0, 0),
                      VIRTIO_BLK_S_OK);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_IN, CAPACITY + 1, 0, 0),
                      VIRTIO_BLK_S_IOERR);
    block_bed_close(&bed);
}
END_TEST

START_TEST(a_flush_succeeds)
{
    open_bed(_i);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_FLUSH, 0, 0, 0),
                      VIRTIO_BLK_S_OK);
    ck_assert_uint_eq(bed.block->counters.flushes, 1);
    block_bed_close(&bed);
}
END_TEST

START_TEST(a_driver_that_does_not_flush_is_served)
{
    block_bed_open(
        &bed, (struct block_bed_setup){.refused = FEATURE(VIRTIO_BLK_F_FLUSH)});
    memset(bed.data, 0xcc, 512);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_OUT, 0, 512, 0),
                      VIRTIO_BLK_S_OK);
    ck_assert(block_bed_file_is(&bed, 0, 512, 0xcc));
    block_bed_close(&bed);
}
END_TEST

START_TEST(what_is_not_known_is_said_to_be_so)
{
    static const uint32_t types[] = {2, 3, 5, 6, 7, 10, 12, 14, 15, UINT32_MAX};

    open_bed(0);
    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        ck_assert_uint_eq(block_bed_ask(&bed, types[i], 0, 512, 512),
                          VIRTIO_BLK_S_UNSUPP);
        ck_assert_uint_eq(bed.written, 0);
    }
    ck_assert(block_bed_file_is(&bed, 0, 1024, BLOCK_BED_UNCHANGED));
    block_bed_close(&bed);
}
END_TEST

/* ---- Discarding, writing zeros ---- */

static void set_segment(unsigned index, uint64_t sector, uint32_t count,
                        uint32_t flags)
{
    uint8_t *segment = bed.data + 16 * (size_t)index;

    store_le64(segment, sector);
    store_le32(segment + 8, count);
    store_le32(segment + 12, flags);
}

START_TEST(sectors_become_zeros)
{
    for (uint32_t flags = 0; flags < 2; flags++) {
        open_bed(_i);
        set_segment(0, 8, 8, flags);
        set_segment(1, 100, 300, flags);
        ck_assert_uint_eq(
            block_bed_ask(&bed, VIRTIO_BLK_T_WRITE_ZEROES, 0, 32, 0),
            VIRTIO_BLK_S_OK);
        ck_assert(block_bed_file_is(&bed, 0, 8 * 512ULL, BLOCK_BED_UNCHANGED));
        ck_assert(block_bed_file_is(&bed, 8 * 512ULL, 8 * 512ULL, 0));
        ck_assert(block_bed_file_is(&bed, 16 * 512ULL, 84 * 512ULL,
                                    BLOCK_BED_UNCHANGED));
        ck_assert(block_bed_file_is(&bed, 100 * 512ULL, 300 * 512ULL, 0));
        ck_assert(
            block_bed_file_is(&bed, 400 * 512ULL, 512, BLOCK_BED_UNCHANGED));
        block_bed_close(&bed);
    }
}
END_TEST

START_TEST(a_discard_leaves_the_rest_and_the_size)
{
    open_bed(_i);
    set_segment(0, 8, 16, 0);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_DISCARD, 0, 16, 0),
                      VIRTIO_BLK_S_OK);
    set_segment(0, CAPACITY - 8, 8, 0);
    ck_assert_uint_eq(block_bed_ask(&bed, VIRTIO_BLK_T_DISCARD, 0, 16, 0),
                      VIRTIO_BLK_S_OK);
    ck_assert(block_bed_file_is(&bed, 0, 8 * 512ULL, BLOCK_BED_UNCHANGED));
    ck_assert(block_bed_file_is(&bed, 24 * 512ULL, 512, BLOCK_BED_UNCHANGED));
    ck_assert_int_eq(lseek(bed.fd, 0, SEEK_END), (off_t)CAPACITY * 512);
    block_bed_close(&bed);
}
END_TEST

START_TEST(segments_are_checked)
{
    static const struct {
        uint32_t type;
        uint64_t sector;
        uint32_t count, flags, size;
        uint8_t status;
    } cases[] = {
        {VIRTIO_BLK_T_DISCARD, 0, 1, 1, 16, VIRTIO_BLK_S_UNSUPP},
        {VIRTIO_BLK_T_DISCARD, 0, 1, 2, 16, VIRTIO_BLK_S_UNSUPP},
        {VIRTIO_BLK_T_WRITE_ZEROES, 0, 1, 2, 16, VIRTIO_BLK_S_UNSUPP},
        {VIRTIO_BLK_T_WRITE_ZEROES, CAPACITY, 1, 0, 16, VIRTIO_BLK_S_IOERR},
        {VIRTIO_BLK_T_WRITE_ZEROES, 1, CAPACITY, 0, 16, VIRTIO_BLK_S_IOERR},
        {VIRTIO_BLK_T_WRITE_ZEROES, UINT64_MAX, 2, 0, 16, VIRTIO_BLK_S_IOERR},
        {VIRTIO_BLK_T_DISCARD, 1ULL << 55, 1, 0, 16, VIRTIO_BLK_S_IOERR},
        {VIRTIO_BLK_T_DISCARD, 0, UINT32_MAX, 0, 16, VIRTIO_BLK_S_IOERR},
        {VIRTIO_BLK_T_DISCARD, 0, 1, 0, 15, VIRTIO_BLK_S_IOERR},
        {VIRTIO_BLK_T_DISCARD, 0, 1, 0, 17, VIRTIO_BLK_S_IOERR},
        {VIRTIO_BLK_T_DISCARD, 0, 1, 0, 0, VIRTIO_BLK_S_IOERR},
        {VIRTIO_BLK_T_DISCARD, 0, 1, 0, 33 * 16, VIRTIO_BLK_S_IOERR},
        {VIRTIO_BLK_T_WRITE_ZEROES, 9, 0, 0, 16, VIRTIO_BLK_S_OK},
    };

    open_bed(0);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        set_segment(0, cases[i].sector, cases[i].count, cases[i].flags);
        ck_assert_msg(block_bed_ask(&bed, cases[i].type, 0, cases[i].size, 0) ==
                          cases[i].status,
                      "case %u", i);
    }
    ck_assert(
        block_bed_file_is(&bed, 0, CAPACITY * 512ULL, BLOCK_BED_UNCHANGED));
    block_bed_close(&bed);
}
END_TEST

#define ADD_IN_EACH_RING(test)                                                 \
    tcase_add_loop_test(tcase, test, 0, BLOCK_BED_VARIATIONS)

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, the_configuration_tells_size_and_limits);
    tcase_add_test(tcase, a_read_only_disk_says_so);
    ADD_IN_EACH_RING(the_id_is_the_name_of_the_file);
    ADD_IN_EACH_RING(sectors_are_read);
    ADD_IN_EACH_RING(sectors_are_written);
    ADD_IN_EACH_RING(pieces_may_be_cut_anywhere);
    tcase_add_test(tcase, the_whole_disk_can_be_read_and_nothing_behind_it);
    ADD_IN_EACH_RING(a_request_without_data_does_nothing);
    ADD_IN_EACH_RING(a_flush_succeeds);
    tcase_add_test(tcase, a_driver_that_does_not_flush_is_served);
    tcase_add_test(tcase, what_is_not_known_is_said_to_be_so);
    ADD_IN_EACH_RING(sectors_become_zeros);
    ADD_IN_EACH_RING(a_discard_leaves_the_rest_and_the_size);
    tcase_add_test(tcase, segments_are_checked);
}

int main(void)
{
    return check_main("soft_block", add_tests);
}
