/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bypass_counts.c: the report of a device for scripts, a count a line.
 */
#include "vmm/bypass_report.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>

/* Where the lines go, and what they all begin with. */
struct output {
    FILE *file;
    const char *prefix;
};

static void print_name(const struct output *output, const char *format,
                       va_list arguments) PRINTF_FORMAT(2, 0);

/* What a name is made of may hold anything: "I/O" is io, "vcpu-0" vcpu_0. */
static void print_name(const struct output *output, const char *format,
                       va_list arguments)
{
    char name[128];

    (void)vsnprintf(name, sizeof(name), format, arguments);
    fputs(output->prefix, output->file);
    for (const char *c = name; *c; c++)
        if (*c != '/')
            fputc(isalnum((unsigned char)*c) ? tolower((unsigned char)*c) : '_',
                  output->file);
    fputc('=', output->file);
}

static void print_count(const struct output *output, uint64_t count,
                        const char *format, ...) PRINTF_FORMAT(3, 4);

static void print_count(const struct output *output, uint64_t count,
                        const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_name(output, format, arguments);
    va_end(arguments);
    fprintf(output->file, "%" PRIu64 "\n", count);
}

static void print_word(const struct output *output, const char *word,
                       const char *format, ...) PRINTF_FORMAT(3, 4);

/* A shell that reads the lines must find nothing in them to do. */
static void print_word(const struct output *output, const char *word,
                       const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_name(output, format, arguments);
    va_end(arguments);
    for (; *word; word++)
        fputc(isalnum((unsigned char)*word) || *word == '/' || *word == '-' ||
                      *word == '.'
                  ? *word
                  : '_',
              output->file);
    fputc('\n', output->file);
}

static void print_queue(const struct output *output,
                        const struct bypass_queue *queue, unsigned index)
{
    if (!queue->was_used)
        return;
    print_word(output, queue->role, "queue%u_role", index);
    print_word(output, bypass_kick_path_name(queue), "queue%u_kick_path",
               index);
    if (!queue->has_unseen_kicks)
        print_count(output, queue->kicks, "queue%u_kicks", index);
    print_count(output, queue->kicks_by_vmm, "queue%u_kicks_by_vmm", index);
    print_word(output, bypass_interrupt_path_name(queue),
               "queue%u_interrupt_path", index);
    print_count(output, queue->interrupts_by_vmm, "queue%u_interrupts_by_vmm",
                index);
    if (queue->has_used_index)
        print_count(output, queue->used_index, "queue%u_used_index", index);
}

static void print_vcpu_counts(const struct output *output,
                              const struct vcpu_counts *counts)
{
    uint64_t returns = 0;

    for (unsigned i = 0; i < KVM_NUM_STATS && counts->has_stats; i++)
        if (counts->known_stats & 1U << i)
            print_count(output, counts->stats[i], "kvm_%s", kvm_stat_name(i));
    for (unsigned i = 0; i <= VCPU_EXIT_SIGNAL; i++) {
        returns += counts->returns[i];
        if (counts->returns[i])
            print_count(output, counts->returns[i], "kvm_run_%s",
                        vcpu_exit_name(i));
    }
    print_count(output, returns, "kvm_run_returns");
}

static void print_threads(const struct output *output,
                          const struct thread_times *threads)
{
    for (unsigned i = 0; i < threads->count; i++) {
        const struct thread_time *thread = &threads->threads[i];

        print_count(output, thread->user_ms, "cpu_%s_user_ms", thread->name);
        print_count(output, thread->system_ms, "cpu_%s_system_ms",
                    thread->name);
        print_count(output, thread->guest_ms, "cpu_%s_guest_ms", thread->name);
    }
}

void bypass_report_print_counts(const struct bypass_report *report,
                                const char *prefix, FILE *file)
{
    const struct output output = {file, prefix};

    print_word(&output, report->name, "name");
    print_count(&output, report->runs, "runs");
    if (report->runs == 0)
        return;
    print_count(&output, (uint64_t)(report->seconds * 1000), "ms");
    print_count(&output, report->features, "features");
    for (unsigned i = 0; i < report->num_queues; i++)
        print_queue(&output, &report->queues[i], i);
    print_vcpu_counts(&output, &report->total);
    for (unsigned i = 0; i < report->num_accesses; i++)
        print_count(&output, report->accesses[i].count, "access_%s",
                    report->accesses[i].what);
    print_threads(&output, &report->threads);
    if (report->host_interrupts.is_known)
        print_count(&output, report->host_interrupts.count, "host_interrupts");
    print_count(&output, bypass_report_wakeups(report), "vmm_woken");
}
