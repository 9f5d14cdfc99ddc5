/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_bzimage.c: Linux's image format, whole, cut short and with a header
 * that makes no sense.
 */
#include "tests/support/boot_image.h"
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/x86/boot_kernels.h"
#include "vmm/bytes.h"
#include "vmm/fd.h"
#include "vmm/x86/boot.h"
#include "vmm/x86/memory_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RSDP_GPA 0xe0000

static struct guest_memory memory;
static struct bzimage image;
static struct setup_header header;
static struct boot_files files;
static struct boot_entry entry;
static struct log_capture capture;

static void setup(void)
{
    log_capture_start(&capture);
    boot_image_memory(&memory, BOOT_IMAGE_MEMORY_SIZE);
    bzimage_make(&image);
    bzimage_get_header(&image, &header);
    files = (struct boot_files){
        .kernel = boot_image_open(image.bytes, sizeof(image.bytes)),
        .initrd.fd = -1,
        .command_line = "console=ttyS0",
    };
}

static void teardown(void)
{
    close_fd(&files.kernel.fd);
    guest_memory_destroy(&memory);
    log_capture_stop();
}

/* With `header` in the image. */
static int load(void)
{
    bzimage_set_header(&image, &header);
    boot_image_replace(&files.kernel, image.bytes, sizeof(image.bytes));
    capture.lines = 0;
    return bzimage_load(&files, &memory, &entry);
}

/* As it is refused: one line that has `words` in it. The header is good
 * again afterwards. */
static void check_refused(int error, const char *words)
{
    ck_assert_int_eq(load(), error);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_msg(strstr(capture.last, words) != NULL, "no \"%s\" in: %s",
                  words, capture.last);
    bzimage_make(&image);
    bzimage_get_header(&image, &header);
}

static void check_code_at(uint64_t gpa)
{
    ck_assert_mem_eq(guest_memory_at(&memory, gpa, BZIMAGE_CODE_SIZE),
                     image.bytes + BZIMAGE_SETUP_SIZE, BZIMAGE_CODE_SIZE);
}

START_TEST(relocatable_kernel_is_loaded_at_1_mib)
{
    ck_assert_int_eq(load(), 0);
    check_code_at(MIB);
    ck_assert(entry.is_64bit);
    ck_assert_uint_eq(entry.rip, MIB + 0x200);
    ck_assert_uint_eq(entry.rsi, BOOT_PARAMS_GPA);
    /* It moves to its preferred address and needs init_size there. */
    ck_assert_uint_eq(entry.initrd_floor,
                      BZIMAGE_PREFERRED + BZIMAGE_INIT_SIZE);
    ck_assert_uint_eq(entry.initrd_ceiling, 0x80000000);
    ck_assert_uint_eq(capture.lines, 0);
}
END_TEST

START_TEST(other_kernel_is_loaded_where_it_prefers)
{
    header.relocatable_kernel = 0;
    ck_assert_int_eq(load(), 0);
    check_code_at(BZIMAGE_PREFERRED);
    ck_assert_uint_eq(entry.rip, BZIMAGE_PREFERRED + 0x200);
}
END_TEST

START_TEST(kernel_that_prefers_low_memory_stays_where_it_is_loaded)
{
    header.pref_address = 0x1000;
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(entry.initrd_floor, MIB + BZIMAGE_INIT_SIZE);
}
END_TEST

START_TEST(kernel_may_not_lie_over_the_boot_structures)
{
    header.relocatable_kernel = 0;
    header.pref_address = 0x1000;
    check_refused(-ENOEXEC, "0x1000");
    header.relocatable_kernel = 0;
    header.pref_address = MIB - 1;
    check_refused(-ENOEXEC, "0xfffff");
}
END_TEST

START_TEST(no_setup_sectors_stand_for_four)
{
    static uint8_t old[5 * 512 + 16];

    header.setup_sects = 0;
    header.syssize = 1;
    bzimage_set_header(&image, &header);
    memcpy(old, image.bytes, 1024);
    memset(old + 2560, 0x5a, 16);
    boot_image_replace(&files.kernel, old, sizeof(old));
    ck_assert_int_eq(bzimage_load(&files, &memory, &entry), 0);
    ck_assert_mem_eq(guest_memory_at(&memory, MIB, 16), old + 2560, 16);
}
END_TEST

START_TEST(every_truncation_is_noticed)
{
    for (size_t size = 1; size < BZIMAGE_SIZE; size++) {
        uint8_t *cut = malloc(size);

        ck_assert_ptr_nonnull(cut);
        memcpy(cut, image.bytes, size);
        boot_image_replace(&files.kernel, cut, size);
        free(cut);
        capture.lines = 0;
        ck_assert_int_lt(bzimage_load(&files, &memory, &entry), 0);
        ck_assert_uint_eq(capture.lines, 1);
    }
}
END_TEST

START_TEST(bytes_behind_the_code_are_no_fault)
{
    static uint8_t longer[BZIMAGE_SIZE + 100]; /* a signature, say */

    memcpy(longer, image.bytes, BZIMAGE_SIZE);
    boot_image_replace(&files.kernel, longer, sizeof(longer));
    ck_assert_int_eq(bzimage_load(&files, &memory, &entry), 0);
}
END_TEST

START_TEST(kernel_without_a_64_bit_entry_is_refused)
{
    header.version = 0x020b;
    check_refused(-ENOEXEC, "boot protocol 2.11");
    header.xloadflags = (uint16_t)~XLF_KERNEL_64;
    check_refused(-ENOEXEC, "no 64-bit entry");
    header.version = 0;
    check_refused(-ENOEXEC, "boot protocol 0.00");
    header.version = 0xffff;
    ck_assert_int_eq(load(), 0);
}
END_TEST

