/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_terminal.c: pipes, files and terminals as a guest's console.
 *
 * The event loop runs on a thread of its own; the tests wait for its effects.
 */
#include "vmm/terminal.h"

#include "tests/support/check_main.h"
#include "vmm/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define CTRL_A    "\x01"
#define CLOSED_FD 1000 /* a number that nothing here gets */

/* What the guest got, and what it may still get. */
static struct {
    pthread_mutex_t lock;
    uint8_t received[65536];
    size_t count, room;
    unsigned breaks, quits;
    size_t count_at_break;
} guest = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct event_loop loop;
static struct terminal terminal;
static pthread_t loop_thread;

static void pause_ms(int ms)
{
    (void)poll(NULL, 0, ms);
}

/* A child that outlives neither its parent nor a failed test. */
static pid_t fork_child(void)
{
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(30);
    }
    return child;
}

static size_t receive(void *owner, const uint8_t *bytes, size_t size)
{
    ck_assert_ptr_eq(owner, &guest);
    pthread_mutex_lock(&guest.lock);
    if (size > guest.room)
        size = guest.room;
    memcpy(guest.received + guest.count, bytes, size);
    guest.count += size;
    guest.room -= size;
    pthread_mutex_unlock(&guest.lock);
    return size;
}

static void send_break(void *owner)
{
    (void)owner;
    pthread_mutex_lock(&guest.lock);
    guest.count_at_break = guest.count;
    guest.breaks++;
    pthread_mutex_unlock(&guest.lock);
}

static void quit(void *owner)
{
    (void)owner;
    pthread_mutex_lock(&guest.lock);
    guest.quits++;
    pthread_mutex_unlock(&guest.lock);
}

static const struct terminal_client client = {receive, send_break, quit};

static void *run_loop(void *unused)
{
    (void)unused;
    ck_assert_int_eq(event_loop_run(&loop), 0);
    return NULL;
}

static void start_with_escape_key(int in_fd, int out_fd, size_t room,
                                  uint8_t key)
{
    guest.count = guest.breaks = guest.quits = 0;
    guest.room = room;
    ck_assert_int_eq(event_loop_init(&loop), 0);
    ck_assert_int_eq(
        terminal_init(&terminal, &loop, in_fd, out_fd, &client, &guest), 0);
    terminal_set_escape_key(&terminal, key);
    ck_assert_int_eq(pthread_create(&loop_thread, NULL, run_loop, NULL), 0);
}

static void start(int in_fd, int out_fd, size_t room)
{
    start_with_escape_key(in_fd, out_fd, room, ESCAPE_KEY_DEFAULT);
}

static void stop(void)
{
    event_loop_stop(&loop);
    pthread_join(loop_thread, NULL);
    terminal_destroy(&terminal);
    event_loop_destroy(&loop);
}

static void give_room(size_t room)
{
    pthread_mutex_lock(&guest.lock);
    guest.room += room;
    pthread_mutex_unlock(&guest.lock);
    terminal_resume(&terminal);
}

/* Libcheck ends a test that waits for ever. */
static void wait_for_bytes(size_t count)
{
    size_t received = 0;

    while (received < count) {
        pause_ms(1);
        pthread_mutex_lock(&guest.lock);
        received = guest.count;
        pthread_mutex_unlock(&guest.lock);
    }
    ck_assert_uint_eq(received, count);
}

static void wait_for_count(const unsigned *counter, unsigned count)
{
    unsigned counted = 0;

    while (counted != count) {
        pause_ms(1);
        pthread_mutex_lock(&guest.lock);
        counted = *counter;
        pthread_mutex_unlock(&guest.lock);
    }
}

static void write_all(int fd, const void *bytes, size_t size)
{
    ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
}

static bool is_raw(int fd)
{
    struct termios attributes;

    ck_assert_int_eq(tcgetattr(fd, &attributes), 0);
    return (attributes.c_lflag & (ICANON | ECHO | ISIG)) == 0;
}

static void wait_until_raw(int fd)
{
    while (!is_raw(fd))
        pause_ms(1);
}

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
    start(fds[0], STDOUT_FILENO, SIZE_MAX);
    write_all(fds[1], every_byte, sizeof(every_byte));
    write_all(fds[1], CTRL_A "x", 2);
    wait_for_bytes(sizeof(every_byte) + 2);
    stop();
    ck_assert_mem_eq(guest.received, every_byte, sizeof(every_byte));
    ck_assert_uint_eq(guest.quits, 0);
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
    start(fds[0], STDOUT_FILENO, 1);
    write_all(fds[1], sent, sizeof(sent));
    close(fds[1]); /* the end waits too */
    wait_for_bytes(1);
    for (size_t count = 1; count < sizeof(sent);) {
        size_t room = sizeof(sent) - count < 100 ? sizeof(sent) - count : 100;

        give_room(room);
        count += room;
        wait_for_bytes(count);
    }
    stop();
    ck_assert_mem_eq(guest.received, sent, sizeof(sent));
    ck_assert(terminal.at_end);
    close(fds[0]);
}
END_TEST

