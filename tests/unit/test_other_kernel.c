/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_other_kernel.c: a file that is no kernel for this machine is called what
 * it is.
 */
#include "vmm/other_kernel.h"

#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    size_t offset;
    const char *bytes, *line;
} cases[] = {
    {0x202, "HdrS", "kernel K: a bzImage, for x86: give one for arm64"},
    {56, "ARM\x64", "kernel K: a kernel for arm64: give one for arm64"},
    {56, "RSC\5", "kernel K: a kernel for RISC-V: give one for arm64"},
    {0, "BZh9", "kernel K: compressed with bzip2: unpack it first (bzip2 -d)"},
    {0, "\x02!L\x18",
     "kernel K: compressed with lz4: unpack it first (lz4 -d)"},
    {0, "070701", "kernel K: an initrd: give it with --initrd"},
    {0, "text", "kernel K: not an Image: give one"},
    /* At another place it means nothing. */
    {0x201, "HdrS", "kernel K: not an Image: give one"},
};

START_TEST(a_file_is_called_what_it_is)
{
    static const struct boot_file kernel = {.path = "K", .fd = -1};
    uint8_t start[OTHER_KERNEL_START] = {0};
    struct log_capture capture;

    memcpy(start + cases[_i].offset, cases[_i].bytes, strlen(cases[_i].bytes));
    log_capture_start(&capture);
    ck_assert_int_eq(
        other_kernel_refuse(&kernel, start, "arm64", "not an Image: give one"),
        -ENOEXEC);
    log_capture_stop();
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_str_eq(capture.last, cases[_i].line);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, a_file_is_called_what_it_is, 0,
                        (int)ARRAY_SIZE(cases));
}

int main(void)
{
    return check_main("other_kernel", add_tests);
}
