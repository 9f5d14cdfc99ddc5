/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outcome.h: how a run ended, as a name, a sentence and an exit status; see
 * EXIT STATUS in docs/vmm.1.
 */
#ifndef VMM_OUTCOME_H
#define VMM_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

/* How far a guest is that runs a command for the host. */
enum guest_phase {
    GUEST_PHASE_KERNEL,  /* its first process does not run yet */
    GUEST_PHASE_INIT,    /* it does */
    GUEST_PHASE_COMMAND, /* so does the command */
    GUEST_PHASE_ENDED,   /* the command is over */
    GUEST_PHASE_FAILED,  /* the first process could not go on */
};

/* Why the machine stopped. */
enum outcome_end {
    OUTCOME_POWER_OFF,
    OUTCOME_RESET,
    OUTCOME_TRIPLE_FAULT,
    OUTCOME_EXIT_PORT, /* `detail` is the status */
    OUTCOME_QUIT,      /* by the user's key */
    OUTCOME_SIGNAL,    /* `detail` is its number */
    OUTCOME_TIMEOUT,
    OUTCOME_PANIC,
    OUTCOME_FAILED, /* the VMM or the host; said already */
};

struct outcome_facts {
    enum outcome_end end;
    int detail;
    bool saw_panic;          /* whatever ended it then */
    bool saw_splat;          /* and it is to count */
    bool missed_requirement; /* what --require asked for was not so */

    bool has_command;
    enum guest_phase phase;
    int command_status;       /* 0 to 255 */
    bool command_was_not_run; /* 126 or 127 is ours */
    bool lacks_files;         /* not all came that --collect asked for */
    bool lost_output;         /* of the command, by an error of the host's */
    bool command_was_killed;  /* by signal command_status - 128 */
};

struct outcome {
    const char *name; /* one word: "panic" */
    int status;
};

struct outcome outcome_of(const struct outcome_facts *facts);

/* Of a run that the VMM or the host had fail, for a reason that was said. */
struct outcome outcome_failed(void);

/* "outcome=panic status=120": the last line of a run. */
void outcome_say(struct outcome outcome);

/* "while the command ran" */
const char *guest_phase_words(enum guest_phase phase);

#endif
