/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_kernel_unpack.c: compressed files, whole, cut, spoilt and too large.
 */
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/open_fds.h"
#include "vmm/bytes.h"
#include "vmm/compiler.h"
#include "vmm/fd.h"
#include "vmm/kernel_unpack.h"

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define CONTENT_SIZE ((size_t)300 * 1024) /* more than each buffer */
#define PACKED_MAX   (2 * CONTENT_SIZE)

static struct log_capture capture;
static uint8_t content[CONTENT_SIZE], packed[PACKED_MAX];
static size_t packed_size;
static int fd = -1;
static unsigned fds_before;

static void pack_gzip(void)
{
    z_stream stream = {.next_in = content,
                       .avail_in = CONTENT_SIZE,
                       .next_out = packed,
                       .avail_out = PACKED_MAX};

    ck_assert_int_eq(
        deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
        Z_OK);
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed_size = stream.total_out;
    deflateEnd(&stream);
}

static void pack_zstd(void)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();

    /* As the tool does, unlike the library. */
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    packed_size =
        ZSTD_compress2(context, packed, PACKED_MAX, content, CONTENT_SIZE);
    ck_assert(!ZSTD_isError(packed_size));
    ZSTD_freeCCtx(context);
}

static void pack_xz(void)
{
    packed_size = 0;
    ck_assert_int_eq(lzma_easy_buffer_encode(3, LZMA_CHECK_CRC32, NULL, content,
                                             CONTENT_SIZE, packed, &packed_size,
                                             PACKED_MAX),
                     LZMA_OK);
}

static const struct {
    const char *name;
    void (*pack)(void);
} formats[] = {{"gzip", pack_gzip}, {"zstd", pack_zstd}, {"xz", pack_xz}};

