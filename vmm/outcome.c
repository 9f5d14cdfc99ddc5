/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outcome.c: one order of precedence over everything that may have happened.
 */
#include "vmm/outcome.h"

#include "vmm/exit_status.h"
#include "vmm/log.h"

#include <signal.h>

const char *guest_phase_words(enum guest_phase phase)
{
    switch (phase) {
    case GUEST_PHASE_INIT:
        return "while the guest prepared the command";
    case GUEST_PHASE_COMMAND:
        return "while the command ran";
    case GUEST_PHASE_ENDED:
        return "after the command had ended";
    case GUEST_PHASE_FAILED:
        return "after the guest had given up";
    case GUEST_PHASE_KERNEL:
    default:
        return "while the kernel booted";
    }
}

struct outcome outcome_failed(void)
{
    return (struct outcome){"error", EXIT_STATUS_FAILED};
}

static struct outcome outcome_of_command(const struct outcome_facts *facts)
{
    if (facts->command_was_not_run)
        return (struct outcome){"not-run", facts->command_status};
    /* It cannot know, or the signal that we send then found it still there. */
    if (facts->lost_output &&
        (facts->command_status == 0 ||
         facts->command_status == EXIT_STATUS_SIGNAL + SIGPIPE))
        return outcome_failed();
    if (facts->command_was_killed)
        return (struct outcome){"killed", facts->command_status};
    /* A command that failed may not have made them. */
    if (facts->command_status == 0 && facts->lacks_files)
        return (struct outcome){"not-collected", EXIT_STATUS_FAILED};
    return (struct outcome){"exit", facts->command_status};
}

/* The guest ended in a way that it may end. */
static struct outcome outcome_of_end(const struct outcome_facts *facts)
{
    if (facts->has_command && facts->phase == GUEST_PHASE_ENDED)
        return outcome_of_command(facts);
    if (facts->has_command)
        return (struct outcome){facts->end == OUTCOME_RESET ? "reset"
                                                            : "power-off",
                                EXIT_STATUS_GUEST_GONE};
    return (struct outcome){facts->end == OUTCOME_RESET ? "reset" : "power-off",
                            0};
}

struct outcome outcome_of(const struct outcome_facts *facts)
{
    struct outcome outcome;

    if (facts->end == OUTCOME_FAILED)
        return outcome_failed();
    if (facts->saw_panic || facts->end == OUTCOME_PANIC)
        return (struct outcome){"panic", EXIT_STATUS_PANIC};
    if (facts->has_command && facts->phase == GUEST_PHASE_FAILED)
        return outcome_failed();
    if (facts->end == OUTCOME_TIMEOUT)
        return (struct outcome){"timeout", EXIT_STATUS_TIMEOUT};
    if (facts->end == OUTCOME_SIGNAL)
        return (struct outcome){"interrupted",
                                EXIT_STATUS_SIGNAL + facts->detail};
    if (facts->end == OUTCOME_TRIPLE_FAULT)
        return (struct outcome){"triple-fault", EXIT_STATUS_TRIPLE_FAULT};
    if (facts->end == OUTCOME_QUIT)
        return (struct outcome){"quit", 0};
    if (facts->end == OUTCOME_EXIT_PORT)
        outcome = (struct outcome){"exit-port", facts->detail};
    else
        outcome = outcome_of_end(facts);
    if (outcome.status != EXIT_STATUS_GUEST_GONE && facts->saw_splat)
        return (struct outcome){"splat", EXIT_STATUS_SPLAT};
    if (outcome.status != EXIT_STATUS_GUEST_GONE && facts->missed_requirement)
        return (struct outcome){"no-bypass", EXIT_STATUS_NO_BYPASS};
    return outcome;
}

void outcome_say(struct outcome outcome)
{
    log_info("outcome=%s status=%d", outcome.name, outcome.status);
}
