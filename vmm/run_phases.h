/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_phases.h: when a run got how far, in time since this process began.
 *
 * Its beginning is what the kernel says, in steps of a clock tick (10 ms):
 * proc(5), starttime of /proc/PID/stat. A shell that execs began it.
 */
#ifndef VMM_RUN_PHASES_H
#define VMM_RUN_PHASES_H

#include "vmm/compiler.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum run_phase {
    RUN_PHASE_MAIN,          /* main() of this program */
    RUN_PHASE_FIRST_RUN,     /* the vCPUs may enter the guest */
    RUN_PHASE_CONSOLE,       /* the first byte on the serial port */
    RUN_PHASE_KERNEL,        /* the guest says so by its debug port */
    RUN_PHASE_USER_SPACE,    /* the same, or by the boot timer */
    RUN_PHASE_INIT,          /* of a guest that runs a command: its init */
    RUN_PHASE_COMMAND,       /* the command is about to start */
    RUN_PHASE_COMMAND_ENDED, /* its status is known */
    RUN_PHASE_GUEST_END,     /* no vCPU runs any more */
    RUN_PHASE_PROCESS_END,   /* the report is being written */
    RUN_NUM_PHASES,
};

struct run_phases {
    uint64_t began_us; /* CLOCK_BOOTTIME */
    /* Since then, plus 1; 0: not reached. */
    _Atomic uint64_t reached_us[RUN_NUM_PHASES];
};

/* `stat_path` is "/proc/self/stat" but in tests; when it cannot be read, the
 * process begins now. */
void run_phases_init(struct run_phases *phases, const char *stat_path);
/* Only the first time counts. From any thread. */
void run_phases_reach(struct run_phases *phases, enum run_phase phase);
/* False when it was not reached. Microseconds. */
bool run_phases_get(const struct run_phases *phases, enum run_phase phase,
                    uint64_t *us);
/* "first_console_byte" */
const char *run_phases_name(enum run_phase phase);

#endif