static void make_file(const void *bytes, size_t size)
{
    close_fd(&fd);
    fd = memfd_create("packed", MFD_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
}

static void setup(void)
{
    uint32_t number = 1;

    fds_before = count_open_fds();
    log_capture_start(&capture);
    /* Not so regular that nothing is left of it. */
    for (size_t i = 0; i < CONTENT_SIZE; i++) {
        number = number * 1103515245U + 12345U;
        content[i] = (uint8_t)(number >> 28);
    }
}

static void teardown(void)
{
    close_fd(&fd);
    log_capture_stop();
    ck_assert_uint_eq(count_open_fds(), fds_before);
}

static void check_content(size_t copies)
{
    static uint8_t bytes[2 * CONTENT_SIZE + 1];
    ssize_t size = pread(fd, bytes, sizeof(bytes), 0);

    ck_assert_int_eq(size, (ssize_t)(copies * CONTENT_SIZE));
    for (size_t i = 0; i < copies; i++)
        ck_assert(memcmp(bytes + i * CONTENT_SIZE, content, CONTENT_SIZE) == 0);
}

static int unpack(void)
{
    capture.lines = 0;
    return kernel_unpack(&fd, "kernel", "here", MIB);
}

START_TEST(each_format_is_unpacked)
{
    formats[_i].pack();
    make_file(packed, packed_size);
    ck_assert_int_eq(unpack(), 0);
    check_content(1);
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

/* An EFI program of `size` bytes that says where its kernel is. */
static void make_efi_program(uint32_t start, uint32_t length, size_t size)
{
    static uint8_t program[64 + PACKED_MAX + 100];

    memset(program, 0x1f, sizeof(program));
    memcpy(program, "MZ\0\0zimg", 8);
    store_le32(program + 8, start);
    store_le32(program + 12, length);
    memcpy(program + 64, packed, packed_size);
    make_file(program, size);
}

START_TEST(kernel_inside_an_efi_program_is_unpacked)
{
    formats[_i].pack();
    make_efi_program(64, (uint32_t)packed_size, 64 + packed_size + 100);
    ck_assert_int_eq(unpack(), 0);
    check_content(1);
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(efi_program_that_lies_is_refused_or_left_alone)
{
    formats[_i].pack();
    make_efi_program(64, (uint32_t)packed_size / 2, 64 + packed_size);
    ck_assert_int_eq(unpack(), -EBADMSG);
    make_efi_program(64, UINT32_MAX, 64 + packed_size / 2);
    ck_assert_int_eq(unpack(), -EBADMSG);
    make_efi_program(UINT32_MAX, UINT32_MAX, 64 + packed_size);
    ck_assert_int_eq(unpack(), 0);
    make_efi_program(63, (uint32_t)packed_size, 64 + packed_size);
    ck_assert_int_eq(unpack(), 0);
}
END_TEST

START_TEST(what_is_not_compressed_stays_as_it_is)
{
    int same;

    make_file("\x7f"
              "ELF",
              4);
    same = fd;
    ck_assert_int_eq(unpack(), 0);
    ck_assert_int_eq(fd, same);
    make_file("", 0);
    ck_assert_int_eq(unpack(), 0);
}
END_TEST

START_TEST(files_that_end_early_are_refused)
{
    const size_t cuts[] = {6, 7, 12, 18, 1000};

    formats[_i].pack();
    for (size_t i = 0; i <= ARRAY_SIZE(cuts); i++) {
        make_file(packed, i < ARRAY_SIZE(cuts) ? cuts[i] : packed_size - 1);
        ck_assert_int_eq(unpack(), -EBADMSG);
        ck_assert_uint_eq(capture.lines, 1);
        ck_assert_ptr_nonnull(strstr(capture.last, "kernel here: its "));
        ck_assert_ptr_nonnull(strstr(capture.last, formats[_i].name));
        ck_assert_ptr_nonnull(strstr(capture.last, "copy it again"));
    }
}
END_TEST

START_TEST(damaged_files_are_refused)
{
    formats[_i].pack();
    memset(packed + packed_size / 2, 0xff, 64);
    make_file(packed, packed_size);
    ck_assert_int_eq(unpack(), -EBADMSG);
    ck_assert_ptr_nonnull(strstr(capture.last, "are damaged"));
}
END_TEST

START_TEST(more_than_the_limit_is_refused)
{
    formats[_i].pack();
    make_file(packed, packed_size);
    ck_assert_int_eq(kernel_unpack(&fd, "kernel", "here", CONTENT_SIZE), 0);
    make_file(packed, packed_size);
    ck_assert_int_eq(kernel_unpack(&fd, "kernel", "here", CONTENT_SIZE - 1),
                     -EFBIG);
    ck_assert_ptr_nonnull(strstr(capture.last, "unpack to more than 0 MiB"));
}
END_TEST

/* As tools write them that compress with several threads. */
START_TEST(parts_one_after_the_other_are_one_file)
{
    size_t first;

    formats[_i].pack();
    first = packed_size;
    ck_assert_uint_le(2 * first, PACKED_MAX);
    memcpy(packed + first, packed, first);
    make_file(packed, 2 * first);
    ck_assert_int_eq(unpack(), 0);
    check_content(2);
}
END_TEST

static void add_tests(TCase *tcase)
{
    const int count = ARRAY_SIZE(formats);

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, each_format_is_unpacked, 0, count);
    tcase_add_loop_test(tcase, kernel_inside_an_efi_program_is_unpacked, 0,
                        (int)ARRAY_SIZE(formats));
    tcase_add_loop_test(tcase, efi_program_that_lies_is_refused_or_left_alone,
                        0, (int)ARRAY_SIZE(formats));
    tcase_add_test(tcase, what_is_not_compressed_stays_as_it_is);
    tcase_add_loop_test(tcase, files_that_end_early_are_refused, 0, count);
    tcase_add_loop_test(tcase, damaged_files_are_refused, 0, count);
    tcase_add_loop_test(tcase, more_than_the_limit_is_refused, 0, count);
    /* What follows gzip's first part may be anything: it is left alone. */
    tcase_add_loop_test(tcase, parts_one_after_the_other_are_one_file, 1,
                        count);
}

int main(void)
{
    return check_main("kernel_unpack", add_tests);
}
