/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_phases.c: when a run got how far, in time since this process began.
 */
#include "vmm/run_phases.h"

#include "vmm/text_numbers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* "PID (NAME) ...", where a name may hold anything; field 22 of proc(5) is
 * 20 after it, in clock ticks since the host was booted. */
static bool read_start(const char *stat_path, uint64_t *us)
{
    char line[1024], *end;
    uint64_t ticks;
    bool has_line;
    FILE *file = fopen(stat_path, "re");

    if (!file)
        return false;
    has_line = fgets(line, sizeof(line), file) != NULL;
    (void)fclose(file);
    end = has_line ? strrchr(line, ')') : NULL;
    /* Field 22 of proc(5); the name, field 2, is behind us. */
    if (!end || !text_read_number(text_skip_words(end + 1, 19), 10, &ticks))
        return false;
    *us = ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
    return true;
}

void run_phases_init(struct run_phases *phases, const char *stat_path)
{
    uint64_t now = now_us();

    memset(phases, 0, sizeof(*phases));
    if (!read_start(stat_path, &phases->began_us) || phases->began_us > now)
        phases->began_us = now;
}

void run_phases_reach(struct run_phases *phases, enum run_phase phase)
{
    uint64_t none = 0;

    if (atomic_load_explicit(&phases->reached_us[phase],
                             memory_order_relaxed) == 0)
        atomic_compare_exchange_strong(&phases->reached_us[phase], &none,
                                       now_us() - phases->began_us + 1);
}

bool run_phases_get(const struct run_phases *phases, enum run_phase phase,
                    uint64_t *us)
{
    uint64_t reached = atomic_load(&phases->reached_us[phase]);

    *us = reached - 1;
    return reached != 0;
}

const char *run_phases_name(enum run_phase phase)
{
    static const char *const names[] = {
        [RUN_PHASE_MAIN] = "main",
        [RUN_PHASE_FIRST_RUN] = "first_run",
        [RUN_PHASE_CONSOLE] = "first_console_byte",
        [RUN_PHASE_KERNEL] = "kernel",
        [RUN_PHASE_USER_SPACE] = "user_space",
        [RUN_PHASE_INIT] = "init",
        [RUN_PHASE_COMMAND] = "command",
        [RUN_PHASE_COMMAND_ENDED] = "command_ended",
        [RUN_PHASE_GUEST_END] = "guest_end",
        [RUN_PHASE_PROCESS_END] = "process_end",
    };

    return names[phase];
}
