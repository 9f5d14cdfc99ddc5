/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: command line in, exit status out.
 */
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/options.h"
#include "vmm/terminal.h"
#include "vmm/usage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The machine takes them as events. Threads inherit this. */
static void block_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* A report that cannot be written is a failure of the run. */
static int write_reports(const struct machine *machine, const char *path)
{
    FILE *file;
    int failed;

    if (machine->options->log_level >= LOG_LEVEL_INFO)
        machine_print_reports(machine, stderr);
    if (!path)
        return 0;
    file = fopen(path, "we");
    if (file) {
        machine_print_reports(machine, file);
        failed = ferror(file);
        if (fclose(file) == 0 && !failed)
            return 0;
    }
    log_error("--report: %s: %s", path, strerror(errno));
    return -EIO;
}

static int run(const struct options *options)
{
    static struct machine machine;
    int status;

    log_set_level(options->log_level);
    block_signals();
    if (machine_init(&machine, options) != 0)
        return EXIT_STATUS_FAILED;
    status = machine_run(&machine);
    if (options->console == CONSOLE_STDIO)
        terminal_destroy(&machine.terminal);
    if (write_reports(&machine, options->report) != 0)
        status = EXIT_STATUS_FAILED;
    machine_destroy(&machine);
    return status;
}

int main(int argc, char **argv)
{
    char error[OPTIONS_MAX_ERROR];
    struct options options;
    const char *text;

    terminal_fill_closed_descriptors();
    if (options_parse(&options, argc, argv, error, sizeof(error)) != 0) {
        log_error("%s", error);
        return EXIT_STATUS_FAILED;
    }
    text = usage_text(options.command);
    if (text)
        return fputs(text, stdout) < 0 || fflush(stdout) != 0
                   ? EXIT_STATUS_FAILED
                   : EXIT_SUCCESS;
    return run(&options);
}
