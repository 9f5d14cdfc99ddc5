/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bypass_text.c: the report of a device as text: what happened on each queue,
 * what it cost, and whether the VMM took part.
 */
#include "vmm/bypass_report.h"

#include <inttypes.h>
#include <linux/virtio_config.h>
#include <string.h>
#include <sys/utsname.h>

/* A line that goes on below. */
#define CONTINUED ",\n            "

static void print_head(const struct bypass_report *report, FILE *file)
{
    fprintf(file, "bypass report of %s (%s): ", report->name, report->type);
    if (report->runs == 0) {
        fprintf(file, "the guest never started the device\n");
        return;
    }
    fprintf(file, "%.1f s between DRIVER_OK and the end", report->seconds);
    if (report->runs > 1)
        fprintf(file, ", in %u runs", report->runs);
    fprintf(file, "\n");
}

static void print_device(const struct bypass_report *report, FILE *file)
{
    const bool is_packed = report->features & 1ULL << VIRTIO_F_RING_PACKED;
    struct utsname host = {.sysname = "", .release = ""};

    (void)uname(&host);
    fprintf(file, "  device:   ");
    if (report->parent[0])
        fprintf(file, "%s, ", report->parent);
    fprintf(file, "%s rings, features 0x%" PRIx64 "; host %s %s\n",
            is_packed ? "packed" : "split", report->features, host.sysname,
            host.release);
}

static void print_events(uint64_t kicks, uint64_t interrupts, FILE *file)
{
    fprintf(file, "%" PRIu64 " kick%s, %" PRIu64 " interrupt%s", kicks,
            kicks == 1 ? "" : "s", interrupts, interrupts == 1 ? "" : "s");
}

static void print_queue(const struct bypass_queue *queue, unsigned index,
                        FILE *file)
{
    char kicks[24] = "-";

    if (!queue->was_used)
        return;
    if (!queue->has_unseen_kicks)
        (void)snprintf(kicks, sizeof(kicks), "%" PRIu64, queue->kicks);
    fprintf(file, "  queue %-3u %-8s %9s kicks by %-9s", index, queue->role,
            kicks, bypass_kick_path_name(queue));
    if (queue->has_used_index)
        fprintf(file, "  used index %5u", queue->used_index);
    if (queue->interrupt_path == BYPASS_PATH_NONE)
        fprintf(file, "  no interrupts");
    else
        fprintf(file, "  interrupts by %s", bypass_interrupt_path_name(queue));
    if (queue->kicks_by_vmm || queue->interrupts_by_vmm) {
        fprintf(file, "  VMM woken by ");
        print_events(queue->kicks_by_vmm, queue->interrupts_by_vmm, file);
    }
    fprintf(file, "\n");
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

static void print_exits(const struct bypass_report *report, FILE *file)
{
    const struct vcpu_counts *counts = &report->total;
    unsigned printed = 0;

    if (!counts->has_stats) {
        fprintf(file, "  KVM:      this kernel has no statistics to ask\n");
        return;
    }
    fprintf(file, "  KVM:      exits %" PRIu64, counts->stats[KVM_STAT_EXITS]);
    if (report->seconds > 0)
        fprintf(file, " (%.0f a second)",
                (double)counts->stats[KVM_STAT_EXITS] / report->seconds);
    for (unsigned i = KVM_STAT_EXITS + 1; i < KVM_NUM_STATS; i++) {
        if (!(counts->known_stats & 1U << i))
            continue;
        fprintf(file, "%s%s %" PRIu64,
                printed > 0 && printed % 3 == 0 ? CONTINUED : ", ",
                kvm_stat_name(i), counts->stats[i]);
        printed++;
    }
    fprintf(file, "\n");
}

static void print_returns(const struct vcpu_counts *counts, FILE *file)
{
    uint64_t returns = 0;

    for (unsigned i = 0; i <= VCPU_EXIT_SIGNAL; i++)
        returns += counts->returns[i];
    fprintf(file, "  KVM_RUN:  returned %" PRIu64 " times", returns);
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

static double seconds(uint64_t ms)
{
    return (double)ms / 1000;
}

static bool is_idle(const struct thread_time *thread)
{
    return thread->user_ms + thread->system_ms + thread->guest_ms == 0;
}

/* The I/O thread is the first. Others that did nothing say nothing. */
static void print_threads(const struct thread_times *threads, FILE *file)
{
    for (unsigned i = 0; i < threads->count; i++) {
        const struct thread_time *thread = &threads->threads[i];

        if (i > 0 && is_idle(thread))
            continue;
        fprintf(file, "%s%-8s %8.2f s user, %8.2f s system",
                i == 0 ? "  CPU time: " : "            ", thread->name,
                seconds(thread->user_ms), seconds(thread->system_ms));
        if (thread->guest_ms)
            fprintf(file, ", %8.2f s guest", seconds(thread->guest_ms));
        fprintf(file, "\n");
    }
}

/* No interface tells whether an interrupt goes from the device into the guest
 * without the host. That it did not come to the host is what can be seen. */
static void print_host_interrupts(const struct bypass_host_interrupts *host,
                                  FILE *file)
{
    if (!host->is_known)
        return;
    if (host->count > 0)
        fprintf(file, "  host:     took %" PRIu64 " interrupts of %s\n",
                host->count, host->device);
    else
        fprintf(file,
                "  host:     took no interrupt of %s: they are posted to the "
                "guest by hardware, or none came\n",
                host->device);
}

static void print_verdict(const struct bypass_report *report, FILE *file)
{
    uint64_t kicks = 0, interrupts = 0;
    char why[160];

    for (unsigned i = 0; i < report->num_queues; i++) {
        kicks += report->queues[i].kicks_by_vmm;
        interrupts += report->queues[i].interrupts_by_vmm;
    }
    if (kicks + interrupts == 0)
        fprintf(file, "  verdict:  no data-path event woke the VMM (");
    else
        fprintf(file,
                "  verdict:  the data path woke the VMM %" PRIu64 " times (",
                kicks + interrupts);
    print_events(kicks, interrupts, file);
    fprintf(file, ")");
    if (kicks + interrupts == 0 &&
        bypass_report_violation(report, why, sizeof(why)))
        fprintf(file, ", but %s", why);
    fprintf(file, "\n");
}

void bypass_report_print_costs(const struct bypass_report *report, FILE *file)
{
    if (report->runs == 0)
        return;
    print_exits(report, file);
    print_returns(&report->total, file);
    print_accesses(report, file);
    print_threads(&report->threads, file);
}

void bypass_report_print(const struct bypass_report *report, FILE *file)
{
    print_head(report, file);
    if (report->runs == 0)
        return;
    print_device(report, file);
    for (unsigned i = 0; i < report->num_queues; i++)
        print_queue(&report->queues[i], i, file);
    print_no_pages(report, file);
    bypass_report_print_costs(report, file);
    print_host_interrupts(&report->host_interrupts, file);
    print_verdict(report, file);
}
