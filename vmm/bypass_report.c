/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bypass_report.c: sums and prints what the data path cost the VMM.
 */
#include "vmm/bypass_report.h"

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
        if (kvm_stats_add(vcpus->vcpus[i].stats_fd, counts->stats) != 0)
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
    free(report->queues);
    report->queues = NULL;
    report->num_queues = 0;
}

void bypass_report_start(struct bypass_report *report,
                         const struct vcpu_group *vcpus,
                         const struct bypass_access *accesses, unsigned count)
{
    assert(count <= BYPASS_MAX_ACCESSES);
    memcpy(report->accesses_at_start, accesses, count * sizeof(*accesses));
    report->num_accesses = count;
    report->runs++;
    report->is_running = true;
    report->seconds -= now_seconds();
    vcpu_counts_read(&report->at_start, vcpus);
}

void bypass_report_stop(struct bypass_report *report,
                        const struct vcpu_group *vcpus,
                        const struct bypass_access *accesses, unsigned count)
{
    struct vcpu_counts now;

    if (!report->is_running)
        return;
    report->is_running = false;
    report->seconds += now_seconds();
    assert(count == report->num_accesses);
    for (unsigned i = 0; i < count; i++) {
        report->accesses[i].what = accesses[i].what;
        report->accesses[i].count +=
            accesses[i].count - report->accesses_at_start[i].count;
    }
    vcpu_counts_read(&now, vcpus);
    for (unsigned i = 0; i < KVM_NUM_STATS; i++)
        report->total.stats[i] += now.stats[i] - report->at_start.stats[i];
    for (unsigned i = 0; i <= VCPU_EXIT_SIGNAL; i++)
        report->total.returns[i] +=
            now.returns[i] - report->at_start.returns[i];
    if (!now.has_stats)
        report->total.has_stats = false;
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
        snprintf(text, size, "%" PRIu64 " kicks came to the VMM",
                 queue->kicks_by_vmm);
    else if (queue->interrupts_by_vmm > 0)
        snprintf(text, size, "%" PRIu64 " interrupts came from the VMM",
                 queue->interrupts_by_vmm);
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

static void print_queue(const struct bypass_queue *queue, unsigned index,
                        FILE *file)
{
    static const char *const kick_paths[] = {
        [BYPASS_PATH_NONE] = "none",
        [BYPASS_PATH_DEVICE] = "doorbell",
        [BYPASS_PATH_KERNEL] = "ioeventfd",
        [BYPASS_PATH_VMM] = "VMM",
    };
    static const char *const interrupt_paths[] = {
        [BYPASS_PATH_NONE] = "none",
        [BYPASS_PATH_DEVICE] = "device",
        [BYPASS_PATH_KERNEL] = "irqfd",
        [BYPASS_PATH_VMM] = "VMM",
    };
    char used[8] = "-", kicks[24] = "-";

    if (!queue->was_used)
        return;
    if (!queue->has_unseen_kicks)
        snprintf(kicks, sizeof(kicks), "%" PRIu64, queue->kicks);
    if (queue->has_used_index)
        snprintf(used, sizeof(used), "%u", queue->used_index);
    fprintf(file,
            "  queue %-3u %-9s %8s kicks by %-9s  used index %5s  "
            "interrupts by %-5s  VMM woken %" PRIu64 " + %" PRIu64 "\n",
            index, queue->role, kicks, kick_paths[queue->kick_path], used,
            interrupt_paths[queue->interrupt_path], queue->kicks_by_vmm,
            queue->interrupts_by_vmm);
}

static bool has_same_reason(const struct bypass_queue *a,
                            const struct bypass_queue *b)
{
    return a->was_used && b->was_used && a->no_page && b->no_page &&
           strcmp(a->no_page, b->no_page) == 0;
}

/* A line for each reason why queues were without a page of the device's. */
static void print_no_pages(const struct bypass_report *report, FILE *file)
{
    for (unsigned i = 0; i < report->num_queues; i++) {
        const struct bypass_queue *queue = &report->queues[i];
        unsigned first = 0;

        while (first < i && !has_same_reason(&report->queues[first], queue))
            first++;
        if (first < i || !has_same_reason(queue, queue))
            continue;
        fprintf(file, "  doorbell: none for queue %u", i);
        for (unsigned j = i + 1; j < report->num_queues; j++)
            if (has_same_reason(queue, &report->queues[j]))
                fprintf(file, ", %u", j);
        fprintf(file, ": %s\n", queue->no_page);
    }
}

static void print_counts(const struct vcpu_counts *counts, FILE *file)
{
    uint64_t returns = 0;

    fprintf(file, "  KVM:     ");
    if (!counts->has_stats)
        fprintf(file, " this kernel has no statistics to ask");
    for (unsigned i = 0; i < KVM_NUM_STATS && counts->has_stats; i++)
        fprintf(file, " %s %" PRIu64, kvm_stat_name(i), counts->stats[i]);
    for (unsigned i = 0; i <= VCPU_EXIT_SIGNAL; i++)
        returns += counts->returns[i];
    fprintf(file, "\n  KVM_RUN:  returned %" PRIu64 " times", returns);
    for (unsigned i = 0; i <= VCPU_EXIT_SIGNAL; i++)
        if (counts->returns[i])
            fprintf(file, ", %s %" PRIu64, vcpu_exit_name(i),
                    counts->returns[i]);
    fprintf(file, "\n");
}

static void print_accesses(const struct bypass_report *report, FILE *file)
{
    const char *separator = "  control:  ";

    for (unsigned i = 0; i < report->num_accesses; i++) {
        if (report->accesses[i].count == 0)
            continue;
        fprintf(file, "%s%s %" PRIu64, separator, report->accesses[i].what,
                report->accesses[i].count);
        separator = ", ";
    }
    if (separator[0] == ',')
        fprintf(file, "\n");
}

void bypass_report_print(const struct bypass_report *report, FILE *file)
{
    uint64_t wakeups = bypass_report_wakeups(report);

    fprintf(file, "bypass report of %s (%s): ", report->name, report->type);
    if (report->runs == 0) {
        fprintf(file, "the guest never started the device\n");
        return;
    }
    fprintf(file, "%.1f s between DRIVER_OK and the end", report->seconds);
    if (report->runs > 1)
        fprintf(file, ", in %u runs", report->runs);
    fprintf(file, "\n");
    for (unsigned i = 0; i < report->num_queues; i++)
        print_queue(&report->queues[i], i, file);
    print_no_pages(report, file);
    print_counts(&report->total, file);
    print_accesses(report, file);
    if (wakeups == 0)
        fprintf(file, "  verdict:  no data-path event woke the VMM (0 kicks, "
                      "0 interrupts)\n");
    else
        fprintf(file,
                "  verdict:  the data path woke the VMM %" PRIu64 " times\n",
                wakeups);
}
