/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_terminal.c: pipes and files as a guest's console, and the keys
 * that are the VMM's.
 */
#include "tests/support/check_main.h"
#include "tests/support/sleep_ms.h"
#include "tests/support/terminal_bed.h"
#include "vmm/fd.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLOSED_FD 1000 /* a number that nothing here gets */

static struct terminal_bed bed;

START_TEST(escape_keys_are_told_from_input)
{
    static const struct {
        uint8_t byte;
        enum escape_action action;
    } steps[] = {
        {'x', ESCAPE_PASS}, {1, ESCAPE_DROP},    {'x', ESCAPE_QUIT},
        {1, ESCAPE_DROP},   {1, ESCAPE_PASS},    {'x', ESCAPE_PASS},
        {1, ESCAPE_DROP},   {'b', ESCAPE_BREAK}, {'b', ESCAPE_PASS},
        {1, ESCAPE_DROP},   {'h', ESCAPE_HELP},  {1, ESCAPE_DROP},
        {'?', ESCAPE_HELP}, {1, ESCAPE_DROP},    {'z', ESCAPE_DROP},
        {'z', ESCAPE_PASS}, {1, ESCAPE_DROP},    {0xff, ESCAPE_DROP},
        {0, ESCAPE_PASS},
    };
    struct escape_keys keys = {.key = ESCAPE_KEY_DEFAULT};

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
        ck_assert_int_eq(escape_keys_take(&keys, steps[i].byte),
                         steps[i].action);
}
END_TEST

START_TEST(escape_key_can_be_another_or_none)
{
    static const struct {
        const char *text;
        uint8_t key;
    } good[] = {
        {"^A", 1},    {"^a", 1},    {"ctrl-a", 1}, {"Ctrl-Z", 26},
        {"^]", 0x1d}, {"^_", 0x1f}, {"^\\", 0x1c}, {"none", ESCAPE_KEY_NONE},
    };
    static const char *const bad[] = {
        "", "^", "A", "^@", "^`", "^AA", "^1", "ctrl-", "ctrl", "None", "^\xff",
    };
    struct escape_keys keys;
    uint8_t key;

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        ck_assert_msg(escape_key_read(good[i].text, &key), "%s", good[i].text);
        ck_assert_uint_eq(key, good[i].key);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_msg(!escape_key_read(bad[i], &key), "%s", bad[i]);

    keys = (struct escape_keys){.key = 0x1d};
    ck_assert_int_eq(escape_keys_take(&keys, 1), ESCAPE_PASS);
    ck_assert_int_eq(escape_keys_take(&keys, 0x1d), ESCAPE_DROP);
    ck_assert_int_eq(escape_keys_take(&keys, 1), ESCAPE_DROP);
    ck_assert_int_eq(escape_keys_take(&keys, 0x1d), ESCAPE_DROP);
    ck_assert_int_eq(escape_keys_take(&keys, 0x1d), ESCAPE_PASS);

    keys = (struct escape_keys){.key = ESCAPE_KEY_NONE};
    for (unsigned byte = 0; byte < 256; byte++)
        ck_assert_int_eq(escape_keys_take(&keys, (uint8_t)byte), ESCAPE_PASS);
}
END_TEST

