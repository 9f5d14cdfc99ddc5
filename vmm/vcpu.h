/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpu.h: the virtual CPUs: one thread each, which enters the guest and
 * answers what KVM cannot answer itself.
 *
 * The group starts paused. Pausing and resuming is done by one thread at a
 * time, never a vCPU's; a vCPU thread that must stop the machine (power-off,
 * reset, a fault) calls the group's `stopped` callback, after which no vCPU
 * enters the guest again until the group is resumed.
 */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include "vmm/bus.h"
#include "vmm/compiler.h"
#include "vmm/kvm.h"
#include "vmm/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define VCPU_MAX 255

/* Reasons KVM_RUN can return for: KVM_EXIT_* below this, and one more for
 * returns by a signal. */
#define VCPU_EXIT_REASONS 64
#define VCPU_EXIT_SIGNAL  VCPU_EXIT_REASONS

struct arch_vcpu;

struct vcpu {
    unsigned index;
    int fd;
    int stats_fd; /* KVM_GET_STATS_FD, -1 where KVM has none */
    struct kvm_run *run;
    size_t run_size;
    struct arch_vcpu *arch; /* owned by the architecture's code */
    struct vcpu_group *group;
    pthread_t thread;
    bool has_thread;
    bool is_parked; /* group lock */
    /* Returns of KVM_RUN by reason since power-on. */
    atomic_ulong exits[VCPU_EXIT_REASONS + 1];
};

/* Why a vCPU wants the machine stopped. */
enum vcpu_stop {
    VCPU_STOP_TRIPLE_FAULT, /* x86 */
    VCPU_STOP_RESET,        /* by a call that KVM took, as of arm64's PSCI */
    VCPU_STOP_POWEROFF,     /* the same */
    VCPU_STOP_CRASH,        /* the guest told KVM that it goes no further */
    VCPU_STOP_FAILED,       /* KVM cannot go on with this guest; logged */
};

struct vcpu_group {
    struct kvm *kvm; /* borrowed */
    struct bus *ports, *mmio;
    /* On a vCPU thread, or under KVM_RUN's feet: must only note and wake. */
    void (*stopped)(void *owner, enum vcpu_stop why);
    void *owner;

    pthread_mutex_t lock; /* running, exiting, num_parked */
    pthread_cond_t changed;
    atomic_bool running;
    bool exiting;
    unsigned num_parked;

    struct vcpu *vcpus;
    unsigned count;
    struct log_limit complaints;
};

/* Makes `count` vCPUs (1 to VCPU_MAX), without threads. */
int vcpu_group_init(struct vcpu_group *group, struct kvm *kvm, unsigned count,
                    struct bus *ports, struct bus *mmio) MUST_CHECK;
/* Ends the threads and frees everything; safe on a half-built group. */
void vcpu_group_destroy(struct vcpu_group *group);

/* Starts the threads, still paused. */
int vcpu_group_start(struct vcpu_group *group) MUST_CHECK;
void vcpu_group_resume(struct vcpu_group *group);
/* Returns when every vCPU is out of the guest and out of every device. Not
 * from a vCPU thread. */
void vcpu_group_pause(struct vcpu_group *group);
/* From any thread: no vCPU enters the guest from now on. Does not wait. */
void vcpu_group_stop_entering(struct vcpu_group *group);

/* Returns of KVM_RUN for `reason`, over all vCPUs. */
unsigned long vcpu_group_exits(const struct vcpu_group *group, unsigned reason);
/* KVM_EXIT_* as a word, "signal" for VCPU_EXIT_SIGNAL. */
const char *vcpu_exit_name(unsigned reason);

#endif
