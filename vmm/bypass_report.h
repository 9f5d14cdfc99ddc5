/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bypass_report.h: did the data path stay out of the VMM? Counts, and the
 * answer in words.
 *
 * machine_report.c fills the numbers in; this only holds, adds and prints
 * them (bypass_text.c, bypass_counts.c).
 */
#ifndef VMM_BYPASS_REPORT_H
#define VMM_BYPASS_REPORT_H

#include "vmm/compiler.h"
#include "vmm/kvm_stats.h"
#include "vmm/thread_times.h"
#include "vmm/vcpu.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What the vCPUs have done until one moment, all together. */
struct vcpu_counts {
    uint64_t stats[KVM_NUM_STATS];
    bool has_stats;                          /* else KVM has none */
    unsigned known_stats;                    /* the others are 0; bits */
    uint64_t returns[VCPU_EXIT_REASONS + 1]; /* of KVM_RUN, by reason */
};

void vcpu_counts_read(struct vcpu_counts *counts,
                      const struct vcpu_group *vcpus);

/* Accesses of one kind that stopped a vCPU and came to the VMM. */
struct bypass_access {
    const char *what; /* "serial port" */
    uint64_t count;   /* since power-on, or between two moments */
};

/* More than machine.c has kinds of. */
#define BYPASS_MAX_ACCESSES 12

/* How the events of a queue go; of several runs the last that is listed
 * here, as it is the longest way. */
enum bypass_path {
    BYPASS_PATH_NONE,   /* no interrupt: the driver wants none */
    BYPASS_PATH_DEVICE, /* a page of the device's: no exit, and not seen */
    BYPASS_PATH_KERNEL, /* ioeventfd, irqfd */
    BYPASS_PATH_VMM,    /* each would wake a thread of ours */
};

/* One queue while its device ran. */
struct bypass_queue {
    const char *role; /* "receive", "transmit", "control" or "" */
    bool was_used;    /* the guest enabled it */
    enum bypass_path kick_path, interrupt_path; /* when the device stopped */
    const char *no_page;        /* why kicks cost an exit, in words, or NULL */
    bool has_unseen_kicks;      /* to a page, in some run */
    uint64_t kicks;             /* seen on the doorbell, or by the VMM */
    uint64_t kicks_by_vmm;      /* of these, the VMM carried */
    uint64_t interrupts_by_vmm; /* the VMM carried instead of the kernel */
    uint16_t used_index;        /* entries the device returned, modulo 2^16 */
    bool has_used_index;
};

/* Interrupts that the host took of the device, where it has any to count. */
struct bypass_host_interrupts {
    char device[64]; /* "0000:00:03.0" */
    bool is_known;   /* once the device had run */
    uint64_t count;  /* since power-on, or while it ran */
};

/* One device, from each DRIVER_OK to the reset or end that followed it. */
struct bypass_report {
    const char *name, *type; /* "/dev/vhost-vdpa-0", "virtio-net" */
    char parent[136];        /* "v0 of vp-vdpa"; "" when that is unknown */
    uint64_t features;       /* as negotiated for the last run */
    unsigned runs;           /* how many times the guest started it */
    bool is_running;
    double seconds;
    struct vcpu_counts at_start, total; /* total: differences, summed */
    struct bypass_access accesses_at_start[BYPASS_MAX_ACCESSES];
    struct bypass_access accesses[BYPASS_MAX_ACCESSES];
    unsigned num_accesses;
    struct thread_times threads_at_start, threads;
    uint64_t host_interrupts_at_start;
    struct bypass_host_interrupts host_interrupts;
    struct bypass_queue *queues; /* owned */
    unsigned num_queues;
};

int bypass_report_init(struct bypass_report *report, const char *name,
                       const char *type, unsigned num_queues) MUST_CHECK;
void bypass_report_destroy(struct bypass_report *report);

/* What is asked of others at the start and the stop of a device. */
struct bypass_moment {
    const struct vcpu_group *vcpus;
    /* The same kinds at every moment; names are borrowed. */
    struct bypass_access accesses[BYPASS_MAX_ACCESSES];
    unsigned num_accesses;
    struct bypass_host_interrupts host_interrupts;
};

/* The device starts, and stops, moving data. */
void bypass_report_start(struct bypass_report *report,
                         const struct bypass_moment *now);
void bypass_report_stop(struct bypass_report *report,
                        const struct bypass_moment *now);

/* Kicks and interrupts that the VMM carried: 0 is the proof. */
uint64_t bypass_report_wakeups(const struct bypass_report *report);

/* The first event or path of a queue that led through the VMM, or that the
 * device never ran, in words; false when there is none. */
bool bypass_report_violation(const struct bypass_report *report, char *text,
                             size_t size);

/* To be read by people, and pasted into mails. */
void bypass_report_print(const struct bypass_report *report, FILE *file);
/* The part of it that any device has: what the vCPUs and threads did. */
void bypass_report_print_costs(const struct bypass_report *report, FILE *file);
/* For scripts: lines of NAME=VALUE, where each NAME begins with `prefix`
 * and is one that a shell takes for a variable. */
void bypass_report_print_counts(const struct bypass_report *report,
                                const char *prefix, FILE *file);

/* How a queue's events go, in a word: "ioeventfd". */
const char *bypass_kick_path_name(const struct bypass_queue *queue);
const char *bypass_interrupt_path_name(const struct bypass_queue *queue);

#endif
