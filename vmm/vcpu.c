/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpu.c: vCPU threads: KVM_RUN, and dispatch of what it returns for.
 *
 * KVM api.rst, KVM_RUN. To get a vCPU out of the guest, immediate_exit is set
 * and then a signal sent: whichever side of the entry the thread is on, one
 * of the two is seen.
 */
#include "vmm/vcpu.h"

#include "vmm/arch.h"
#include "vmm/fd.h"
#include "vmm/log.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#define VCPU_SIGNAL SIGUSR1

/* After how many seconds it is said who keeps a pause waiting. */
#define PATIENCE_S 2

/* Since Linux 6.8: the address of an access that failed with EFAULT. KVM
 * gives none for a page that the host may not read; it is counted as that. */
#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT 39
#endif

static const char *const exit_names[VCPU_EXIT_REASONS + 1] = {
    [KVM_EXIT_UNKNOWN] = "unknown",
    [KVM_EXIT_EXCEPTION] = "exception",
    [KVM_EXIT_IO] = "io",
    [KVM_EXIT_HYPERCALL] = "hypercall",
    [KVM_EXIT_DEBUG] = "debug",
    [KVM_EXIT_HLT] = "hlt",
    [KVM_EXIT_MMIO] = "mmio",
    [KVM_EXIT_IRQ_WINDOW_OPEN] = "irq_window_open",
    [KVM_EXIT_SHUTDOWN] = "shutdown",
    [KVM_EXIT_FAIL_ENTRY] = "fail_entry",
    [KVM_EXIT_INTR] = "intr",
    [KVM_EXIT_SET_TPR] = "set_tpr",
    [KVM_EXIT_TPR_ACCESS] = "tpr_access",
    [KVM_EXIT_NMI] = "nmi",
    [KVM_EXIT_INTERNAL_ERROR] = "internal_error",
    [KVM_EXIT_SYSTEM_EVENT] = "system_event",
    [KVM_EXIT_IOAPIC_EOI] = "ioapic_eoi",
    [KVM_EXIT_ARM_NISV] = "arm_nisv",
    [KVM_EXIT_MEMORY_FAULT] = "memory_fault",
    [VCPU_EXIT_SIGNAL] = "signal",
};

const char *vcpu_exit_name(unsigned reason)
{
    if (reason > VCPU_EXIT_SIGNAL || !exit_names[reason])
        return "other";
    return exit_names[reason];
}

unsigned long vcpu_group_exits(const struct vcpu_group *group, unsigned reason)
{
    unsigned long total = 0;

    for (unsigned i = 0; i < group->count; i++)
        total += atomic_load_explicit(&group->vcpus[i].exits[reason],
                                      memory_order_relaxed);
    return total;
}

static void stop_machine(struct vcpu *vcpu, enum vcpu_stop why)
{
    vcpu_group_stop_entering(vcpu->group);
    vcpu->group->stopped(vcpu->group->owner, why);
}

static void handle_io(struct vcpu *vcpu)
{
    struct kvm_run *run = vcpu->run;
    uint8_t *data = (uint8_t *)run + run->io.data_offset;

    /* String instructions repeat on the same port. */
    for (uint32_t i = 0; i < run->io.count; i++) {
        if (run->io.direction == KVM_EXIT_IO_OUT)
            bus_write(vcpu->group->ports, run->io.port, data, run->io.size);
        else
            bus_read(vcpu->group->ports, run->io.port, data, run->io.size);
        data += run->io.size;
    }
}

static void handle_mmio(struct vcpu *vcpu)
{
    struct kvm_run *run = vcpu->run;
    unsigned size = run->mmio.len;

    if (size > sizeof(run->mmio.data))
        size = sizeof(run->mmio.data);
    if (run->mmio.is_write)
        bus_write(vcpu->group->mmio, run->mmio.phys_addr, run->mmio.data, size);
    else
        bus_read(vcpu->group->mmio, run->mmio.phys_addr, run->mmio.data, size);
}

static void handle_system_event(struct vcpu *vcpu)
{
    uint32_t type = vcpu->run->system_event.type;

    switch (type) {
    case KVM_SYSTEM_EVENT_SHUTDOWN:
        stop_machine(vcpu, VCPU_STOP_POWEROFF);
        break;
    case KVM_SYSTEM_EVENT_RESET:
        stop_machine(vcpu, VCPU_STOP_RESET);
        break;
    case KVM_SYSTEM_EVENT_CRASH:
        log_guest(&vcpu->group->complaints,
                  "vCPU %u: the guest says that it crashed", vcpu->index);
        stop_machine(vcpu, VCPU_STOP_CRASH);
        break;
    /* To sleep, and to wake up: KVM has told the guest already that the first
     * failed, and offers neither unless it is asked to. */
    case KVM_SYSTEM_EVENT_SUSPEND:
    case KVM_SYSTEM_EVENT_WAKEUP:
        break;
    default:
        log_error("vCPU %u: KVM reports system event %u, which is not "
                  "supported",
                  vcpu->index, type);
        stop_machine(vcpu, VCPU_STOP_FAILED);
    }
}

