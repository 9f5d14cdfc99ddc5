/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command.c: runs the command, reaps whatever else ends, and does meanwhile
 * what the host says.
 */
#include "guest/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a shell says of a command that it could not run. */
#define STATUS_CANNOT_RUN 126
#define STATUS_NOT_FOUND  127

static _Noreturn void cannot_run(const char *what)
{
    int error = errno;

    tell("cannot-run %d %s", error, what);
    _exit(error == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN);
}

/* Not getpwnam(), which loads libraries that a static program lacks. */
static const struct passwd *find_user(const char *name)
{
    FILE *file = fopen("/etc/passwd", "re");
    struct passwd *user = NULL;

    while (file && (user = fgetpwent(file)) && strcmp(user->pw_name, name) != 0)
        ;
    if (!user)
        give_up("user %s: the guest's /etc/passwd has no such user", name);
    return user;
}

/* Whether it is a program, if only for another processor. */
static bool is_elf(const char *path)
{
    char magic[4];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is = fd >= 0 && read(fd, magic, sizeof(magic)) == sizeof(magic) &&
              memcmp(magic, "\177ELF", sizeof(magic)) == 0;

    if (fd >= 0)
        close(fd);
    return is;
}

/* Has a shell run a script without a first line that says by what, as shells
 * do, but no program that the kernel does not take. */
static void execute(char **arguments)
{
    const char *file = arguments[0];

    if (strchr(file, '/') && is_elf(file))
        execv(file, arguments);
    else
        execvp(file, arguments);
}

/* In the child, which may not give up: its parent speaks with the host. */
static void become_user(const struct passwd *user)
{
    if (setgroups(1, &user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0)
        cannot_run(user->pw_name);
}

static _Noreturn void run_child(struct config *config,
                                const struct passwd *user,
                                const struct ports *ports)
{
    sigset_t none;

    setsid();
    if (config->has_terminal) {
        terminal_enter();
    } else {
        dup2(ports->in, STDIN_FILENO);
        dup2(ports->out, STDOUT_FILENO);
        dup2(ports->error, STDERR_FILENO);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (config->directory && chdir(config->directory) != 0)
        cannot_run(config->directory);
    if (user)
        become_user(user);
    environ = config->environment;
    execute(config->arguments);
    cannot_run(config->arguments[0]);
}

/* ---- What the host says: "signal N", "window COLUMNS ROWS" ---- */

static void take_host_line(const char *line, pid_t child)
{
    int number;
    unsigned columns, rows;

    /* The child leads a session of its own, so a process group, too. */
    if (sscanf(line, "signal %d", &number) == 1)
        kill(-child, number);
    else if (sscanf(line, "window %u %u", &columns, &rows) == 2)
        terminal_resize(columns, rows);
}

static void listen_to_host(int control, pid_t child)
{
    static char line[128];
    static size_t length;
    char byte;

    if (read(control, &byte, 1) != 1)
        return;
    if (byte != '\n') {
        if (length < sizeof(line) - 1)
            line[length++] = byte;
        return;
    }
    line[length] = '\0';
    length = 0;
    take_host_line(line, child);
}

/* ---- Until it ends ---- */

/* True once `child` ended, with its wait status. */
static bool reap(int signals, pid_t child, int *status)
{
    struct signalfd_siginfo info;
    pid_t ended;
    int other;
    bool is_over = false;

    (void)!read(signals, &info, sizeof(info));
    while ((ended = waitpid(-1, &other, WNOHANG)) > 0) {
        if (ended == child) {
            *status = other;
            is_over = true;
        }
    }
    return is_over;
}

static int wait_for_end(const struct config *config, struct ports *ports,
                        pid_t child, int signals)
{
    struct pollfd fds[] = {
        {.fd = signals, .events = POLLIN},
        {.fd = ports->control, .events = POLLIN},
        {.fd = -1, .events = POLLIN},
        {.fd = -1, .events = POLLIN},
    };
    int status = 0;

    if (config->has_terminal)
        terminal_poll_fds(&fds[2], &fds[3], ports);
    for (;;) {
        if (poll(fds, 4, -1) < 0 && errno != EINTR)
            give_up("poll: %s", strerror(errno));
        if (fds[1].revents & POLLIN)
            listen_to_host(ports->control, child);
        if (fds[2].revents)
            terminal_pass_in(&fds[2]);
        if (fds[3].revents)
            terminal_pass_out(&fds[3], ports);
        if (fds[0].revents && reap(signals, child, &status))
            return status;
    }
}

void command_run(struct config *config, struct ports *ports)
{
    const struct passwd *user = config->user ? find_user(config->user) : NULL;
    sigset_t child_ended;
    int status, signals;
    pid_t child;

    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_ended, NULL);
    signals = signalfd(-1, &child_ended, SFD_CLOEXEC);
    if (config->has_terminal)
        terminal_open();
    tell("command");
    child = fork();
    if (child < 0 || signals < 0)
        give_up("fork: %s", strerror(errno));
    if (child == 0)
        run_child(config, user, ports);
    if (!config->has_terminal) {
        /* The end of file is the command's to see. */
        close(ports->in);
        close(ports->out);
        close(ports->error);
    }
    status = wait_for_end(config, ports, child, signals);
    /* Those that it left behind would write for ever. */
    kill(-1, SIGKILL);
    if (config->has_terminal)
        terminal_drain(ports);
    /* Before the host hears of the end: it waits for nothing after that. */
    collect_files(config, ports);
    if (WIFSIGNALED(status))
        tell("signal %d", WTERMSIG(status));
    else
        tell("exit %d", WEXITSTATUS(status));
}
