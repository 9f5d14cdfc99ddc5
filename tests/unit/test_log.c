/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_log.c: what reaches stderr, and how much of it a guest may cause.
 */
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/temp_tree.h"
#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Stderr, for as long as a pipe stands in for it. */
struct stderr_pipe {
    int reader, saved;
};

static void stderr_pipe_open(struct stderr_pipe *diversion)
{
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    diversion->reader = ends[0];
    diversion->saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    ck_assert_int_ge(diversion->saved, 0);
    ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
    close(ends[1]);
}

/* Restores stderr; what had been written to the pipe is left in `text`. */
static void stderr_pipe_close(struct stderr_pipe *diversion, char *text,
                              size_t capacity)
{
    size_t length = 0;
    ssize_t count;

    ck_assert_int_ge(dup2(diversion->saved, STDERR_FILENO), 0);
    do {
        count = read(diversion->reader, text + length, capacity - 1 - length);
        ck_assert_int_ge(count, 0);
        length += (size_t)count;
    } while (count > 0);
    text[length] = '\0';
    close_fd(&diversion->saved);
    close_fd(&diversion->reader);
}

START_TEST(each_level_is_told_by_its_prefix)
{
    struct stderr_pipe diversion;
    char text[512];

    log_set_level(LOG_LEVEL_DEBUG);
    stderr_pipe_open(&diversion);
    log_error("%s: %d", "disk", 1);
    log_warning("two");
    log_info("three");
    log_debug("four");
    stderr_pipe_close(&diversion, text, sizeof(text));
    log_set_level(LOG_LEVEL_INFO);
    ck_assert_str_eq(text, "vmm: disk: 1\n"
                           "vmm: warning: two\n"
                           "vmm: three\n"
                           "vmm: debug: four\n");
}
END_TEST

START_TEST(messages_begin_lines_of_their_own)
{
    struct stderr_pipe diversion;
    char text[512];

    stderr_pipe_open(&diversion);
    log_follow('x');
    log_debug("not shown");
    log_info("one");
    log_info("two");
    log_follow('x');
    log_follow('\n');
    log_info("three");
    stderr_pipe_close(&diversion, text, sizeof(text));
    ck_assert_str_eq(text, "\nvmm: one\nvmm: two\nvmm: three\n");
}
END_TEST

START_TEST(levels_above_the_set_one_are_dropped)
{
    struct log_capture capture;

    log_capture_start(&capture);
    log_debug("dropped by default");
    ck_assert_uint_eq(capture.lines, 0);
    log_set_level(LOG_LEVEL_ERROR);
    log_info("dropped");
    log_warning("dropped");
    ck_assert_uint_eq(capture.lines, 0);
    log_error("passes");
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_int_eq(capture.last_level, LOG_LEVEL_ERROR);
    log_set_level(LOG_LEVEL_INFO);
    log_capture_stop();
}
END_TEST

START_TEST(sink_gets_the_message_without_prefix)
{
    struct log_capture capture;

    log_capture_start(&capture);
    log_warning("%s", "as it is");
    log_capture_stop();
    ck_assert_str_eq(capture.last, "as it is");
    ck_assert_int_eq(capture.last_level, LOG_LEVEL_WARNING);
}
END_TEST

START_TEST(only_printable_ascii_reaches_the_terminal)
{
    struct log_capture capture;

    log_capture_start(&capture);
    log_info("%s", "a\033[2J\r\nvmm: forged\t\x7f\xff~ ");
    log_capture_stop();
    ck_assert_str_eq(capture.last,
                     "a\\x1b[2J\\x0d\\x0avmm: forged\\x09\\x7f\\xff~ ");
}
END_TEST

/* The lines that just fit and those that just do not, each byte of which
 * becomes `width` bytes. */
static void check_long_lines(char byte, size_t width)
{
    static const char mark[] = " [...]\n";
    char message[2 * PIPE_BUF];
    char text[2 * PIPE_BUF];

    for (size_t length = 1; length < 1200; length++) {
        struct stderr_pipe diversion;
        size_t written;

        memset(message, byte, length);
        message[length] = '\0';
        stderr_pipe_open(&diversion);
        log_info("%s", message);
        stderr_pipe_close(&diversion, text, sizeof(text));

        written = strlen(text);
        ck_assert_uint_lt(written, PIPE_BUF);
        ck_assert_uint_eq((size_t)(strchr(text, '\n') - text), written - 1);
        if (written != strlen("vmm: ") + width * length + 1) {
            ck_assert_uint_gt(written, 1000);
            ck_assert_str_eq(text + written - strlen(mark), mark);
            ck_assert_uint_eq(
                (written - strlen("vmm: ") - strlen(mark)) % width, 0);
        }
    }
}

