/* SPDX-License-Identifier: BSD-2-Clause */
/* test_iova_map.c: which host memory an address of the device is. */
#include "tests/support/check_main.h"
#include "vdpa/iova_map.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGES 64

static uint64_t page;
static uint8_t *memory; /* never touched, only its addresses are used */
static struct iova_map map;

static void setup(void)
{
    page = (uint64_t)sysconf(_SC_PAGESIZE);
    memory = aligned_alloc(page, PAGES * page);
    ck_assert_ptr_nonnull(memory);
    iova_map_clear(&map);
}

static void teardown(void)
{
    free(memory);
}

/* `count` pages from iova page `first` on, at page `host` of the memory. */
static struct vdpa_mapping pages(uint64_t first, uint64_t count, uint64_t host)
{
    return (struct vdpa_mapping){
        .iova = first * page,
        .size = count * page,
        .host = memory + host * page,
    };
}

static int add(uint64_t first, uint64_t count, uint64_t host)
{
    struct vdpa_mapping mapping = pages(first, count, host);

    return iova_map_add(&map, &mapping, 1);
}

static int take_away(uint64_t first, uint64_t count)
{
    struct vdpa_mapping mapping = pages(first, count, 0);

    return iova_map_remove(&map, &mapping, 1);
}

START_TEST(empty_map_has_nothing)
{
    struct iovec piece;

    ck_assert_ptr_null(iova_map_at(&map, 0, 1));
    ck_assert_int_eq(iova_map_pieces(&map, 0, 1, &piece, 1), -EFAULT);
    ck_assert_int_eq(take_away(0, 1), -ENOENT);
}
END_TEST

START_TEST(address_is_found_at_its_offset)
{
    /* Not in the order of addresses. */
    ck_assert_int_eq(add(20, 4, 8), 0);
    ck_assert_int_eq(add(1, 2, 4), 0);
    ck_assert_int_eq(add(10, 1, 0), 0);

    ck_assert_ptr_eq(iova_map_at(&map, page, 2 * page), memory + 4 * page);
    ck_assert_ptr_eq(iova_map_at(&map, 10 * page + 5, 1), memory + 5);
    ck_assert_ptr_eq(iova_map_at(&map, 24 * page - 1, 1),
                     memory + 12 * page - 1);
    ck_assert_ptr_null(iova_map_at(&map, page - 1, 1));
    ck_assert_ptr_null(iova_map_at(&map, page - 1, 2));
    ck_assert_ptr_null(iova_map_at(&map, 3 * page, 1));
    ck_assert_ptr_null(iova_map_at(&map, 3 * page - 1, 2));
    ck_assert_ptr_null(iova_map_at(&map, 24 * page, 1));
    ck_assert_ptr_null(iova_map_at(&map, 20 * page, UINT64_MAX));
    ck_assert_ptr_null(iova_map_at(&map, UINT64_MAX, UINT64_MAX));
}
END_TEST

START_TEST(range_over_a_seam_is_in_pieces)
{
    struct iovec pieces[3];

    ck_assert_int_eq(add(1, 2, 8), 0);
    ck_assert_int_eq(add(3, 1, 0), 0);
    ck_assert_int_eq(add(4, 2, 4), 0);

    ck_assert_ptr_null(iova_map_at(&map, 3 * page - 1, 2));
    ck_assert_int_eq(iova_map_pieces(&map, 3 * page - 10, page + 30, pieces, 3),
                     3);
    ck_assert_ptr_eq(pieces[0].iov_base, memory + 10 * page - 10);
    ck_assert_uint_eq(pieces[0].iov_len, 10);
    ck_assert_ptr_eq(pieces[1].iov_base, memory);
    ck_assert_uint_eq(pieces[1].iov_len, page);
    ck_assert_ptr_eq(pieces[2].iov_base, memory + 4 * page);
    ck_assert_uint_eq(pieces[2].iov_len, 20);
    ck_assert_int_eq(iova_map_pieces(&map, 3 * page - 10, page + 30, pieces, 2),
                     -E2BIG);
    ck_assert_int_eq(iova_map_pieces(&map, 3 * page, 1, pieces, 0), -E2BIG);
    ck_assert_int_eq(iova_map_pieces(&map, page, 5 * page, pieces, 3), 3);
    ck_assert_int_eq(iova_map_pieces(&map, page, 5 * page + 1, pieces, 3),
                     -EFAULT);
    ck_assert_int_eq(iova_map_pieces(&map, page, 0, pieces, 3), 0);
}
END_TEST

