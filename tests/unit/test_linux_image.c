/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_linux_image.c: headers of Images: good, old, foreign and spoilt.
 */
#include "tests/support/check_main.h"
#include "vmm/bytes.h"
#include "vmm/linux_image.h"

#include <string.h>

static uint8_t header[LINUX_IMAGE_HEADER_SIZE];
static struct linux_image image;

/* Debian's 6.12, but for its code. */
static void setup(void)
{
    memset(header, 0, sizeof(header));
    memcpy(header, "MZ\x40\xfa", 4);
    store_le64(header + 16, 0x2b20000);
    store_le64(header + 24, 0xa);
    memcpy(header + 56, "ARM\x64", 4);
}

static void refuse(const char *why)
{
    const char *said = linux_image_parse(header, &image);

    ck_assert_ptr_nonnull(said);
    ck_assert_msg(strstr(said, why) != NULL, "it said: %s", said);
}

START_TEST(header_says_where_it_goes)
{
    ck_assert(linux_image_is(header));
    ck_assert_ptr_null(linux_image_parse(header, &image));
    ck_assert_uint_eq(image.text_offset, 0);
    ck_assert_uint_eq(image.size, 0x2b20000);
    store_le64(header + 8, 0x80000);
    ck_assert_ptr_null(linux_image_parse(header, &image));
    ck_assert_uint_eq(image.text_offset, 0x80000);
}
END_TEST

START_TEST(another_magic_is_no_image)
{
    memcpy(header + 56, "RSC\x05", 4);
    ck_assert(!linux_image_is(header));
}
END_TEST

START_TEST(big_endian_is_refused)
{
    store_le64(header + 24, 0xb);
    refuse("big-endian");
}
END_TEST

START_TEST(image_of_unknown_size_is_refused)
{
    store_le64(header + 16, 0);
    refuse("3.17");
}
END_TEST

START_TEST(numbers_that_make_no_sense_are_refused)
{
    static const uint64_t wrong[] = {1ULL << 31, 1ULL << 63, UINT64_MAX};

    store_le64(header + 16, wrong[_i]);
    refuse("damaged");
    setup();
    store_le64(header + 8, wrong[_i]);
    refuse("damaged");
    setup();
    store_le64(header + 8, 2);
    refuse("damaged");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, header_says_where_it_goes);
    tcase_add_test(tcase, another_magic_is_no_image);
    tcase_add_test(tcase, big_endian_is_refused);
    tcase_add_test(tcase, image_of_unknown_size_is_refused);
    tcase_add_loop_test(tcase, numbers_that_make_no_sense_are_refused, 0, 3);
}

int main(void)
{
    return check_main("linux_image", add_tests);
}