START_TEST(long_lines_are_whole_or_marked_as_cut)
{
    check_long_lines('x', 1);
}
END_TEST

START_TEST(escapes_are_never_cut_in_half)
{
    check_long_lines('\001', 4);
}
END_TEST

START_TEST(errno_survives)
{
    struct log_capture capture;
    struct log_limit limit = {0};

    log_capture_start(&capture);
    errno = ENOTTY;
    log_error("%s", "one");
    log_guest(&limit, "two");
    log_debug("dropped");
    ck_assert_int_eq(errno, ENOTTY);
    log_capture_stop();

    log_error("to stderr");
    ck_assert_int_eq(errno, ENOTTY);
}
END_TEST

START_TEST(broken_stderr_loses_the_line_and_no_more)
{
    int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

    ck_assert_int_ge(saved, 0);
    close(STDERR_FILENO);
    log_error("to nobody");
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    close_fd(&saved);
}
END_TEST

START_TEST(guest_may_write_ten_lines)
{
    struct log_capture capture;
    struct log_limit limit = {0};

    log_capture_start(&capture);
    for (unsigned i = 0; i < 1000; i++)
        log_guest(&limit, "bad register %u", i);
    log_capture_stop();
    ck_assert_uint_eq(capture.lines, 10);
    ck_assert_str_eq(capture.last, "bad register 9");
    ck_assert_int_eq(capture.last_level, LOG_LEVEL_WARNING);
}
END_TEST

START_TEST(next_window_tells_how_many_were_dropped)
{
    struct log_capture capture;
    struct log_limit limit = {0};

    log_capture_start(&capture);
    for (unsigned i = 0; i < 25; i++)
        log_guest(&limit, "again");
    limit.window_start_ms -= 5000;
    log_guest(&limit, "later");
    ck_assert_str_eq(capture.last, "(after 15 dropped messages) later");
    log_guest(&limit, "and later");
    ck_assert_str_eq(capture.last, "and later");
    ck_assert_uint_eq(capture.lines, 12);
    log_capture_stop();
}
END_TEST

START_TEST(limits_do_not_share)
{
    struct log_capture capture;
    struct log_limit first = {0}, second = {0};

    log_capture_start(&capture);
    for (unsigned i = 0; i < 20; i++)
        log_guest(&first, "first");
    log_guest(&second, "second");
    log_capture_stop();
    ck_assert_uint_eq(capture.lines, 11);
    ck_assert_str_eq(capture.last, "second");
}
END_TEST

#define WRITERS          4
#define LINES_PER_WRITER 100UL

static void *write_lines(void *argument)
{
    const char *letter = argument;

    for (unsigned i = 0; i < LINES_PER_WRITER; i++)
        log_info("%s%s%s%s", letter, letter, letter, letter);
    return NULL;
}

/* "vmm: " and the same letter four times. */
static bool line_is_whole(const char *line)
{
    static const char start[] = "vmm: ";
    const char *letters = line + strlen(start);

    return strlen(line) == strlen(start) + 4 &&
           strncmp(line, start, strlen(start)) == 0 &&
           strspn(letters, (const char[]){letters[0], '\0'}) == 4;
}