START_TEST(hole_in_a_range_is_a_fault)
{
    struct iovec pieces[3];

    ck_assert_int_eq(add(1, 1, 0), 0);
    ck_assert_int_eq(add(3, 1, 2), 0);
    ck_assert_int_eq(iova_map_pieces(&map, page, 3 * page, pieces, 3), -EFAULT);
    ck_assert_int_eq(iova_map_pieces(&map, 0, 2 * page, pieces, 3), -EFAULT);
    ck_assert_int_eq(iova_map_pieces(&map, 2 * page, 1, pieces, 3), -EFAULT);
    ck_assert_int_eq(iova_map_pieces(&map, page, UINT64_MAX, pieces, 3),
                     -EFAULT);
}
END_TEST

START_TEST(last_page_of_all_can_be_mapped)
{
    uint64_t last = UINT64_MAX / page;
    struct iovec pieces[2];

    ck_assert_int_eq(add(last, 1, 3), 0);
    ck_assert_int_eq(add(0, 1, 0), 0);
    ck_assert_ptr_eq(iova_map_at(&map, UINT64_MAX, 1), memory + 4 * page - 1);
    ck_assert_ptr_null(iova_map_at(&map, UINT64_MAX, 2));
    /* What lies at 0 is not what follows. */
    ck_assert_int_eq(iova_map_pieces(&map, UINT64_MAX, 2, pieces, 2), -EFAULT);
    ck_assert_int_eq(iova_map_pieces(&map, UINT64_MAX, 1, pieces, 2), 1);
    ck_assert_int_eq(add(last, 2, 0), -EINVAL);
}
END_TEST

START_TEST(overlap_is_refused)
{
    ck_assert_int_eq(add(10, 4, 0), 0);
    ck_assert_int_eq(add(10, 4, 0), -EEXIST);
    ck_assert_int_eq(add(9, 2, 0), -EEXIST);
    ck_assert_int_eq(add(13, 2, 0), -EEXIST);
    ck_assert_int_eq(add(11, 1, 0), -EEXIST);
    ck_assert_int_eq(add(5, 20, 0), -EEXIST);
    ck_assert_uint_eq(map.count, 1);
    ck_assert_int_eq(add(9, 1, 5), 0);
    ck_assert_int_eq(add(14, 1, 5), 0);
}
END_TEST

START_TEST(parts_of_pages_are_refused)
{
    struct vdpa_mapping mapping = pages(1, 1, 0);

    mapping.iova++;
    ck_assert_int_eq(iova_map_add(&map, &mapping, 1), -EINVAL);
    mapping = pages(1, 1, 0);
    mapping.size--;
    ck_assert_int_eq(iova_map_add(&map, &mapping, 1), -EINVAL);
    mapping = pages(1, 1, 0);
    mapping.host = memory + 1;
    ck_assert_int_eq(iova_map_add(&map, &mapping, 1), -EINVAL);
    mapping.host = NULL;
    ck_assert_int_eq(iova_map_add(&map, &mapping, 1), -EINVAL);
    ck_assert_int_eq(add(1, 0, 0), -EINVAL);
    ck_assert_uint_eq(map.count, 0);
}
END_TEST

START_TEST(several_are_added_or_none)
{
    struct vdpa_mapping mappings[] = {pages(5, 1, 0), pages(1, 1, 1),
                                      pages(5, 2, 2)};

    ck_assert_int_eq(iova_map_add(&map, mappings, 3), -EEXIST);
    ck_assert_uint_eq(map.count, 0);
    ck_assert_int_eq(iova_map_add(&map, mappings, 2), 0);
    ck_assert_uint_eq(map.count, 2);
    ck_assert_int_eq(iova_map_add(&map, NULL, 0), 0);
}
END_TEST

