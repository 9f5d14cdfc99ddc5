/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_end.c: how a machine's run ended, and what there is to say of it.
 */
#include "vmm/machine_end.h"

#include "vmm/exit_status.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/machine_report.h"
#include "vmm/machine_requests.h"

#include <string.h>

static enum outcome_end end_of(enum machine_request what)
{
    switch (what) {
    case MACHINE_REQUEST_RESET:
        return OUTCOME_RESET;
    case MACHINE_REQUEST_TRIPLE_FAULT:
        return OUTCOME_TRIPLE_FAULT;
    case MACHINE_REQUEST_POWER_OFF:
        return OUTCOME_POWER_OFF;
    case MACHINE_REQUEST_EXIT:
        return OUTCOME_EXIT_PORT;
    case MACHINE_REQUEST_QUIT:
        return OUTCOME_QUIT;
    case MACHINE_REQUEST_SIGNAL:
        return OUTCOME_SIGNAL;
    case MACHINE_REQUEST_TIMEOUT:
        return OUTCOME_TIMEOUT;
    case MACHINE_REQUEST_PANIC:
        return OUTCOME_PANIC;
    case MACHINE_REQUEST_NONE:
    case MACHINE_REQUEST_FAILED:
    default:
        return OUTCOME_FAILED;
    }
}

/* The end of what the kernel printed, where nobody saw it. */
static void show_tail(const struct machine *machine)
{
    char bytes[2048 + 1];
    size_t size =
        kernel_log_tail(&machine->kernel_log, bytes, sizeof(bytes) - 1);
    char *line = bytes, *rest;

    if (machine->options->console == CONSOLE_STDIO || machine->kmsg_fd >= 0 ||
        size == 0)
        return;
    bytes[size] = '\0';
    /* Not from the middle of a line. */
    if (size == sizeof(bytes) - 1)
        line = strchrnul(bytes, '\n');
    log_info("the end of what the guest's kernel said:");
    for (line = strtok_r(line, "\r\n", &rest); line;
         line = strtok_r(NULL, "\r\n", &rest))
        log_info("| %s", line);
}

static void say_splat(const struct kernel_log *log)
{
    char block[KERNEL_LOG_MAX_BLOCK], *rest;

    log_error("the guest's kernel reports a bug (%s):", log->splat_kind);
    memcpy(block, log->block, log->block_size);
    block[log->block_size] = '\0';
    for (char *line = strtok_r(block, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest))
        log_error("| %s", line);
}

/* Not where the log has nothing to do with it, nor where it was just shown. */
static bool needs_tail(const struct outcome *outcome,
                       const struct outcome_facts *facts)
{
    return outcome->status >= EXIT_STATUS_PANIC &&
           outcome->status <= EXIT_STATUS_FAILED &&
           outcome->status != EXIT_STATUS_NO_BYPASS &&
           outcome->status != EXIT_STATUS_SPLAT && !facts->lacks_files &&
           !facts->lost_output;
}

static void say(const struct machine *machine,
                const struct outcome_facts *facts)
{
    const struct outcome *outcome = &machine->outcome;
    bool has_command = facts->has_command;

    switch (facts->end) {
    case OUTCOME_TRIPLE_FAULT:
        log_error("the guest ended by a triple fault");
        break;
    case OUTCOME_SIGNAL:
        log_error("ended by signal %d (%s)", facts->detail,
                  strsignal(facts->detail));
        break;
    case OUTCOME_POWER_OFF:
    case OUTCOME_RESET:
        if (has_command && outcome->status == EXIT_STATUS_GUEST_GONE)
            log_error("the guest ended by a %s %s", outcome->name,
                      guest_phase_words(facts->phase));
        break;
    case OUTCOME_EXIT_PORT:
    case OUTCOME_QUIT:
    case OUTCOME_TIMEOUT: /* said when it came */
    case OUTCOME_PANIC:
    case OUTCOME_FAILED:
    default:
        break;
    }
    if (facts->saw_panic)
        log_error("the guest's kernel panicked%s%s", has_command ? " " : "",
                  has_command ? guest_phase_words(facts->phase) : "");
    if (facts->saw_splat)
        say_splat(&machine->kernel_log);
    if (needs_tail(outcome, facts))
        show_tail(machine);
}

/* It had no port to say it by, as a module for that failed. */
static enum guest_phase phase_of(const struct machine *machine)
{
    const char *failure = machine->kernel_log.init_failure;

    if (machine->command.phase != GUEST_PHASE_KERNEL || failure[0] == '\0')
        return machine->command.phase;
    log_error("the guest gave up: %s", failure);
    return GUEST_PHASE_FAILED;
}

void machine_end(struct machine *machine)
{
    int packed = atomic_load(&machine->request);
    struct machine_command *command = &machine->command;
    struct outcome_facts facts = {
        .end = end_of(machine_request_of(packed)),
        .detail = machine_request_detail(packed),
        .has_command = machine->options->command_argv != NULL,
        .command_status = command->status,
        .command_was_killed = command->was_killed,
        .command_was_not_run = command->was_not_run,
        .lost_output = command->lost_output,
    };

    kernel_log_end(&machine->kernel_log);
    facts.phase = facts.has_command ? phase_of(machine) : command->phase;
    if (facts.has_command && facts.phase == GUEST_PHASE_ENDED)
        facts.lacks_files = !collect_finish(&command->collect);
    facts.saw_panic =
        machine->kernel_log.saw_panic || atomic_load(&machine->panic.is_known);
    facts.saw_splat =
        machine->options->fails_on_splat && machine->kernel_log.saw_splat;
    facts.missed_requirement = machine->options->required & REQUIRE_BYPASS &&
                               !machine_report_all_bypass(machine);
    if (machine->has_lost_kmsg || !log_copy_is_whole())
        facts.end = OUTCOME_FAILED; /* said already */
    machine->outcome = outcome_of(&facts);
    say(machine, &facts);
}
