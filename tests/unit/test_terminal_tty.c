/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_terminal_tty.c: terminals as a guest's console: the mode that they
 * are in, the keys that are the VMM's, and the shell around it.
 */
#include "tests/support/check_main.h"
#include "tests/support/sleep_ms.h"
#include "tests/support/terminal_bed.h"

#include <errno.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct terminal_bed bed;

static bool is_raw(int fd)
{
    struct termios attributes;

    ck_assert_int_eq(tcgetattr(fd, &attributes), 0);
    return (attributes.c_lflag & (ICANON | ECHO | ISIG)) == 0;
}

static void wait_until_raw(int fd)
{
    while (!is_raw(fd))
        sleep_ms(1);
}

START_TEST(terminal_is_raw_while_in_use)
{
    int keyboard, fd;
    struct termios before, after;

    ck_assert_int_eq(openpty(&keyboard, &fd, NULL, NULL, NULL), 0);
    ck_assert_int_eq(tcgetattr(fd, &before), 0);
    terminal_bed_start(&bed, fd, fd, SIZE_MAX);
    wait_until_raw(fd);
    terminal_bed_write_all(keyboard, "\x03\x04\x11\x13\x1a\r",
                           6); /* ^C ^D ^Q ^S ^Z */
    terminal_bed_wait_for_bytes(&bed, 6);
    ck_assert_mem_eq(bed.guest.received, "\x03\x04\x11\x13\x1a\r", 6);
    terminal_bed_stop(&bed);
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
        "ab" TERMINAL_BED_CTRL_A
        "bc" TERMINAL_BED_CTRL_A TERMINAL_BED_CTRL_A TERMINAL_BED_CTRL_A
        "zd" TERMINAL_BED_CTRL_A "x";
    char shown[512] = "";
    int keyboard, fd;

    ck_assert_int_eq(openpty(&keyboard, &fd, NULL, NULL, NULL), 0);
    terminal_bed_start(&bed, fd, fd, SIZE_MAX);
    wait_until_raw(fd);
    terminal_bed_write_all(keyboard, typed, sizeof(typed) - 1);
    terminal_bed_wait_for_count(&bed, &bed.guest.quits, 1);
    terminal_bed_wait_for_bytes(&bed, 5);
    ck_assert_mem_eq(bed.guest.received, "abc" TERMINAL_BED_CTRL_A "d", 5);
    ck_assert_uint_eq(bed.guest.breaks, 1);
    ck_assert_uint_eq(bed.guest.count_at_break, 2);

    terminal_bed_write_all(keyboard, TERMINAL_BED_CTRL_A "h", 2);
    for (size_t count = 0; strstr(shown, "Ctrl-A x") == NULL;) {
        ssize_t part = read(keyboard, shown + count, sizeof(shown) - 1 - count);

        ck_assert_int_gt(part, 0);
        count += (size_t)part;
    }
    terminal_bed_stop(&bed);
    close(fd);
    close(keyboard);
}
END_TEST

START_TEST(help_names_the_chosen_escape_key)
{
    char shown[512] = "";
    int keyboard, fd;

    ck_assert_int_eq(openpty(&keyboard, &fd, NULL, NULL, NULL), 0);
    terminal_bed_start_with_escape_key(&bed, fd, fd, SIZE_MAX, 0x1d);
    wait_until_raw(fd);
    terminal_bed_write_all(keyboard, TERMINAL_BED_CTRL_A "x\x1dh", 4);
    for (size_t count = 0; strstr(shown, "send Ctrl-]") == NULL;) {
        ssize_t part = read(keyboard, shown + count, sizeof(shown) - 1 - count);

        ck_assert_int_gt(part, 0);
        count += (size_t)part;
    }
    ck_assert_ptr_null(strstr(shown, "Ctrl-A"));
    terminal_bed_wait_for_bytes(&bed, 2);
    ck_assert_uint_eq(bed.guest.quits, 0);
    terminal_bed_stop(&bed);
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
    terminal_bed_start(&bed, fd, fd, 0);
    wait_until_raw(fd);
    for (size_t sent = 0; sent < sizeof(bed.terminal.buffer) * 2;
         sent += sizeof(typed)) {
        int waiting = 1;

        terminal_bed_write_all(keyboard, typed, sizeof(typed));
        /* A terminal's own buffer would overflow too. */
        while (waiting > 0) {
            sleep_ms(1);
            ck_assert_int_eq(ioctl(fd, FIONREAD, &waiting), 0);
        }
    }
    terminal_bed_write_all(keyboard, TERMINAL_BED_CTRL_A "x", 2);
    terminal_bed_wait_for_count(&bed, &bed.guest.quits, 1);
    terminal_bed_give_room(&bed, SIZE_MAX);
    terminal_bed_wait_for_bytes(&bed, TERMINAL_BUFFER_SIZE);
    terminal_bed_stop(&bed);
    close(fd);
    close(keyboard);
}
END_TEST

START_TEST(unplugged_terminal_is_the_end_of_input)
{
    int keyboard, fd;

    ck_assert_int_eq(openpty(&keyboard, &fd, NULL, NULL, NULL), 0);
    terminal_bed_start(&bed, fd, fd, SIZE_MAX);
    wait_until_raw(fd);
    close(keyboard);
    sleep_ms(20);
    terminal_bed_stop(&bed);
    ck_assert(bed.terminal.at_end);
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
    child = terminal_bed_fork_child();
    if (child == 0) {
        terminal_bed_start(&bed, fd, fd, SIZE_MAX);
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
    event_loop_stop(&bed.loop);
    pthread_join(bed.loop_thread, NULL);
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
    terminal_bed_start(&bed, fd, fd, SIZE_MAX);
    ck_assert_int_eq(sigaction(SIGHUP, NULL, &action), 0);
    ck_assert(action.sa_handler == SIG_IGN);
    terminal_bed_stop(&bed);
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
    job = terminal_bed_fork_child();
    if (job == 0) {
        signal(SIGTTOU, SIG_DFL);
        setpgid(0, 0);
        /* Whether the shell has done it yet or not. */
        while (foreground && tcgetpgrp(fd) != getpgrp())
            sleep_ms(1);
        terminal_bed_start(&bed, fd, fd, SIZE_MAX);
        terminal_bed_wait_for_count(&bed, &bed.guest.quits, 1);
        terminal_bed_stop(&bed);
        _exit(bed.guest.count == 1 ? 0 : 1);
    }
    setpgid(job, job);
    if (foreground)
        ck_assert_int_eq(tcsetpgrp(fd, job), 0);
    return job;
}

static void end_job(pid_t job, int keyboard)
{
    int status;

    terminal_bed_write_all(keyboard, "a" TERMINAL_BED_CTRL_A "x", 3);
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

    sleep_ms(50);
    terminal_bed_write_all(keyboard, "mine\n", 5); /* typed for the shell */
    sleep_ms(50);
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
    shell = terminal_bed_fork_child();
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
    const TTest *const claims[] = {
        terminal_is_raw_while_in_use,
        escape_keys_work_on_a_terminal,
        help_names_the_chosen_escape_key,
        guest_that_reads_nothing_can_be_quit,
        unplugged_terminal_is_the_end_of_input,
        deadly_signals_restore_the_terminal,
        exit_restores_the_terminal,
        ignored_signals_stay_ignored,
        stopped_process_leaves_the_terminal_as_it_was,
        background_process_leaves_the_terminal_to_the_shell,
    };

    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        tcase_add_test(tcase, claims[i]);
}

int main(void)
{
    return check_main("terminal_tty", add_tests);
}