START_TEST(full_receiver_stops_reading_a_pipe)
{
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    start(fds[0], STDOUT_FILENO, 0);
    write_all(fds[1], "a", 1);
    give_room(0);
    pause_ms(20);
    stop();
    ck_assert(!terminal.is_watched);
    ck_assert_uint_eq(guest.count, 0);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(end_of_a_pipe_is_the_end_of_input_alone)
{
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    write_all(fds[1], "last", 4);
    close(fds[1]);
    start(fds[0], STDOUT_FILENO, SIZE_MAX);
    wait_for_bytes(4);
    pause_ms(20);
    stop();
    ck_assert(terminal.at_end);
    ck_assert_uint_eq(guest.quits, 0);
    close(fds[0]);
}
END_TEST

START_TEST(file_is_read_to_its_end)
{
    static uint8_t sent[2 * TERMINAL_BUFFER_SIZE + 5];
    int fd = memfd_create("input", MFD_CLOEXEC);

    memset(sent, CTRL_A[0], sizeof(sent));
    write_all(fd, sent, sizeof(sent));
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    start(fd, STDOUT_FILENO, 10);
    wait_for_bytes(10);
    give_room(sizeof(sent));
    wait_for_bytes(sizeof(sent));
    pause_ms(20);
    stop();
    ck_assert(terminal.at_end);
    close(fd);
}
END_TEST

START_TEST(empty_and_closed_input_are_no_error)
{
    int fd = open("/dev/null", O_RDWR);

    start(fd, fd, SIZE_MAX);
    pause_ms(20);
    stop();
    ck_assert(terminal.at_end);

    close(fd);
    start(CLOSED_FD, STDOUT_FILENO, SIZE_MAX);
    pause_ms(20);
    stop();
    ck_assert(terminal.at_end);
}
END_TEST

START_TEST(closed_descriptors_are_filled)
{
    pid_t child = fork_child();
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
    start(STDIN_FILENO, fds[1], SIZE_MAX);
    terminal_write(&terminal, "a", 1);
    ck_assert(atomic_load(&terminal.output_failed));
    terminal_write(&terminal, "b", 1);
    stop();
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
    child = fork_child();
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

START_TEST(terminal_is_raw_while_in_use)
{
    int keyboard, fd;
    struct termios before, after;

    ck_assert_int_eq(openpty(&keyboard, &fd, NULL, NULL, NULL), 0);
    ck_assert_int_eq(tcgetattr(fd, &before), 0);
    start(fd, fd, SIZE_MAX);
    wait_until_raw(fd);
    write_all(keyboard, "\x03\x04\x11\x13\x1a\r", 6); /* ^C ^D ^Q ^S ^Z */
    wait_for_bytes(6);
    ck_assert_mem_eq(guest.received, "\x03\x04\x11\x13\x1a\r", 6);
    stop();
    ck_assert_int_eq(tcgetattr(fd, &after), 0);
    ck_assert_uint_eq(after.c_lflag, before.c_lflag);
    ck_assert_uint_eq(after.c_iflag, before.c_iflag);
    ck_assert_uint_eq(after.c_cflag, before.c_cflag);
    close(fd);
    close(keyboard);
}
END_TEST

START_TEST(escape_keys_work_on_a_terminal)
{
    static const char typed[] =
        "ab" CTRL_A "bc" CTRL_A CTRL_A CTRL_A "zd" CTRL_A "x";
    char shown[512] = "";
    int keyboard, fd;

    ck_assert_int_eq(openpty(&keyboard, &fd, NULL, NULL, NULL), 0);
    start(fd, fd, SIZE_MAX);
    wait_until_raw(fd);
    write_all(keyboard, typed, sizeof(typed) - 1);
    wait_for_count(&guest.quits, 1);
    wait_for_bytes(5);
    ck_assert_mem_eq(guest.received, "abc" CTRL_A "d", 5);
    ck_assert_uint_eq(guest.breaks, 1);
    ck_assert_uint_eq(guest.count_at_break, 2);

    write_all(keyboard, CTRL_A "h", 2);
    for (size_t count = 0; strstr(shown, "Ctrl-A x") == NULL;) {
        ssize_t part = read(keyboard, shown + count, sizeof(shown) - 1 - count);

        ck_assert_int_gt(part, 0);
        count += (size_t)part;
    }
    stop();
    close(fd);
    close(keyboard);
}
END_TEST

START_TEST(help_names_the_chosen_escape_key)
{
    char shown[512] = "";
    int keyboard, fd;

    ck_assert_int_eq(openpty(&keyboard, &fd, NULL, NULL, NULL), 0);
    start_with_escape_key(fd, fd, SIZE_MAX, 0x1d);
    wait_until_raw(fd);
    write_all(keyboard, CTRL_A "x\x1dh", 4);
    for (size_t count = 0; strstr(shown, "send Ctrl-]") == NULL;) {
        ssize_t part = read(keyboard, shown + count, sizeof(shown) - 1 - count);

        ck_assert_int_gt(part, 0);
        count += (size_t)part;
    }
    ck_assert_ptr_null(strstr(shown, "Ctrl-A"));
    wait_for_bytes(2);
    ck_assert_uint_eq(guest.quits, 0);
    stop();
    close(fd);
    close(keyboard);
}
END_TEST

START_TEST(guest_that_reads_nothing_can_be_quit)
{
    char typed[100];
    int keyboard, fd;

    memset(typed, 'a', sizeof(typed));
    ck_assert_int_eq(openpty(&keyboard, &fd, NULL, NULL, NULL), 0);
    start(fd, fd, 0);
    wait_until_raw(fd);
    for (size_t sent = 0; sent < sizeof(terminal.buffer) * 2;
         sent += sizeof(typed)) {
        int waiting = 1;

        write_all(keyboard, typed, sizeof(typed));
        /* A terminal's own buffer would overflow too. */
        while (waiting > 0) {
            pause_ms(1);
            ck_assert_int_eq(ioctl(fd, FIONREAD, &waiting), 0);
        }
    }
    write_all(keyboard, CTRL_A "x", 2);
    wait_for_count(&guest.quits, 1);
    give_room(SIZE_MAX);
    wait_for_bytes(TERMINAL_BUFFER_SIZE);
    stop();
    close(fd);
    close(keyboard);
}
END_TEST

START_TEST(unplugged_terminal_is_the_end_of_input)
{
    int keyboard, fd;

    ck_assert_int_eq(openpty(&keyboard, &fd, NULL, NULL, NULL), 0);
    start(fd, fd, SIZE_MAX);
    wait_until_raw(fd);
    close(keyboard);
    pause_ms(20);
    stop();
    ck_assert(terminal.at_end);
    close(fd);
}
END_TEST

/* Runs `die` in a child that uses a terminal; the child's wait status. The
 * terminal must be as before. */
static int status_after(void (*die)(int argument), int argument)
{
    int keyboard, fd, status;
    pid_t child;

    ck_assert_int_eq(openpty(&keyboard, &fd, NULL, NULL, NULL), 0);
    child = fork_child();
    if (child == 0) {
        start(fd, fd, SIZE_MAX);
        wait_until_raw(fd);
        die(argument);
        _exit(99); /* not reached */
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(!is_raw(fd), "raw after %d", argument);
    close(fd);
    close(keyboard);
    return status;
}

static void die_by_signal(int signal_number)
{
    (void)raise(signal_number);
}

static void die_by_exit(int status)
{
    /* The loop's thread is to see nothing of what exit() frees. */
    event_loop_stop(&loop);
    pthread_join(loop_thread, NULL);
    exit(status);
}

START_TEST(deadly_signals_restore_the_terminal)
{
    static const int signals[] = {SIGINT,  SIGTERM, SIGHUP, SIGQUIT,
                                  SIGSEGV, SIGBUS,  SIGABRT};

    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        struct sigaction action;

        /* A sanitizer's handler stays. */
        ck_assert_int_eq(sigaction(signals[i], NULL, &action), 0);
        if (action.sa_handler == SIG_DFL) {
            int status = status_after(die_by_signal, signals[i]);

            ck_assert(WIFSIGNALED(status));
            ck_assert_int_eq(WTERMSIG(status), signals[i]);
        }
    }
}
END_TEST

START_TEST(exit_restores_the_terminal)
{
    int status = status_after(die_by_exit, 7);

    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 7);
}
END_TEST

START_TEST(ignored_signals_stay_ignored)
{
    int keyboard, fd;
    struct sigaction action;

    signal(SIGHUP, SIG_IGN); /* as nohup does */
    ck_assert_int_eq(openpty(&keyboard, &fd, NULL, NULL, NULL), 0);
    start(fd, fd, SIZE_MAX);
    ck_assert_int_eq(sigaction(SIGHUP, NULL, &action), 0);
    ck_assert(action.sa_handler == SIG_IGN);
    stop();
    close(fd);
    close(keyboard);
}
END_TEST

/* ---- Job control: a child plays the shell, its child is the job --------- */

static pid_t start_job(int fd, bool foreground)
{
    pid_t job;

    ck_assert_int_gt(setsid(), 0);
    ck_assert_int_eq(ioctl(fd, TIOCSCTTY, 0), 0);
    signal(SIGTTOU, SIG_IGN); /* as shells do */
    job = fork_child();
    if (job == 0) {
        signal(SIGTTOU, SIG_DFL);
        setpgid(0, 0);
        /* Whether the shell has done it yet or not. */
        while (foreground && tcgetpgrp(fd) != getpgrp())
            pause_ms(1);
        start(fd, fd, SIZE_MAX);
        wait_for_count(&guest.quits, 1);
        stop();
        _exit(guest.count == 1 ? 0 : 1);
    }
    setpgid(job, job);
    if (foreground)
        ck_assert_int_eq(tcsetpgrp(fd, job), 0);
    return job;
}

static void end_job(pid_t job, int keyboard)
{
    int status;

    write_all(keyboard, "a" CTRL_A "x", 3);
    ck_assert_int_eq(waitpid(job, &status, 0), job);
    ck_assert_int_eq(status, 0);
}

static void stop_and_continue(int keyboard, int fd)
{
    pid_t job = start_job(fd, true);
    int status;

    for (unsigned i = 0; i < 2; i++) {
        wait_until_raw(fd);
        ck_assert_int_eq(kill(job, SIGTSTP), 0);
        ck_assert_int_eq(waitpid(job, &status, WUNTRACED), job);
        ck_assert(WIFSTOPPED(status));
        ck_assert(!is_raw(fd));
        ck_assert_int_eq(tcsetpgrp(fd, getpgrp()), 0);
        ck_assert_int_eq(tcsetpgrp(fd, job), 0);
        ck_assert_int_eq(kill(job, SIGCONT), 0);
    }
    wait_until_raw(fd);
    end_job(job, keyboard);
}

static void background_and_foreground(int keyboard, int fd)
{
    pid_t job = start_job(fd, false);
    int status;
    char line[16];

    pause_ms(50);
    write_all(keyboard, "mine\n", 5); /* typed for the shell */
    pause_ms(50);
    ck_assert_int_eq(waitpid(job, &status, WUNTRACED | WNOHANG), 0);
    ck_assert(!is_raw(fd));
    ck_assert_int_eq(read(fd, line, sizeof(line)), 5);

    ck_assert_int_eq(tcsetpgrp(fd, job), 0); /* and no SIGCONT */
    wait_until_raw(fd);
    end_job(job, keyboard);
}

static void play_shell(void (*play)(int keyboard, int fd))
{
    int keyboard, fd, status;
    pid_t shell;

    ck_assert_int_eq(openpty(&keyboard, &fd, NULL, NULL, NULL), 0);
    shell = fork_child();
    if (shell == 0) {
        play(keyboard, fd);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(shell, &status, 0), shell);
    ck_assert_int_eq(status, 0);
    close(fd);
    close(keyboard);
}

START_TEST(stopped_process_leaves_the_terminal_as_it_was)
{
    play_shell(stop_and_continue);
}
END_TEST

START_TEST(background_process_leaves_the_terminal_to_the_shell)
{
    play_shell(background_and_foreground);
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, escape_keys_are_told_from_input);
    tcase_add_test(tcase, escape_key_can_be_another_or_none);
    tcase_add_test(tcase, pipe_is_passed_on_byte_for_byte);
    tcase_add_test(tcase, slow_receiver_loses_nothing_of_a_pipe);
    tcase_add_test(tcase, full_receiver_stops_reading_a_pipe);
    tcase_add_test(tcase, end_of_a_pipe_is_the_end_of_input_alone);
    tcase_add_test(tcase, file_is_read_to_its_end);
    tcase_add_test(tcase, empty_and_closed_input_are_no_error);
    tcase_add_test(tcase, closed_descriptors_are_filled);
    tcase_add_test(tcase, failed_output_is_dropped_and_said_once);
    tcase_add_test(tcase, non_blocking_output_is_waited_for);
    tcase_add_test(tcase, terminal_is_raw_while_in_use);
    tcase_add_test(tcase, escape_keys_work_on_a_terminal);
    tcase_add_test(tcase, help_names_the_chosen_escape_key);
    tcase_add_test(tcase, guest_that_reads_nothing_can_be_quit);
    tcase_add_test(tcase, unplugged_terminal_is_the_end_of_input);
    tcase_add_test(tcase, deadly_signals_restore_the_terminal);
    tcase_add_test(tcase, exit_restores_the_terminal);
    tcase_add_test(tcase, ignored_signals_stay_ignored);
    tcase_add_test(tcase, stopped_process_leaves_the_terminal_as_it_was);
    tcase_add_test(tcase, background_process_leaves_the_terminal_to_the_shell);
}

int main(void)
{
    return check_main("terminal", add_tests);
}
