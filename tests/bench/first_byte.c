/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * first_byte.c: runs a command and prints, in ms from before its exec, when
 * the byte '@' first was in its output, and when it ended.
 *
 * usage: first_byte COMMAND ARGUMENT...
 * Fails when the byte never came. What the command says goes to stderr.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Returns when the byte came, or 0. */
static double watch(int fd)
{
    double first = 0;
    char bytes[4096];
    ssize_t size;

    while ((size = read(fd, bytes, sizeof(bytes))) > 0) {
        if (first <= 0 && memchr(bytes, '@', (size_t)size))
            first = now_ms();
        (void)!write(STDERR_FILENO, bytes, (size_t)size);
    }
    return first;
}

int main(int argc, char *argv[])
{
    double start, first;
    int pipe_fds[2];
    pid_t child;

    if (argc < 2 || pipe(pipe_fds) != 0)
        return 2;
    start = now_ms();
    child = fork();
    if (child < 0)
        return 2;
    if (child == 0) {
        dup2(pipe_fds[1], STDOUT_FILENO);
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    close(pipe_fds[1]);
    first = watch(pipe_fds[0]);
    (void)waitpid(child, NULL, 0);
    if (first <= 0)
        return 1;
    printf("%.1f %.1f\n", first - start, now_ms() - start);
    return 0;
}
