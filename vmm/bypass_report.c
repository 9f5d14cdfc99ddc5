/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bypass_report.c: sums and judges what the data path cost the VMM.
 */
#include "vmm/bypass_report.h"

#include "vmm/log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void vcpu_counts_read(struct vcpu_counts *counts,
                      const struct vcpu_group *vcpus)
{
    *counts = (struct vcpu_counts){.has_stats = true};
    for (unsigned i = 0; i < vcpus->count; i++)
        if (kvm_stats_add(vcpus->vcpus[i].stats_fd, counts->stats,
                          &counts->known_stats) != 0)
            counts->has_stats = false;
    for (unsigned i = 0; i <= VCPU_EXIT_SIGNAL; i++)
        counts->returns[i] = vcpu_group_exits(vcpus, i);
}

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int bypass_report_init(struct bypass_report *report, const char *name,
                       const char *type, unsigned num_queues)
{
    *report = (struct bypass_report){.name = name, .type = type};
    report->queues = calloc(num_queues, sizeof(*report->queues));
    if (!report->queues)
        return -ENOMEM;
    report->num_queues = num_queues;
    report->total.has_stats = true;
    return 0;
}

void bypass_report_destroy(struct bypass_report *report)
{
    thread_times_destroy(&report->threads_at_start);
    thread_times_destroy(&report->threads);
    free(report->queues);
    report->queues = NULL;
    report->num_queues = 0;
}

/* Without them the report says less; it is no reason to disturb the guest. */
static void read_threads(struct thread_times *threads)
{
    if (thread_times_read(threads, "/proc/self/task") != 0)
        log_debug("/proc/self/task: the report will lack processor times");
}

void bypass_report_start(struct bypass_report *report,
                         const struct bypass_moment *now)
{
    assert(now->num_accesses <= BYPASS_MAX_ACCESSES);
    memcpy(report->accesses_at_start, now->accesses, sizeof(now->accesses));
    report->num_accesses = now->num_accesses;
    report->host_interrupts_at_start =
        now->host_interrupts.is_known ? now->host_interrupts.count : 0;
    report->runs++;
    report->is_running = true;
    report->seconds -= now_seconds();
    vcpu_counts_read(&report->at_start, now->vcpus);
    read_threads(&report->threads_at_start);
}

static void add_accesses(struct bypass_report *report,
                         const struct bypass_moment *now)
{
    assert(now->num_accesses == report->num_accesses);
    for (unsigned i = 0; i < now->num_accesses; i++) {
        report->accesses[i].what = now->accesses[i].what;
        report->accesses[i].count +=
            now->accesses[i].count - report->accesses_at_start[i].count;
    }
}

static void add_vcpu_counts(struct bypass_report *report,
                            const struct vcpu_group *vcpus)
{
    struct vcpu_counts now;

    vcpu_counts_read(&now, vcpus);
    for (unsigned i = 0; i < KVM_NUM_STATS; i++)
        report->total.stats[i] += now.stats[i] - report->at_start.stats[i];
    report->total.known_stats |= now.known_stats;
    for (unsigned i = 0; i <= VCPU_EXIT_SIGNAL; i++)
        report->total.returns[i] +=
            now.returns[i] - report->at_start.returns[i];
    if (!now.has_stats)
        report->total.has_stats = false;
}

static void add_threads(struct bypass_report *report)
{
    struct thread_times now = {0};

    read_threads(&now);
    if (thread_times_add(&report->threads, &report->threads_at_start, &now) !=
        0)
        log_debug("out of memory: the report will lack processor times");
    thread_times_destroy(&now);
}

/* A driver may have taken its interrupts anew, which then count from 0. */
static void add_host_interrupts(struct bypass_report *report,
                                const struct bypass_host_interrupts *now)
{
    struct bypass_host_interrupts *total = &report->host_interrupts;
    uint64_t count = total->count;

    if (!now->is_known)
        return;
    *total = *now;
    if (now->count >= report->host_interrupts_at_start)
        total->count -= report->host_interrupts_at_start;
    total->count += count;
}

void bypass_report_stop(struct bypass_report *report,
                        const struct bypass_moment *now)
{
    if (!report->is_running)
        return;
    report->is_running = false;
    report->seconds += now_seconds();
    add_threads(report);
    add_vcpu_counts(report, now->vcpus);
    add_accesses(report, now);
    add_host_interrupts(report, &now->host_interrupts);
}

uint64_t bypass_report_wakeups(const struct bypass_report *report)
{
    uint64_t wakeups = 0;

    for (unsigned i = 0; i < report->num_queues; i++)
        wakeups += report->queues[i].kicks_by_vmm +
                   report->queues[i].interrupts_by_vmm;
    return wakeups;
}

static bool queue_violation(const struct bypass_queue *queue, char *text,
                            size_t size)
{
    if (queue->kicks_by_vmm > 0)
        snprintf(text, size, "%" PRIu64 " kick%s came to the VMM",
                 queue->kicks_by_vmm, queue->kicks_by_vmm == 1 ? "" : "s");
    else if (queue->interrupts_by_vmm > 0)
        snprintf(text, size, "%" PRIu64 " interrupt%s came from the VMM",
                 queue->interrupts_by_vmm,
                 queue->interrupts_by_vmm == 1 ? "" : "s");
    else if (queue->was_used && queue->kick_path == BYPASS_PATH_VMM)
        snprintf(text, size, "kicks have no way but the VMM");
    else if (queue->was_used && queue->interrupt_path == BYPASS_PATH_VMM)
        snprintf(text, size,
                 "interrupts have no way but the VMM: the driver "
                 "does not use MSI-X");
    else
        return false;
    return true;
}

bool bypass_report_violation(const struct bypass_report *report, char *text,
                             size_t size)
{
    char what[96];

    if (report->runs == 0) {
        snprintf(text, size, "the guest never started the device");
        return true;
    }
    for (unsigned i = 0; i < report->num_queues; i++) {
        const struct bypass_queue *queue = &report->queues[i];

        if (!queue_violation(queue, what, sizeof(what)))
            continue;
        snprintf(text, size, "queue %u (%s): %s", i,
                 queue->role ? queue->role : "not enabled", what);
        return true;
    }
    return false;
}

const char *bypass_kick_path_name(const struct bypass_queue *queue)
{
    static const char *const names[] = {
        [BYPASS_PATH_NONE] = "none",
        [BYPASS_PATH_DEVICE] = "doorbell",
        [BYPASS_PATH_KERNEL] = "ioeventfd",
        [BYPASS_PATH_VMM] = "VMM",
    };

    return names[queue->kick_path];
}

const char *bypass_interrupt_path_name(const struct bypass_queue *queue)
{
    static const char *const names[] = {
        [BYPASS_PATH_NONE] = "none",
        [BYPASS_PATH_DEVICE] = "device",
        [BYPASS_PATH_KERNEL] = "irqfd",
        [BYPASS_PATH_VMM] = "VMM",
    };

    return names[queue->interrupt_path];
}
