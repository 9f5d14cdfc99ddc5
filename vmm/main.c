/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: command line in, exit status out.
 */
#include "vmm/command_control.h"
#include "vmm/command_trace.h"
#include "vmm/command_vduse.h"
#include "vmm/exit_status.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/machine_report.h"
#include "vmm/options.h"
#include "vmm/terminal.h"
#include "vmm/trace.h"
#include "vmm/usage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* They are taken as events. Threads inherit this. */
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

static int fail_report(const char *path)
{
    log_error("--report %s: %s: give a file that can be written", path,
              strerror(errno));
    return EXIT_STATUS_FAILED;
}

/* A report that cannot be written is a failure of the run. */
static int write_reports(const struct machine *machine, FILE *file)
{
    int failed;

    if (machine->options->log_level >= LOG_LEVEL_INFO)
        machine_report_print(machine, stderr);
    if (!file)
        return 0;
    machine_report_print(machine, file);
    failed = ferror(file);
    if (fclose(file) != 0 || failed)
        return fail_report(machine->options->report);
    return 0;
}

static int run(const struct options *options)
{
    static struct machine machine;
    FILE *report = NULL;
    int status, report_status;

    if (machine_init(&machine, options) != 0)
        return EXIT_STATUS_FAILED;
    /* Before the guest runs, perhaps for days, to no report; after all else
     * that may fail, which leaves no file behind. */
    if (options->report) {
        report = fopen(options->report, "we");
        if (!report) {
            status = fail_report(options->report);
            machine_destroy(&machine);
            return status;
        }
    }
    status = machine_run(&machine);
    if (options->console == CONSOLE_STDIO)
        terminal_destroy(&machine.terminal);
    report_status = write_reports(&machine, report);
    machine_destroy(&machine);
    return report_status ? report_status : status;
}

static int run_traced(const struct options *options)
{
    int status;

    if (options->is_traced && trace_open(options->trace) != 0)
        return EXIT_STATUS_FAILED;
    status = run(options);
    return trace_close() == 0 ? status : EXIT_STATUS_FAILED;
}

static int print_text(const char *text)
{
    if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
        return EXIT_SUCCESS;
    log_error("stdout: %s: this text went nowhere", strerror(errno));
    return EXIT_STATUS_FAILED;
}

int main(int argc, char **argv)
{
    char error[OPTIONS_MAX_ERROR];
    struct options options;

    terminal_fill_closed_descriptors();
    if (options_parse(&options, argc, argv, error, sizeof(error)) != 0) {
        log_error("%s", error);
        return EXIT_STATUS_FAILED;
    }
    if (options.wants_help || options.command == COMMAND_VERSION)
        return print_text(usage_text(options.command));
    log_set_level(options.log_level);
    if (options.command == COMMAND_CONTROL)
        return command_control(&options.control);
    block_signals();
    if (options.command == COMMAND_VDUSE)
        return command_vduse(&options.vduse);
    if (options.command == COMMAND_TRACE)
        return command_trace(&options.trace_check);
    return run_traced(&options);
}