START_TEST(lines_of_threads_do_not_mix)
{
    static char text[1 << 16]; /* what a pipe holds */
    static char letters[WRITERS][2] = {"a", "b", "c", "d"};
    struct stderr_pipe diversion;
    pthread_t writers[WRITERS];
    unsigned lines = 0;
    char *rest = NULL;

    stderr_pipe_open(&diversion);
    for (unsigned i = 0; i < WRITERS; i++)
        ck_assert_int_eq(
            pthread_create(&writers[i], NULL, write_lines, letters[i]), 0);
    for (unsigned i = 0; i < WRITERS; i++)
        ck_assert_int_eq(pthread_join(writers[i], NULL), 0);
    stderr_pipe_close(&diversion, text, sizeof(text));

    for (const char *line = strtok_r(text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        ck_assert_msg(line_is_whole(line), "%s", line);
        lines++;
    }
    ck_assert_uint_eq(lines, WRITERS * LINES_PER_WRITER);
}
END_TEST

static void *complain(void *argument)
{
    struct log_limit *limit = argument;

    for (unsigned i = 0; i < 100; i++)
        log_guest(limit, "x");
    return NULL;
}

START_TEST(vcpus_share_one_limit)
{
    static char text[1 << 16];
    struct log_limit limit = {0};
    struct stderr_pipe diversion;
    pthread_t vcpus[WRITERS];

    stderr_pipe_open(&diversion);
    for (unsigned i = 0; i < WRITERS; i++)
        ck_assert_int_eq(pthread_create(&vcpus[i], NULL, complain, &limit), 0);
    for (unsigned i = 0; i < WRITERS; i++)
        ck_assert_int_eq(pthread_join(vcpus[i], NULL), 0);
    stderr_pipe_close(&diversion, text, sizeof(text));

    ck_assert_uint_eq(strlen(text), 10 * strlen("vmm: warning: x\n"));
    ck_assert_uint_eq(limit.dropped, WRITERS * 100 - 10);
}
END_TEST

/* Returns what is in the copy by now. */
static void expect_copy(const struct temp_tree *tree, const char *expected)
{
    char path[96], text[256];
    FILE *file;
    size_t count;

    (void)snprintf(path, sizeof(path), "%s/log", tree->root);
    file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    count = fread(text, 1, sizeof(text) - 1, file);
    text[count] = '\0';
    (void)fclose(file);
    ck_assert_str_eq(text, expected);
}

START_TEST(copy_has_more_than_a_quiet_stderr)
{
    struct stderr_pipe diversion;
    struct temp_tree tree;
    char path[96], text[256];

    temp_tree_init(&tree);
    temp_tree_add_file(&tree, "log", "what was there before\n");
    (void)snprintf(path, sizeof(path), "%s/log", tree.root);
    ck_assert_int_eq(log_copy_to(path), 0);
    log_set_level(LOG_LEVEL_ERROR);
    stderr_pipe_open(&diversion);
    log_error("one");
    log_info("two");
    log_debug("three");
    stderr_pipe_close(&diversion, text, sizeof(text));
    ck_assert_str_eq(text, "vmm: one\n");
    expect_copy(&tree, "vmm: one\nvmm: two\n");

    log_set_level(LOG_LEVEL_DEBUG);
    stderr_pipe_open(&diversion);
    log_debug("four");
    stderr_pipe_close(&diversion, text, sizeof(text));
    ck_assert_str_eq(text, "vmm: debug: four\n");
    expect_copy(&tree, "vmm: one\nvmm: two\nvmm: debug: four\n");
    log_close_copy();
    temp_tree_destroy(&tree);
}
END_TEST

START_TEST(copy_on_a_full_disk_is_told_once)
{
    struct stderr_pipe diversion;
    char text[256];

    log_set_level(LOG_LEVEL_ERROR);
    ck_assert_int_eq(log_copy_to("/dev/full"), 0);
    ck_assert(log_copy_is_whole());
    stderr_pipe_open(&diversion);
    log_info("one");
    log_error("two");
    log_info("three");
    stderr_pipe_close(&diversion, text, sizeof(text));
    ck_assert_str_eq(text, "vmm: --log /dev/full: No space left on device: it "
                           "ends here\nvmm: two\n");
    ck_assert(!log_copy_is_whole());
    log_close_copy();
}
END_TEST

START_TEST(copy_that_cannot_be_is_told)
{
    struct log_capture capture;

    log_capture_start(&capture);
    ck_assert_int_eq(log_copy_to("/none/x"), -ENOENT);
    log_capture_stop();
    ck_assert_ptr_nonnull(strstr(capture.last, "--log /none/x: "));
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, copy_has_more_than_a_quiet_stderr);
    tcase_add_test(tcase, copy_on_a_full_disk_is_told_once);
    tcase_add_test(tcase, copy_that_cannot_be_is_told);
    tcase_add_test(tcase, each_level_is_told_by_its_prefix);
    tcase_add_test(tcase, messages_begin_lines_of_their_own);
    tcase_add_test(tcase, levels_above_the_set_one_are_dropped);
    tcase_add_test(tcase, sink_gets_the_message_without_prefix);
    tcase_add_test(tcase, only_printable_ascii_reaches_the_terminal);
    tcase_add_test(tcase, long_lines_are_whole_or_marked_as_cut);
    tcase_add_test(tcase, escapes_are_never_cut_in_half);
    tcase_add_test(tcase, errno_survives);
    tcase_add_test(tcase, broken_stderr_loses_the_line_and_no_more);
    tcase_add_test(tcase, guest_may_write_ten_lines);
    tcase_add_test(tcase, next_window_tells_how_many_were_dropped);
    tcase_add_test(tcase, limits_do_not_share);
    tcase_add_test(tcase, lines_of_threads_do_not_mix);
    tcase_add_test(tcase, vcpus_share_one_limit);
}

int main(void)
{
    return check_main("log", add_tests);
}
