/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_trace.c: the lines of a trace, and what is lost of it.
 */
#include "vmm/trace.h"

#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/temp_tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct temp_tree tree;
static char path[128], text[4 * 4096];

static void start(void)
{
    temp_tree_init(&tree);
    (void)snprintf(path, sizeof(path), "%s/trace", tree.root);
    ck_assert_int_eq(trace_open(path), 0);
}

/* The trace's lines but the title, up to each one's first tab. */
static const char *stop(void)
{
    static char lines[sizeof(text)];
    size_t length;
    FILE *file;

    ck_assert_int_eq(trace_close(), 0);
    file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    length = fread(text, 1, sizeof(text) - 1, file);
    text[length] = '\0';
    (void)fclose(file);
    temp_tree_destroy(&tree);
    lines[0] = '\0';
    for (char *line = strchr(text, '\n') + 1; *line;
         line = strchr(line, '\n') + 1)
        (void)snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines),
                       "%.*s\n", (int)strcspn(line, "\t\n"), line);
    return lines;
}

START_TEST(nothing_is_written_while_it_is_off)
{
    ck_assert(!trace_is_on());
    ck_assert_int_eq(trace_now(), 0);
    trace_event("d", "guest: status 0");
    trace_call("d", 0, "close = 0", "");
    trace_comment("nothing");
    ck_assert_int_eq(trace_close(), 0);
}
END_TEST

START_TEST(what_differs_from_run_to_run_stands_behind_tabs)
{
    start();
    ck_assert(trace_is_on());
    trace_event("/dev/vhost-vdpa-0", "guest: status %s", "0");
    trace_call("/dev/vhost-vdpa-0", trace_now(), "close = 0", "");
    trace_call("net0", 0, "open = 0", "uaddr=0x1");
    trace_comment("%d calls", 2);
    ck_assert_str_eq(stop(), "vhost-vdpa-0 guest: status 0\n"
                             "vhost-vdpa-0   close = 0\n"
                             "net0   open = 0\n"
                             "# 2 calls\n");
    ck_assert_ptr_nonnull(strstr(text, "s 0\t0.0"));
    ck_assert_ptr_nonnull(strstr(text, "\tuaddr=0x1\n"));
    ck_assert_int_eq(
        strncmp(text, "# " TRACE_TITLE "\t", strlen(TRACE_TITLE) + 3), 0);
    ck_assert(!trace_is_on());
}
END_TEST

START_TEST(names_do_not_break_lines)
{
    start();
    trace_event("/tmp/a b\nc", "guest: status\n%s", "\x1b[0m");
    trace_call("d", 0, "open\r\npath", "");
    ck_assert_str_eq(stop(), "a?b?c guest: status??[0m\n"
                             "d   open??path\n");
}
END_TEST

START_TEST(long_lines_are_cut)
{
    static char huge[8192];
    const char *lines;

    memset(huge, 'x', sizeof(huge) - 1);
    start();
    trace_call("d", 0, huge, huge);
    trace_comment("%s", huge);
    trace_event(huge, "%s", huge);
    trace_comment("end");
    lines = stop();
    ck_assert_ptr_nonnull(strstr(lines, "x\n# end\n"));
}
END_TEST

START_TEST(errno_is_kept)
{
    start();
    errno = EXDEV;
    trace_call("d", 0, "close = 0", "");
    ck_assert_int_eq(errno, EXDEV);
    (void)stop();
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_named)
{
    struct log_capture capture = {.lines = 0};

    log_capture_start(&capture);
    ck_assert_int_eq(trace_open("/nonexistent/trace"), -ENOENT);
    ck_assert_str_eq(capture.last,
                     "--trace /nonexistent/trace: No such file or directory: "
                     "give a file that can be written");
    ck_assert(!trace_is_on());
    ck_assert_int_eq(trace_close(), 0);
}
END_TEST

START_TEST(a_full_disk_ends_the_trace_and_is_told_once)
{
    struct log_capture capture = {.lines = 0};

    log_capture_start(&capture);
    ck_assert_int_eq(trace_open("/dev/full"), 0);
    trace_event("d", "guest: status 0");
    trace_event("d", "guest: status 0");
    ck_assert(!trace_is_on());
    ck_assert_int_eq(trace_close(), -EIO);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_str_eq(capture.last, "--trace: write: No space left on device: "
                                   "the trace ends here");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, nothing_is_written_while_it_is_off);
    tcase_add_test(tcase, what_differs_from_run_to_run_stands_behind_tabs);
    tcase_add_test(tcase, names_do_not_break_lines);
    tcase_add_test(tcase, long_lines_are_cut);
    tcase_add_test(tcase, errno_is_kept);
    tcase_add_test(tcase, a_file_that_cannot_be_written_is_named);
    tcase_add_test(tcase, a_full_disk_ends_the_trace_and_is_told_once);
}

int main(void)
{
    return check_main("trace", add_tests);
}
