/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_smp.c: every CPU of four starts when it is told to; with "reset" as
 * command line again after a reset that found them running.
 */
#include "guest/bare/bytes.h"
#include "guest/bare/guest.h"
#include "guest/bare/platform.h"

#include <machine.h>

#define NUM_CPUS 4
#define MARK     0x534d5020U
/* Visits to the host, of which each takes some microseconds. */
#define MAX_WAIT 500000

static volatile uint32_t ids_seen; /* a bit for each id */
static volatile uint32_t num_running;

static void ap_main(void)
{
    unsigned id = platform_cpu_id();

    __atomic_fetch_or(&ids_seen, 1U << (id & 31), __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&num_running, 1, __ATOMIC_SEQ_CST);
    /* Runs on, so that a reset finds it running, but lets the others run on
     * a host with fewer processors. */
    for (;;)
        visit_host();
}

static void wait_for_running(uint32_t count)
{
    for (unsigned i = 0; i < MAX_WAIT && num_running < count; i++)
        visit_host();
}

void run_case(void)
{
    const char *line = platform_command_line();
    volatile uint32_t *mark = (volatile uint32_t *)FREE_RAM_GPA;

    check(num_running == 0, "no CPU but the first runs by itself");
    platform_start_cpus(NUM_CPUS, ap_main);
    wait_for_running(NUM_CPUS - 1);
    check(num_running == NUM_CPUS - 1, "%u CPUs started; %u did", NUM_CPUS - 1,
          num_running);
    check(ids_seen == (1U << NUM_CPUS) - 2, "each has an id of its own");
    check(platform_cpu_id() == 0, "the first has id 0");

    if (memcmp(line, "reset", 6) != 0 || *mark == MARK)
        return;
    *mark = MARK;
    platform_reset();
    check(false, "a reset resets");
}