START_TEST(setup_code_longer_than_the_file_is_refused)
{
    header.setup_sects = 255;
    check_refused(-ENOEXEC, "inside its setup code");
}
END_TEST

START_TEST(addresses_beyond_memory_are_refused)
{
    const uint64_t addresses[] = {BOOT_IMAGE_MEMORY_SIZE, 4 * GIB,
                                  UINT64_MAX - 4095, UINT64_MAX};

    for (unsigned i = 0; i < ARRAY_SIZE(addresses); i++) {
        header.pref_address = addresses[i];
        check_refused(-ENOSPC, "more with --memory");
        header.relocatable_kernel = 0;
        header.pref_address = addresses[i];
        check_refused(-ENOSPC, "more with --memory");
    }
    header.init_size = UINT32_MAX;
    check_refused(-ENOSPC, "more with --memory");
    header.init_size = BOOT_IMAGE_MEMORY_SIZE - BZIMAGE_PREFERRED + 1;
    check_refused(-ENOSPC, "needs 9 MiB of guest memory to start, has 8");
    header.init_size = BOOT_IMAGE_MEMORY_SIZE - BZIMAGE_PREFERRED;
    ck_assert_int_eq(load(), 0);
}
END_TEST

START_TEST(initrd_lies_behind_the_code_whatever_init_size_says)
{
    header.init_size = 0;
    header.pref_address = 0;
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_ge(entry.initrd_floor, MIB + BZIMAGE_CODE_SIZE);
}
END_TEST

START_TEST(command_line_may_be_as_long_as_the_kernel_says)
{
    header.cmdline_size = (uint32_t)strlen(files.command_line);
    ck_assert_int_eq(load(), 0);
    header.cmdline_size--;
    check_refused(-E2BIG, "command line of 12 bytes, got 13");
}
END_TEST

START_TEST(command_line_may_not_leave_its_place)
{
    static char line[BOOT_COMMAND_LINE_MAX + 1];

    memset(line, 'x', BOOT_COMMAND_LINE_MAX);
    files.command_line = line;
    header.cmdline_size = UINT32_MAX;
    check_refused(-E2BIG, "got 65536");
    line[BOOT_COMMAND_LINE_MAX - 1] = '\0';
    header.cmdline_size = UINT32_MAX;
    ck_assert_int_eq(load(), 0);
}
END_TEST

START_TEST(zero_page_tells_what_the_kernel_asks)
{
    const struct boot_initrd initrd = {.gpa = 0x600000, .size = 0x1234};
    struct boot_memory_range ranges[BOOT_MAX_MEMORY_RANGES];
    unsigned count = boot_memory_map(&memory, ranges);
    struct boot_params params;

    ck_assert_int_eq(load(), 0);
    ck_assert_int_eq(bzimage_finish(&files, &memory, &initrd, RSDP_GPA), 0);
    memcpy(&params, guest_memory_at(&memory, BOOT_PARAMS_GPA, sizeof(params)),
           sizeof(params));
    ck_assert_uint_eq(params.hdr.header, 0x53726448);
    ck_assert_uint_eq(params.hdr.version, 0x020f);
    ck_assert_uint_eq(params.hdr.type_of_loader, 0xff);
    ck_assert_uint_eq(params.hdr.cmd_line_ptr, BOOT_COMMAND_LINE_GPA);
    ck_assert_uint_eq(params.hdr.ramdisk_image, 0x600000);
    ck_assert_uint_eq(params.hdr.ramdisk_size, 0x1234);
    ck_assert_uint_eq(params.acpi_rsdp_addr, RSDP_GPA);
    ck_assert_uint_eq(params.e820_entries, count);
    for (unsigned i = 0; i < count; i++) {
        ck_assert_uint_eq(params.e820_table[i].addr, ranges[i].gpa);
        ck_assert_uint_eq(params.e820_table[i].size, ranges[i].size);
        ck_assert_uint_eq(params.e820_table[i].type, ranges[i].type);
    }
    ck_assert_str_eq(guest_memory_at(&memory, BOOT_COMMAND_LINE_GPA, 64),
                     "console=ttyS0");
    /* All else is zero: boot.rst, zero page. */
    ck_assert_uint_eq(params.screen_info.orig_video_mode, 0);
    ck_assert_uint_eq(params.sentinel, 0);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, relocatable_kernel_is_loaded_at_1_mib);
    tcase_add_test(tcase, other_kernel_is_loaded_where_it_prefers);
    tcase_add_test(tcase,
                   kernel_that_prefers_low_memory_stays_where_it_is_loaded);
    tcase_add_test(tcase, kernel_may_not_lie_over_the_boot_structures);
    tcase_add_test(tcase, no_setup_sectors_stand_for_four);
    tcase_add_test(tcase, every_truncation_is_noticed);
    tcase_add_test(tcase, bytes_behind_the_code_are_no_fault);
    tcase_add_test(tcase, kernel_without_a_64_bit_entry_is_refused);
    tcase_add_test(tcase, setup_code_longer_than_the_file_is_refused);
    tcase_add_test(tcase, addresses_beyond_memory_are_refused);
    tcase_add_test(tcase, initrd_lies_behind_the_code_whatever_init_size_says);
    tcase_add_test(tcase, command_line_may_be_as_long_as_the_kernel_says);
    tcase_add_test(tcase, command_line_may_not_leave_its_place);
    tcase_add_test(tcase, zero_page_tells_what_the_kernel_asks);
}

int main(void)
{
    return check_main("bzimage", add_tests);
}
