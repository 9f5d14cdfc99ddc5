/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_kernel_version.c: the version in a bzImage and in a vmlinux.
 */
#include "tests/support/check_main.h"
#include "vmm/bytes.h"
#include "vmm/fd.h"
#include "vmm/kernel_version.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define VERSION "6.12.95+deb13-cloud-amd64"

static char version[KERNEL_VERSION_SIZE];
static int fd = -1;

static void setup(void)
{
    fd = memfd_create("kernel", MFD_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    memset(version, 'x', sizeof(version));
}

static void teardown(void)
{
    close_fd(&fd);
}

static void put(uint64_t offset, const void *bytes, size_t size)
{
    ck_assert_int_eq(pwrite(fd, bytes, size, (off_t)offset), (ssize_t)size);
}

static void put_text(uint64_t offset, const char *text)
{
    put(offset, text, strlen(text));
}

/* As the boot protocol has it, `text` at `offset`. */
static void put_bzimage(uint64_t offset, const char *text)
{
    uint8_t pointer[2];

    put_text(0x202, "HdrS");
    store_le16(pointer, (uint16_t)(offset - 0x200));
    put(0x20e, pointer, sizeof(pointer));
    put_text(offset, text);
    put(offset + strlen(text), "", 1);
}

static void check_none(void)
{
    ck_assert(!kernel_version_read(fd, version));
    ck_assert_str_eq(version, "");
}

START_TEST(bzimage_points_to_its_version)
{
    put_bzimage(0x3000, VERSION " (builder@host) #1 SMP");
    ck_assert(kernel_version_read(fd, version));
    ck_assert_str_eq(version, VERSION);
}
END_TEST

START_TEST(vmlinux_has_it_in_its_banner)
{
    put_text(0, "\177ELF");
    put_text(9000, "Linux version %s (%s)");
    put_text(300000, "Linux version " VERSION " (builder@host)");
    ck_assert(kernel_version_read(fd, version));
    ck_assert_str_eq(version, VERSION);
}
END_TEST

START_TEST(image_has_it_in_its_banner)
{
    put_text(56, "ARM\x64");
    put_text(300000, "Linux version " VERSION " (builder@host)");
    ck_assert(kernel_version_read(fd, version));
    ck_assert_str_eq(version, VERSION);
}
END_TEST

/* It is found wherever the file is cut into pieces for reading. */
START_TEST(banner_is_found_at_every_offset)
{
    for (uint64_t at = 65536 - 120; at < 65536 + 2; at++) {
        ck_assert_int_eq(ftruncate(fd, 0), 0);
        put_text(0, "\177ELF");
        put_text(at, "Linux version " VERSION " ");
        ck_assert_msg(kernel_version_read(fd, version), "at %u", (unsigned)at);
        ck_assert_str_eq(version, VERSION);
    }
}
END_TEST

START_TEST(what_has_none_says_so)
{
    check_none();
    put_text(0, "#!/bin/sh Linux version 6.1 ");
    check_none();
    put_text(0, "\177ELF and nothing more............");
    check_none();
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    put_text(0x202, "HdrS");
    check_none();
}
END_TEST

/* It becomes a part of a path. */
START_TEST(what_is_no_version_is_not_taken)
{
    static const char *const texts[] = {
        "",
        "6.12.1",       /* no end */
        "../../etc x",  /* no digit first */
        "6.1/../../x ", /* no name of one folder */
        "6.1\n ",
        "6 ........................................................",
        "6.000000000000000000000000000000000000000000000000000000000000000 ",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        bool is_one = i == 5;

        ck_assert_int_eq(ftruncate(fd, 0), 0);
        put_bzimage(0x300, texts[i]);
        ck_assert_msg(kernel_version_read(fd, version) == is_one, "%s",
                      texts[i]);
        ck_assert_str_eq(version, is_one ? "6" : "");
    }
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, bzimage_points_to_its_version);
    tcase_add_test(tcase, vmlinux_has_it_in_its_banner);
    tcase_add_test(tcase, image_has_it_in_its_banner);
    tcase_add_test(tcase, banner_is_found_at_every_offset);
    tcase_add_test(tcase, what_has_none_says_so);
    tcase_add_test(tcase, what_is_no_version_is_not_taken);
}

int main(void)
{
    return check_main("kernel_version", add_tests);
}
