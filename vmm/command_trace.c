/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_trace.c: `vmm trace`: what a trace tells of who made it.
 */
#include "vmm/command_trace.h"

#include "vdpa/trace_check.h"
#include "vmm/exit_status.h"
#include "vmm/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_STATUS_BREACHES 1
#define MAX_LINE             8192 /* bytes, with the final NUL */

static void print_breach(void *owner, unsigned long line, const char *rule,
                         const char *text)
{
    const struct trace_check_options *options = owner;

    printf("%s:%lu: %s: %s\n", options->path, line, rule, text);
}

/* Reads a line without its newline; of one that is longer than any of a trace
 * a piece, which is none. False at the end. */
static bool read_line(FILE *file, char text[MAX_LINE])
{
    size_t length = 0;
    int c = getc(file);

    if (c == EOF)
        return false;
    for (; c != EOF && c != '\n' && length < MAX_LINE - 1; c = getc(file))
        text[length++] = (char)(c == '\0' ? '?' : c);
    text[length] = '\0';
    return true;
}

static int check_file(struct trace_check *check, FILE *file)
{
    char text[MAX_LINE];
    int error = 0;

    while (!error && read_line(file, text))
        error = trace_check_line(check, text);
    if (ferror(file))
        return errno ? -errno : -EIO;
    /* An empty file lacks the first line. */
    return check->line > 0 ? error : trace_check_line(check, "");
}

static int fail_to_read(const char *path, int error)
{
    log_error("%s: %s: give a file that \"vmm run --trace vdpa=FILE\" wrote",
              path, strerror(-error));
    return EXIT_STATUS_FAILED;
}

static int status_of(const struct trace_check *check, const char *path,
                     int error)
{
    if (error && error != -EINVAL)
        return fail_to_read(path, error);
    if (error) {
        log_error("%s:%lu: %s: this is no trace; \"vmm run --trace vdpa=FILE\" "
                  "writes one",
                  path, check->line, check->reason);
        return EXIT_STATUS_FAILED;
    }
    return check->count > 0 ? EXIT_STATUS_BREACHES : EXIT_SUCCESS;
}

int command_trace(const struct trace_check_options *options)
{
    struct trace_check_options copy = *options; /* for a callback */
    FILE *file = fopen(options->path, "re");
    struct trace_check check;
    int status, error;

    if (!file)
        return fail_to_read(options->path, -errno);
    trace_check_init(&check, print_breach, &copy);
    error = check_file(&check, file);
    (void)fclose(file);
    status = status_of(&check, options->path, error);
    trace_check_destroy(&check);
    if (fflush(stdout) != 0) {
        log_error("stdout: %s: breaches went nowhere", strerror(errno));
        return EXIT_STATUS_FAILED;
    }
    return status;
}
