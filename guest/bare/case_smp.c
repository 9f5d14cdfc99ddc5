/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_smp.c: every CPU of four starts by INIT-SIPI-SIPI; with "reset" as
 * command line again after a reset that found them running.
 */
#include "guest/bare/bytes.h"
#include "guest/bare/guest.h"
#include "guest/bare/local_apic.h"

#define NUM_CPUS 4
/* Free RAM below 1 MiB. */
#define TRAMPOLINE_GPA 0x10000
#define MARK_GPA       0x800000
#define MARK           0x534d5020U
/* Visits to the host, of which each takes some microseconds. */
#define MAX_WAIT 500000

extern const uint8_t ap_trampoline[], ap_trampoline_end[];
extern void (*ap_entry)(void);

static volatile uint32_t ids_seen; /* a bit for each local APIC id */
static volatile uint32_t num_running;

static void ap_main(void)
{
    uint32_t id = local_apic_read(LOCAL_APIC_ID) >> 24;

    __atomic_fetch_or(&ids_seen, 1U << (id & 31), __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&num_running, 1, __ATOMIC_SEQ_CST);
    /* Runs on, so that a reset finds it running, but lets the others run on
     * a host with fewer processors. */
    for (;;)
        visit_host();
}

static void send_to_all(uint32_t command)
{
    local_apic_write(LOCAL_APIC_ICR_HIGH, 0);
    local_apic_write(LOCAL_APIC_ICR, command | ICR_ALL_BUT_SELF);
    while (local_apic_read(LOCAL_APIC_ICR) & ICR_IS_PENDING)
        visit_host();
}

static void wait_for_running(uint32_t count)
{
    for (unsigned i = 0; i < MAX_WAIT && num_running < count; i++)
        visit_host();
}

void run_case(void)
{
    const char *line = (const char *)start_info->command_line_gpa;
    volatile uint32_t *mark = (volatile uint32_t *)MARK_GPA;

    check(num_running == 0, "no CPU but the first runs by itself");
    memcpy((void *)TRAMPOLINE_GPA, ap_trampoline,
           (size_t)(ap_trampoline_end - ap_trampoline));
    ap_entry = ap_main;
    local_apic_enable();
    send_to_all(ICR_INIT);
    send_to_all(ICR_STARTUP | TRAMPOLINE_GPA >> 12);
    send_to_all(ICR_STARTUP | TRAMPOLINE_GPA >> 12);
    wait_for_running(NUM_CPUS - 1);
    check(num_running == NUM_CPUS - 1, "%u CPUs started; %u did", NUM_CPUS - 1,
          num_running);
    check(ids_seen == (1U << NUM_CPUS) - 2, "each has an id of its own");
    check(local_apic_read(LOCAL_APIC_ID) >> 24 == 0, "the first has id 0");

    if (memcmp(line, "reset", 6) != 0 || *mark == MARK)
        return;
    *mark = MARK;
    out8(RESET_PORT, RESET_VALUE);
    check(false, "the reset register resets");
}
