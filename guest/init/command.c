/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command.c: runs the command and reaps whatever else ends.
 */
#include "guest/init/init.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a shell says of a command that it could not run. */
#define STATUS_CANNOT_RUN 126
#define STATUS_NOT_FOUND  127

/* Not getpwnam(), which loads libraries that a static program lacks. */
static void become_user(const char *name)
{
    FILE *file = fopen("/etc/passwd", "re");
    struct passwd *user = NULL;

    while (file && (user = fgetpwent(file)) && strcmp(user->pw_name, name) != 0)
        ;
    if (!user)
        give_up("user %s: the guest's /etc/passwd has no such user", name);
    if (setgroups(1, &user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0)
        give_up("user %s: %s", name, strerror(errno));
}

static _Noreturn void run_child(struct config *config,
                                const struct ports *ports)
{
    const char *program = config->arguments[0];

    setsid();
    dup2(ports->in, STDIN_FILENO);
    dup2(ports->out, STDOUT_FILENO);
    dup2(ports->error, STDERR_FILENO);
    if (config->user)
        become_user(config->user);
    if (config->directory && chdir(config->directory) != 0) {
        tell("cannot-run %d %s", errno, config->directory);
        _exit(STATUS_CANNOT_RUN);
    }
    environ = config->environment;
    execvp(program, config->arguments);
    tell("cannot-run %d %s", errno, program);
    _exit(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN);
}

void command_run(struct config *config, struct ports *ports)
{
    int status = 0;
    pid_t child, ended;

    tell("command");
    child = fork();
    if (child < 0)
        give_up("fork: %s", strerror(errno));
    if (child == 0)
        run_child(config, ports);
    /* The end of file is the command's to see. */
    close(ports->in);
    close(ports->out);
    close(ports->error);
    do {
        ended = waitpid(-1, &status, 0);
    } while (ended != child && (ended > 0 || errno == EINTR));
    /* Those that it left behind would write for ever. */
    kill(-1, SIGKILL);
    if (WIFSIGNALED(status))
        tell("signal %d", WTERMSIG(status));
    else
        tell("exit %d", WEXITSTATUS(status));
}