START_TEST(pipe_is_passed_on_byte_for_byte)
{
    uint8_t every_byte[256];
    int fds[2];

    for (unsigned i = 0; i < sizeof(every_byte); i++)
        every_byte[i] = (uint8_t)i;
    ck_assert_int_eq(pipe(fds), 0);
    terminal_bed_start(&bed, fds[0], STDOUT_FILENO, SIZE_MAX);
    terminal_bed_write_all(fds[1], every_byte, sizeof(every_byte));
    terminal_bed_write_all(fds[1], TERMINAL_BED_CTRL_A "x", 2);
    terminal_bed_wait_for_bytes(&bed, sizeof(every_byte) + 2);
    terminal_bed_stop(&bed);
    ck_assert_mem_eq(bed.guest.received, every_byte, sizeof(every_byte));
    ck_assert_uint_eq(bed.guest.quits, 0);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(slow_receiver_loses_nothing_of_a_pipe)
{
    static uint8_t sent[3 * TERMINAL_BUFFER_SIZE];
    int fds[2];

    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (uint8_t)(i / 3);
    ck_assert_int_eq(pipe(fds), 0);
    terminal_bed_start(&bed, fds[0], STDOUT_FILENO, 1);
    terminal_bed_write_all(fds[1], sent, sizeof(sent));
    close(fds[1]); /* the end waits too */
    terminal_bed_wait_for_bytes(&bed, 1);
    for (size_t count = 1; count < sizeof(sent);) {
        size_t room = sizeof(sent) - count < 100 ? sizeof(sent) - count : 100;

        terminal_bed_give_room(&bed, room);
        count += room;
        terminal_bed_wait_for_bytes(&bed, count);
    }
    terminal_bed_stop(&bed);
    ck_assert_mem_eq(bed.guest.received, sent, sizeof(sent));
    ck_assert(bed.terminal.at_end);
    close(fds[0]);
}
END_TEST

START_TEST(full_receiver_stops_reading_a_pipe)
{
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    terminal_bed_start(&bed, fds[0], STDOUT_FILENO, 0);
    terminal_bed_write_all(fds[1], "a", 1);
    terminal_bed_give_room(&bed, 0);
    sleep_ms(20);
    terminal_bed_stop(&bed);
    ck_assert(!bed.terminal.is_watched);
    ck_assert_uint_eq(bed.guest.count, 0);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(end_of_a_pipe_is_the_end_of_input_alone)
{
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    terminal_bed_write_all(fds[1], "last", 4);
    close(fds[1]);
    terminal_bed_start(&bed, fds[0], STDOUT_FILENO, SIZE_MAX);
    terminal_bed_wait_for_bytes(&bed, 4);
    sleep_ms(20);
    terminal_bed_stop(&bed);
    ck_assert(bed.terminal.at_end);
    ck_assert_uint_eq(bed.guest.quits, 0);
    close(fds[0]);
}
END_TEST

START_TEST(file_is_read_to_its_end)
{
    static uint8_t sent[2 * TERMINAL_BUFFER_SIZE + 5];
    int fd = memfd_create("input", MFD_CLOEXEC);

    memset(sent, TERMINAL_BED_CTRL_A[0], sizeof(sent));
    terminal_bed_write_all(fd, sent, sizeof(sent));
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    terminal_bed_start(&bed, fd, STDOUT_FILENO, 10);
    terminal_bed_wait_for_bytes(&bed, 10);
    terminal_bed_give_room(&bed, sizeof(sent));
    terminal_bed_wait_for_bytes(&bed, sizeof(sent));
    sleep_ms(20);
    terminal_bed_stop(&bed);
    ck_assert(bed.terminal.at_end);
    close(fd);
}
END_TEST

START_TEST(empty_and_closed_input_are_no_error)
{
    int fd = open("/dev/null", O_RDWR);

    terminal_bed_start(&bed, fd, fd, SIZE_MAX);
    sleep_ms(20);
    terminal_bed_stop(&bed);
    ck_assert(bed.terminal.at_end);

    close(fd);
    terminal_bed_start(&bed, CLOSED_FD, STDOUT_FILENO, SIZE_MAX);
    sleep_ms(20);
    terminal_bed_stop(&bed);
    ck_assert(bed.terminal.at_end);
}
END_TEST

START_TEST(closed_descriptors_are_filled)
{
    pid_t child = terminal_bed_fork_child();
    int status;

    if (child == 0) {
        close(STDIN_FILENO);
        close(STDERR_FILENO);
        terminal_fill_closed_descriptors();
        _exit(fcntl(STDIN_FILENO, F_GETFD) >= 0 &&
                      fcntl(STDERR_FILENO, F_GETFD) >= 0
                  ? 0
                  : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(failed_output_is_dropped_and_said_once)
{
    int fds[2];

    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(pipe(fds), 0);
    close(fds[0]);
    terminal_bed_start(&bed, STDIN_FILENO, fds[1], SIZE_MAX);
    terminal_write(&bed.terminal, "a", 1);
    ck_assert(atomic_load(&bed.terminal.output_failed));
    terminal_write(&bed.terminal, "b", 1);
    terminal_bed_stop(&bed);
    close(fds[1]);
}
END_TEST

START_TEST(non_blocking_output_is_waited_for)
{
    static uint8_t sent[1 << 18], got[1 << 18];
    int fds[2];
    size_t count = 0;
    pid_t child;

    ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
    child = terminal_bed_fork_child();
    if (child == 0) {
        struct terminal writer = {.out_fd = fds[1]};

        memset(sent, 'a', sizeof(sent));
        terminal_write(&writer, sent, sizeof(sent));
        _exit(0);
    }
    close(fds[1]);
    ck_assert_int_eq(fcntl(fds[0], F_SETFL, 0), 0);
    for (ssize_t part; (part = read(fds[0], got, sizeof(got))) > 0;)
        count += (size_t)part;
    ck_assert_uint_eq(count, sizeof(sent));
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    close(fds[0]);
}
END_TEST

static void add_tests(TCase *tcase)
{
    const TTest *const claims[] = {
        escape_keys_are_told_from_input,
        escape_key_can_be_another_or_none,
        pipe_is_passed_on_byte_for_byte,
        slow_receiver_loses_nothing_of_a_pipe,
        full_receiver_stops_reading_a_pipe,
        end_of_a_pipe_is_the_end_of_input_alone,
        file_is_read_to_its_end,
        empty_and_closed_input_are_no_error,
        closed_descriptors_are_filled,
        failed_output_is_dropped_and_said_once,
        non_blocking_output_is_waited_for,
    };

    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        tcase_add_test(tcase, claims[i]);
}

int main(void)
{
    return check_main("terminal", add_tests);
}