static void handle_failure(struct vcpu *vcpu)
{
    const struct kvm_run *run = vcpu->run;

    if (run->exit_reason == KVM_EXIT_FAIL_ENTRY)
        log_error(
            "vCPU %u: the processor refused to enter the guest "
            "(hardware reason 0x%llx)",
            vcpu->index,
            (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
    else if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
        log_error("vCPU %u: KVM internal error, suberror %u%s", vcpu->index,
                  run->internal.suberror,
                  run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION
                      ? " (an instruction that KVM cannot emulate)"
                      : "");
    else
        log_error("vCPU %u: KVM_RUN returned for reason %u (%s), which is "
                  "not supported",
                  vcpu->index, run->exit_reason,
                  vcpu_exit_name(run->exit_reason));
    stop_machine(vcpu, VCPU_STOP_FAILED);
}

static void handle_exit(struct vcpu *vcpu)
{
    switch (vcpu->run->exit_reason) {
    case KVM_EXIT_IO:
        handle_io(vcpu);
        break;
    case KVM_EXIT_MMIO:
        handle_mmio(vcpu);
        break;
    case KVM_EXIT_SHUTDOWN:
        stop_machine(vcpu, VCPU_STOP_TRIPLE_FAULT);
        break;
    case KVM_EXIT_SYSTEM_EVENT:
        handle_system_event(vcpu);
        break;
    case KVM_EXIT_INTR:
        break;
    default:
        if (!arch_handle_exit(vcpu))
            handle_failure(vcpu);
        break;
    }
}

static void count_exit(struct vcpu *vcpu, unsigned reason)
{
    if (reason >= VCPU_EXIT_REASONS && reason != VCPU_EXIT_SIGNAL)
        reason = KVM_EXIT_UNKNOWN;
    atomic_fetch_add_explicit(&vcpu->exits[reason], 1, memory_order_relaxed);
}

static void run_once(struct vcpu *vcpu)
{
    struct kvm_pages *pages = &vcpu->group->kvm->pages;
    unsigned drops = atomic_load(&pages->drops);
    int error;

    if (ioctl(vcpu->fd, KVM_RUN, 0) == 0) {
        count_exit(vcpu, vcpu->run->exit_reason);
        handle_exit(vcpu);
        return;
    }
    if (errno == EINTR || errno == EAGAIN) {
        count_exit(vcpu, VCPU_EXIT_SIGNAL);
        return;
    }
    error = errno;
    /* The instruction is run again, and meets what was beneath the page. */
    if (error == EFAULT && kvm_pages_drop(pages, drops)) {
        count_exit(vcpu, KVM_EXIT_MEMORY_FAULT);
        return;
    }
    log_error("vCPU %u: KVM_RUN: %s", vcpu->index, strerror(error));
    stop_machine(vcpu, VCPU_STOP_FAILED);
}

/* Waits while the group is paused; false when the thread is to end. */
static bool wait_to_run(struct vcpu *vcpu)
{
    struct vcpu_group *group = vcpu->group;
    bool exiting;

    pthread_mutex_lock(&group->lock);
    group->num_parked++;
    pthread_cond_broadcast(&group->changed);
    while (!atomic_load(&group->running) && !group->exiting)
        pthread_cond_wait(&group->changed, &group->lock);
    group->num_parked--;
    exiting = group->exiting;
    pthread_mutex_unlock(&group->lock);
    return !exiting;
}

static void *vcpu_thread(void *argument)
{
    struct vcpu *vcpu = argument;

    while (wait_to_run(vcpu)) {
        while (atomic_load(&vcpu->group->running))
            run_once(vcpu);
        /* An instruction that waits for our answer, such as a port read, is
         * finished by one more entry; immediate_exit makes it only that. */
        while (ioctl(vcpu->fd, KVM_RUN, 0) == 0)
            handle_exit(vcpu);
    }
    return NULL;
}

static void ignore_signal(int number)
{
    (void)number;
}

static int install_signal_handler(void)
{
    struct sigaction action = {.sa_handler = ignore_signal};

    sigemptyset(&action.sa_mask);
    if (sigaction(VCPU_SIGNAL, &action, NULL) != 0)
        return -errno;
    return 0;
}

static int open_vcpu(struct vcpu *vcpu, struct kvm *kvm, size_t run_size)
{
    void *run;

    vcpu->fd = ioctl(kvm->vm_fd, KVM_CREATE_VCPU, (unsigned long)vcpu->index);
    if (vcpu->fd < 0) {
        int error = -errno;

        log_error("vCPU %u: KVM_CREATE_VCPU: %s", vcpu->index,
                  strerror(-error));
        return error;
    }
    run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
    if (run == MAP_FAILED) {
        int error = -errno;

        log_error("vCPU %u: mapping its run area: %s", vcpu->index,
                  strerror(-error));
        return error;
    }
    vcpu->run = run;
    vcpu->run_size = run_size;
    if (kvm_check_extension(kvm, KVM_CAP_BINARY_STATS_FD) > 0)
        vcpu->stats_fd = ioctl(vcpu->fd, KVM_GET_STATS_FD, NULL);
    return 0;
}

int vcpu_group_init(struct vcpu_group *group, struct kvm *kvm, unsigned count,
                    struct bus *ports, struct bus *mmio)
{
    int run_size, most, error;

    *group = (struct vcpu_group){.kvm = kvm, .ports = ports, .mmio = mmio};
    pthread_mutex_init(&group->lock, NULL);
    pthread_cond_init(&group->changed, NULL);
    error = install_signal_handler();
    if (error)
        goto fail;

    most = kvm_check_extension(kvm, KVM_CAP_MAX_VCPUS);
    if (count > VCPU_MAX || (most > 0 && count > (unsigned)most)) {
        log_error("%u vCPUs are too many: this host's KVM takes up to %d",
                  count, most < VCPU_MAX ? most : VCPU_MAX);
        error = -EINVAL;
        goto fail;
    }
    run_size = ioctl(kvm->system_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (run_size < (int)sizeof(struct kvm_run)) {
        log_error("/dev/kvm: KVM_GET_VCPU_MMAP_SIZE: %s", strerror(errno));
        error = -EINVAL;
        goto fail;
    }
    group->vcpus = calloc(count, sizeof(*group->vcpus));
    if (!group->vcpus) {
        error = -ENOMEM;
        goto fail;
    }
    for (; group->count < count; group->count++)
        group->vcpus[group->count] = (struct vcpu){
            .index = group->count, .fd = -1, .stats_fd = -1, .group = group};
    for (unsigned i = 0; i < count; i++) {
        error = open_vcpu(&group->vcpus[i], kvm, (size_t)run_size);
        if (error)
            goto fail;
    }
    return 0;

fail:
    vcpu_group_destroy(group);
    return error;
}

static void end_threads(struct vcpu_group *group)
{
    vcpu_group_stop_entering(group);
    pthread_mutex_lock(&group->lock);
    group->exiting = true;
    pthread_cond_broadcast(&group->changed);
    pthread_mutex_unlock(&group->lock);
    for (unsigned i = 0; i < group->count; i++) {
        struct vcpu *vcpu = &group->vcpus[i];

        if (vcpu->has_thread)
            pthread_join(vcpu->thread, NULL);
        vcpu->has_thread = false;
    }
}

void vcpu_group_destroy(struct vcpu_group *group)
{
    end_threads(group);
    for (unsigned i = 0; i < group->count; i++) {
        struct vcpu *vcpu = &group->vcpus[i];

        if (vcpu->run)
            munmap(vcpu->run, vcpu->run_size);
        close_fd(&vcpu->stats_fd);
        close_fd(&vcpu->fd);
    }
    free(group->vcpus);
    group->vcpus = NULL;
    group->count = 0;
}

int vcpu_group_start(struct vcpu_group *group)
{
    for (unsigned i = 0; i < group->count; i++) {
        struct vcpu *vcpu = &group->vcpus[i];
        char name[16];
        int error = pthread_create(&vcpu->thread, NULL, vcpu_thread, vcpu);

        if (error) {
            log_error("vCPU %u: starting its thread: %s", i, strerror(error));
            return -error;
        }
        vcpu->has_thread = true;
        snprintf(name, sizeof(name), "vcpu-%u", i);
        pthread_setname_np(vcpu->thread, name);
    }
    return 0;
}

void vcpu_group_resume(struct vcpu_group *group)
{
    pthread_mutex_lock(&group->lock);
    for (unsigned i = 0; i < group->count; i++)
        group->vcpus[i].run->immediate_exit = 0;
    atomic_store(&group->running, true);
    pthread_cond_broadcast(&group->changed);
    pthread_mutex_unlock(&group->lock);
}

void vcpu_group_stop_entering(struct vcpu_group *group)
{
    atomic_store(&group->running, false);
    for (unsigned i = 0; i < group->count; i++) {
        struct vcpu *vcpu = &group->vcpus[i];

        if (!vcpu->has_thread)
            continue;
        __atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
        pthread_kill(vcpu->thread, VCPU_SIGNAL);
    }
}

/* With the lock held. */
static void wait_until_parked(struct vcpu_group *group)
{
    struct timespec due;
    int error = 0;

    clock_gettime(CLOCK_REALTIME, &due);
    due.tv_sec += PATIENCE_S;
    while (group->num_parked < group->count && !error)
        error = pthread_cond_timedwait(&group->changed, &group->lock, &due);
    if (group->num_parked == group->count)
        return;
    log_warning("waiting for a vCPU that is inside a device: one that another "
                "process serves, and does not answer, takes up to 30 s");
    while (group->num_parked < group->count)
        pthread_cond_wait(&group->changed, &group->lock);
}

void vcpu_group_pause(struct vcpu_group *group)
{
    vcpu_group_stop_entering(group);
    pthread_mutex_lock(&group->lock);
    wait_until_parked(group);
    pthread_mutex_unlock(&group->lock);
}
