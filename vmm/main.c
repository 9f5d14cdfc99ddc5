/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c: command line in, exit status out.
 */
#include "vmm/command_control.h"
#include "vmm/command_doctor.h"
#include "vmm/command_trace.h"
#include "vmm/command_vdpa.h"
#include "vmm/command_vduse.h"
#include "vmm/compiler.h"
#include "vmm/exit_status.h"
#include "vmm/kernel_choice.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/machine_console.h"
#include "vmm/machine_json.h"
#include "vmm/machine_report.h"
#include "vmm/net_backend.h"
#include "vmm/options.h"
#include "vmm/options_print.h"
#include "vmm/terminal.h"
#include "vmm/trace.h"
#include "vmm/usage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* They are taken as events. Threads inherit this. */
static void block_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGWINCH);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* EFBIG says it, too */
}

/* A file that the run ends with. */
struct output {
    const char *option, *path; /* NULL: not asked for */
    void (*print)(struct machine *machine, FILE *file);
    FILE *file;
};

static int fail_output(const struct output *output)
{
    log_error("%s %s: %s: give a file that can be written", output->option,
              output->path, strerror(errno));
    return -EIO;
}

/* Before the guest runs, perhaps for days, to no report; after all else that
 * may fail, which leaves no file behind. */
static int open_outputs(struct output *outputs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!outputs[i].path)
            continue;
        outputs[i].file = fopen(outputs[i].path, "we");
        if (!outputs[i].file)
            return fail_output(&outputs[i]);
    }
    return 0;
}

/* A report that cannot be written is a failure of the run. */
static int write_outputs(struct machine *machine, struct output *outputs,
                         size_t count)
{
    int status = 0, failed;

    for (size_t i = 0; i < count; i++) {
        if (!outputs[i].file)
            continue;
        outputs[i].print(machine, outputs[i].file);
        failed = ferror(outputs[i].file);
        if (fclose(outputs[i].file) != 0 || failed)
            status = fail_output(&outputs[i]);
    }
    return status;
}

static void print_report(struct machine *machine, FILE *file)
{
    if (machine_json_is_wanted(machine->options))
        machine_json_print(machine, file);
    else
        machine_report_print(machine, file);
}

static void print_counts(struct machine *machine, FILE *file)
{
    machine_report_print_counts(machine, file);
}

/* The outcome has no name when nothing came to run. */
static struct outcome run(const struct options *options)
{
    static struct machine machine;
    struct output outputs[] = {
        {"--report", options->report, print_report, NULL},
        {"--counts", options->counts, print_counts, NULL},
    };
    struct outcome outcome = {.status = EXIT_STATUS_FAILED};

    if (machine_init(&machine, options) != 0)
        return outcome;
    if (open_outputs(outputs, ARRAY_SIZE(outputs)) != 0) {
        machine_destroy(&machine);
        return outcome;
    }
    machine.report_file = outputs[0].file;
    machine.counts_file = outputs[1].file;
    machine_run(&machine);
    machine_console_close(&machine);
    if (options->log_level >= LOG_LEVEL_INFO)
        machine_report_print(&machine, stderr);
    outcome = machine.outcome;
    if (write_outputs(&machine, outputs, ARRAY_SIZE(outputs)) != 0)
        outcome = outcome_failed();
    machine_destroy(&machine);
    return outcome;
}

static int print_text(const char *text)
{
    if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
        return EXIT_SUCCESS;
    log_error("stdout: %s: this text went nowhere", strerror(errno));
    return EXIT_STATUS_FAILED;
}

/* The kernel sends it when the thread ends that started us: who starts guests
 * from a thread that goes away wants none of it, so it must be asked for. */
static int die_with_parent(void)
{
    pid_t parent = getppid();

    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) {
        log_error("--pdeathsig: prctl: %s", strerror(errno));
        return -errno;
    }
    /* It may have gone before. */
    if (getppid() != parent)
        raise(SIGTERM);
    return 0;
}

/* Does not look at the machine, but at the kernel: a command that is to be
 * pasted should not depend on the folder. */
static int print_run(const struct options *options, const char *program)
{
    char chosen[KERNEL_CHOICE_MAX_PATH], *kernel;
    struct kernel_places places;

    kernel_places_init(&places);
    if (kernel_choose(&places, options->kernel, chosen) != 0)
        return EXIT_STATUS_FAILED;
    kernel = realpath(chosen, NULL);
    if (!kernel) {
        log_error("kernel %s: %s: give a file that can be read with --kernel",
                  chosen, strerror(errno));
        return EXIT_STATUS_FAILED;
    }
    options_print_run(options, program, kernel, stdout);
    free(kernel);
    return print_text("");
}

static int run_traced(const struct options *options)
{
    struct outcome outcome;

    if (machine_ready_claim(options) != 0)
        return EXIT_STATUS_FAILED;
    for (unsigned i = 0; i < options->net_count; i++)
        if (net_backend_claim(&options->nets[i]) != 0)
            return EXIT_STATUS_FAILED;
    if (options->log && log_copy_to(options->log) != 0)
        return EXIT_STATUS_FAILED;
    if (options->dies_with_parent && die_with_parent() != 0)
        return EXIT_STATUS_FAILED;
    if (options->is_traced && trace_open(options->trace) != 0)
        return EXIT_STATUS_FAILED;
    outcome = run(options);
    if (trace_close() != 0)
        outcome = outcome_failed();
    if (outcome.name)
        outcome_say(outcome);
    /* That line may be the one which finds no room. */
    if (!log_copy_is_whole() && outcome.status != EXIT_STATUS_FAILED) {
        outcome = outcome_failed();
        outcome_say(outcome);
    }
    return outcome.status;
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
    if (options.command == COMMAND_CONTROL || options.command == COMMAND_NET)
        return command_control(&options.control);
    if (options.command == COMMAND_DOCTOR)
        return command_doctor(&options.doctor);
    if (options.command == COMMAND_VDPA)
        return command_vdpa(&options.vdpa);
    block_signals();
    if (options.command == COMMAND_VDUSE)
        return command_vduse(&options.vduse);
    if (options.command == COMMAND_TRACE)
        return command_trace(&options.trace_check);
    if (options.is_dry_run)
        return print_run(&options, argv[0]);
    return run_traced(&options);
}