START_TEST(only_what_was_added_is_removed)
{
    struct vdpa_mapping twice[] = {pages(1, 2, 0), pages(1, 2, 0)};
    struct vdpa_mapping both[] = {pages(1, 2, 0), pages(5, 1, 3)};

    ck_assert_int_eq(iova_map_add(&map, both, 2), 0);
    ck_assert_int_eq(take_away(1, 1), -ENOENT);
    ck_assert_int_eq(take_away(2, 1), -ENOENT);
    ck_assert_int_eq(take_away(1, 3), -ENOENT);
    ck_assert_int_eq(take_away(0, 2), -ENOENT);
    ck_assert_int_eq(iova_map_remove(&map, twice, 2), -ENOENT);
    ck_assert_uint_eq(map.count, 2);
    ck_assert_ptr_eq(iova_map_at(&map, page, 1), memory);

    ck_assert_int_eq(iova_map_remove(&map, both, 2), 0);
    ck_assert_uint_eq(map.count, 0);
    ck_assert_ptr_null(iova_map_at(&map, page, 1));
}
END_TEST

START_TEST(full_map_refuses_until_one_leaves)
{
    for (uint64_t i = 0; i < IOVA_MAP_MAX_MAPPINGS; i++)
        ck_assert_int_eq(add(2 * i, 1, i % PAGES), 0);
    ck_assert_int_eq(add(1, 1, 0), -ENOSPC);
    for (uint64_t i = 0; i < IOVA_MAP_MAX_MAPPINGS; i++)
        ck_assert_ptr_eq(iova_map_at(&map, 2 * i * page, page),
                         memory + i % PAGES * page);
    ck_assert_int_eq(take_away(300, 1), 0);
    ck_assert_int_eq(add(1, 1, 7), 0);
    ck_assert_ptr_eq(iova_map_at(&map, page, 1), memory + 7 * page);
    ck_assert_ptr_null(iova_map_at(&map, 300 * page, 1));
}
END_TEST

START_TEST(mappings_stay_where_a_device_reaches)
{
    const struct vdpa_identity identity = {.first_iova = page,
                                           .last_iova = 4 * page - 1};
    const struct vdpa_identity all = {.last_iova = UINT64_MAX};
    struct vdpa_mapping mappings[] = {pages(1, 3, 0), pages(2, 1, 0)};

    ck_assert_int_eq(iova_map_check(&identity, mappings, 2), 0);
    mappings[1] = pages(0, 2, 0);
    ck_assert_int_eq(iova_map_check(&identity, mappings, 2), -ERANGE);
    ck_assert_int_eq(iova_map_check(&identity, mappings, 1), 0);
    mappings[1] = pages(3, 2, 0);
    ck_assert_int_eq(iova_map_check(&identity, mappings, 2), -ERANGE);
    mappings[1].iova = UINT64_MAX - page + 1;
    ck_assert_int_eq(iova_map_check(&all, mappings, 2), -ERANGE);
    mappings[1].size = page;
    ck_assert_int_eq(iova_map_check(&all, mappings, 2), 0);
    mappings[1].size = 0;
    ck_assert_int_eq(iova_map_check(&identity, mappings, 2), 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, empty_map_has_nothing);
    tcase_add_test(tcase, address_is_found_at_its_offset);
    tcase_add_test(tcase, range_over_a_seam_is_in_pieces);
    tcase_add_test(tcase, hole_in_a_range_is_a_fault);
    tcase_add_test(tcase, last_page_of_all_can_be_mapped);
    tcase_add_test(tcase, overlap_is_refused);
    tcase_add_test(tcase, parts_of_pages_are_refused);
    tcase_add_test(tcase, several_are_added_or_none);
    tcase_add_test(tcase, only_what_was_added_is_removed);
    tcase_add_test(tcase, mappings_stay_where_a_device_reaches);
    tcase_add_test(tcase, full_map_refuses_until_one_leaves);
}

int main(void)
{
    return check_main("iova_map", add_tests);
}
