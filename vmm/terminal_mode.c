/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terminal_mode.c: raw mode, and the way back on every way out.
 *
 * What the handlers call is async-signal-safe (signal-safety(7));
 * timerfd_settime() is a bare system call.
 */
#include "vmm/terminal_mode.h"

#include "vmm/log.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

static const int deadly_signals[] = {SIGINT,  SIGTERM, SIGHUP, SIGQUIT,
                                     SIGSEGV, SIGBUS,  SIGABRT};

static struct {
    int fd, wake_fd;
    struct termios cooked, raw;
    atomic_bool initialised;
    atomic_bool is_raw;
    atomic_bool is_stopping; /* from SIGTSTP until after SIGCONT */
    bool exit_handler_set;   /* atexit() knows no undo */
} mode;

/* True where there is no job control, as on a terminal of another session. */
static bool in_foreground(void)
{
    pid_t foreground = tcgetpgrp(mode.fd);

    return foreground < 0 || foreground == getpgrp();
}

static void set_cooked(void)
{
    int saved_errno = errno;

    if (atomic_exchange(&mode.is_raw, false) && in_foreground())
        (void)tcsetattr(mode.fd, TCSANOW, &mode.cooked);
    errno = saved_errno;
}

static void die_restored(int signal_number)
{
    set_cooked();
    /* The handler was for one time: the default is back, and acts as soon as
     * this returns and the signal is no longer blocked. */
    (void)raise(signal_number);
}

static void set_handler(int signal_number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    sigemptyset(&action.sa_mask);
    (void)sigaction(signal_number, &action, NULL);
}

static void wake_loop(void)
{
    static const struct itimerspec now = {.it_value = {.tv_nsec = 1}};

    (void)timerfd_settime(mode.wake_fd, 0, &now, NULL);
}

static void stop_restored(int signal_number)
{
    int saved_errno = errno;
    sigset_t stop;

    /* Keeps terminal_mode_enter() out: without the handler nobody would
     * restore the mode for a second signal. */
    atomic_store(&mode.is_stopping, true);
    set_cooked();
    set_handler(signal_number, SIG_DFL, 0);
    sigemptyset(&stop);
    sigaddset(&stop, signal_number);
    (void)raise(signal_number);
    /* Here the process stops, and goes on after SIGCONT. */
    /* cppcheck-suppress unreachableCode ; it takes raise() for noreturn */
    (void)pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
    (void)pthread_sigmask(SIG_BLOCK, &stop, NULL);
    set_handler(signal_number, stop_restored, SA_RESTART);
    atomic_store(&mode.is_stopping, false);
    wake_loop();
    errno = saved_errno;
}

/* After SIGSTOP, which has no handler, or a stop of our own. */
static void wake_after_stop(int signal_number)
{
    int saved_errno = errno;

    (void)signal_number;
    /* Whoever had the terminal meanwhile may have set its mode. */
    atomic_store(&mode.is_raw, false);
    wake_loop();
    errno = saved_errno;
}

static bool has_default_action(int signal_number)
{
    struct sigaction action;

    return sigaction(signal_number, NULL, &action) == 0 &&
           (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_DFL;
}

static void take_signal(int signal_number, void (*handler)(int), int flags)
{
    if (has_default_action(signal_number))
        set_handler(signal_number, handler, flags);
}

static void release_signal(int signal_number, void (*handler)(int))
{
    struct sigaction action;

    if (sigaction(signal_number, NULL, &action) == 0 &&
        (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == handler)
        set_handler(signal_number, SIG_DFL, 0);
}

/* Every byte as it is typed. Output stays as it is, so that our own messages
 * on the same terminal keep their carriage returns. */
static struct termios raw_mode(struct termios attributes)
{
    attributes.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP |
                                      INLCR | IGNCR | ICRNL | IXON);
    attributes.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    attributes.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
    attributes.c_cflag |= CS8;
    attributes.c_cc[VMIN] = 1;
    attributes.c_cc[VTIME] = 0;
    return attributes;
}

int terminal_mode_init(int fd, int wake_fd)
{
    assert(!atomic_load(&mode.initialised));
    if (tcgetattr(fd, &mode.cooked) < 0) {
        int error = -errno;

        log_error("terminal: tcgetattr: %s", strerror(-error));
        return error;
    }
    mode.fd = fd;
    mode.wake_fd = wake_fd;
    mode.raw = raw_mode(mode.cooked);
    if (!mode.exit_handler_set)
        mode.exit_handler_set = atexit(set_cooked) == 0;

    for (size_t i = 0; i < ARRAY_SIZE(deadly_signals); i++)
        take_signal(deadly_signals[i], die_restored, (int)SA_RESETHAND);
    take_signal(SIGTSTP, stop_restored, SA_RESTART);
    take_signal(SIGCONT, wake_after_stop, SA_RESTART);
    atomic_store(&mode.initialised, true);
    return 0;
}

void terminal_mode_destroy(void)
{
    if (!atomic_exchange(&mode.initialised, false))
        return;
    set_cooked();
    for (size_t i = 0; i < ARRAY_SIZE(deadly_signals); i++)
        release_signal(deadly_signals[i], die_restored);
    release_signal(SIGTSTP, stop_restored);
    release_signal(SIGCONT, wake_after_stop);
}

bool terminal_mode_enter(void)
{
    if (atomic_load(&mode.is_stopping) || !in_foreground())
        return false;
    /* The flag first: a signal in between then restores for nothing, the
     * other way round it would leave a raw terminal behind. */
    if (!atomic_exchange(&mode.is_raw, true))
        (void)tcsetattr(mode.fd, TCSANOW, &mode.raw);
    return true;
}
