/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu.c: x86 vCPUs: what CPUID tells the guest, and the power-on state that a
 * reset brings back.
 *
 * KVM makes vCPUs in their power-on state and has no call to reset one, so
 * that state is read once and written back.
 */
#include "vmm/arch.h"
#include "vmm/log.h"
#include "vmm/x86/memory_map.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define MAX_CPUID_ENTRIES 256
#define NUM_IRQCHIPS      3 /* both 8259s and the IOAPIC */

/* One vCPU at power-on. */
struct arch_vcpu {
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    struct kvm_fpu fpu;
    struct kvm_lapic_state lapic;
    struct kvm_xcrs xcrs;
    struct kvm_debugregs debugregs;
    struct kvm_vcpu_events events;
    struct kvm_mp_state mp_state;
    struct kvm_msrs *msrs;
    /* Of the whole machine; kept with the first vCPU. */
    struct kvm_irqchip irqchips[NUM_IRQCHIPS];
};

static int vcpu_call(struct vcpu *vcpu, unsigned long request,
                     const char *request_name, void *argument)
{
    if (ioctl(vcpu->fd, request, argument) == 0)
        return 0;
    log_error("vCPU %u: %s: %s", vcpu->index, request_name, strerror(errno));
    return -errno;
}
#define VCPU_CALL(vcpu, request, argument)                                     \
    vcpu_call(vcpu, request, #request, argument)

unsigned long arch_machine_type(int system_fd)
{
    (void)system_fd;
    return 0;
}

int arch_init_interrupts(struct kvm *kvm)
{
    uint64_t identity_map = KVM_IDENTITY_MAP_GPA;

    if (ioctl(kvm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map) != 0 ||
        ioctl(kvm->vm_fd, KVM_SET_TSS_ADDR, (unsigned long)KVM_TSS_GPA) != 0 ||
        ioctl(kvm->vm_fd, KVM_CREATE_IRQCHIP, 0) != 0) {
        int error = -errno;

        log_error("/dev/kvm: making the interrupt controllers: %s",
                  strerror(-error));
        return error;
    }
    return kvm_route_pins(kvm, KVM_IRQCHIP_IOAPIC, IOAPIC_PINS, 0);
}

void arch_destroy_interrupts(struct kvm *kvm)
{
    (void)kvm;
}

static unsigned bits_to_number(unsigned count)
{
    unsigned bits = 0;

    while ((1U << bits) < count)
        bits++;
    return bits;
}

/* Cores of one package, one thread each (SDM volume 2, CPUID leaf 0BH). */
static void describe_topology(struct kvm_cpuid_entry2 *entry, unsigned apic_id,
                              unsigned count)
{
    entry->edx = apic_id;
    if (entry->index == 0) {
        entry->eax = 0;
        entry->ebx = 1;
        entry->ecx = 1U << 8; /* level type: thread */
    } else if (entry->index == 1) {
        entry->eax = bits_to_number(count);
        entry->ebx = count;
        entry->ecx = 2U << 8 | 1; /* level type: core */
    } else {
        entry->eax = entry->ebx = 0;
        entry->ecx = entry->index;
    }
}

/* Leaves whose value differs from what KVM supports on this host. */
static void adjust_cpuid(struct kvm_cpuid_entry2 *entry, unsigned apic_id,
                         unsigned count, bool has_tsc_deadline)
{
    switch (entry->function) {
    case 0x1:
        entry->ebx = (entry->ebx & 0xffff) | apic_id << 24 |
                     (count > 255 ? 255 : count) << 16;
        entry->ecx |= 1U << 31; /* runs under a hypervisor */
        if (has_tsc_deadline)
            entry->ecx |= 1U << 24;
        if (count > 1)
            entry->edx |= 1U << 28; /* HTT: EBX[23:16] is valid */
        break;
    case 0x4:        /* Intel: caches */
    case 0x8000001d: /* AMD: caches */
        /* No cache is shared; cores in the package in EAX[31:26]. */
        entry->eax &= 0x3fff;
        if (entry->function == 0x4 && entry->eax)
            entry->eax |= ((1U << bits_to_number(count)) - 1) << 26;
        break;
    case 0x6:
        entry->eax |= 1U << 2; /* ARAT: the local APIC timer never stops */
        break;
    case 0xb:
        describe_topology(entry, apic_id, count);
        break;
    case 0x1f:       /* Intel: topology, version 2 */
    case 0x80000026: /* AMD: the same */
        entry->eax = entry->ebx = entry->ecx = entry->edx = 0;
        break;
    case 0x80000008: /* AMD: bits of the APIC id, cores minus one */
        entry->ecx = (entry->ecx & ~0xf0ffU) | bits_to_number(count) << 12 |
                     ((count - 1) & 0xff);
        break;
    case 0x8000001e: /* AMD: APIC id, core id, node id */
        entry->eax = apic_id;
        entry->ebx = apic_id & 0xff;
        entry->ecx = 0;
        break;
    default:
        break;
    }
}

static int set_cpuid(struct kvm *kvm, struct vcpu_group *group)
{
    size_t size = sizeof(struct kvm_cpuid2) +
                  MAX_CPUID_ENTRIES * sizeof(struct kvm_cpuid_entry2);
    bool has_tsc_deadline =
        kvm_check_extension(kvm, KVM_CAP_TSC_DEADLINE_TIMER) > 0;
    struct kvm_cpuid2 *cpuid = calloc(1, size);
    int error = 0;

    if (!cpuid)
        return -ENOMEM;
    cpuid->nent = MAX_CPUID_ENTRIES;
    if (ioctl(kvm->system_fd, KVM_GET_SUPPORTED_CPUID, cpuid) != 0) {
        error = -errno;
        log_error("/dev/kvm: KVM_GET_SUPPORTED_CPUID: %s", strerror(-error));
    }
    for (unsigned i = 0; i < group->count && !error; i++) {
        for (unsigned j = 0; j < cpuid->nent; j++)
            adjust_cpuid(&cpuid->entries[j], i, group->count, has_tsc_deadline);
        error = VCPU_CALL(&group->vcpus[i], KVM_SET_CPUID2, cpuid);
    }
    free(cpuid);
    return error;
}

/* The MSRs that KVM keeps for this vCPU, without those it cannot read. */
static int read_msrs(struct kvm *kvm, struct vcpu *vcpu)
{
    struct kvm_msr_list counter = {.nmsrs = 0};
    struct kvm_msr_list *list;
    struct kvm_msrs *msrs;
    int done;

    /* Fails with E2BIG and tells how many there are. */
    ioctl(kvm->system_fd, KVM_GET_MSR_INDEX_LIST, &counter);
    list = calloc(1, sizeof(*list) + counter.nmsrs * sizeof(list->indices[0]));
    msrs = calloc(1, sizeof(*msrs) + counter.nmsrs * sizeof(msrs->entries[0]));
    vcpu->arch->msrs = msrs;
    if (!list || !msrs) {
        free(list);
        return -ENOMEM;
    }
    list->nmsrs = counter.nmsrs;
    if (ioctl(kvm->system_fd, KVM_GET_MSR_INDEX_LIST, list) != 0) {
        int error = -errno;

        log_error("/dev/kvm: KVM_GET_MSR_INDEX_LIST: %s", strerror(-error));
        free(list);
        return error;
    }
    msrs->nmsrs = list->nmsrs;
    for (unsigned i = 0; i < list->nmsrs; i++)
        msrs->entries[i].index = list->indices[i];
    free(list);
    /* Returns how many it read before the first that it could not. */
    while ((done = ioctl(vcpu->fd, KVM_GET_MSRS, msrs)) >= 0 &&
           (unsigned)done < msrs->nmsrs) {
        msrs->nmsrs--;
        memmove(&msrs->entries[done], &msrs->entries[done + 1],
                (msrs->nmsrs - (unsigned)done) * sizeof(msrs->entries[0]));
    }
    return 0;
}

static int write_msrs(struct vcpu *vcpu)
{
    struct kvm_msrs *saved = vcpu->arch->msrs;
    struct {
        struct kvm_msrs header;
        struct kvm_msr_entry entry;
    } one = {.header.nmsrs = 1};

    /* One at a time: some that can be read cannot be written, and KVM stops
     * at the first of those. */
    for (unsigned i = 0; i < saved->nmsrs; i++) {
        one.entry = saved->entries[i];
        if (ioctl(vcpu->fd, KVM_SET_MSRS, &one) < 0)
            return -errno;
    }
    return 0;
}

static int read_power_on_state(struct kvm *kvm, struct vcpu *vcpu)
{
    struct arch_vcpu *state = calloc(1, sizeof(*state));
    int error;

    if (!state)
        return -ENOMEM;
    vcpu->arch = state;
    error = VCPU_CALL(vcpu, KVM_GET_REGS, &state->regs);
    if (!error)
        error = VCPU_CALL(vcpu, KVM_GET_SREGS, &state->sregs);
    if (!error)
        error = VCPU_CALL(vcpu, KVM_GET_FPU, &state->fpu);
    if (!error)
        error = VCPU_CALL(vcpu, KVM_GET_LAPIC, &state->lapic);
    if (!error)
        error = VCPU_CALL(vcpu, KVM_GET_XCRS, &state->xcrs);
    if (!error)
        error = VCPU_CALL(vcpu, KVM_GET_DEBUGREGS, &state->debugregs);
    if (!error)
        error = VCPU_CALL(vcpu, KVM_GET_VCPU_EVENTS, &state->events);
    if (!error)
        error = VCPU_CALL(vcpu, KVM_GET_MP_STATE, &state->mp_state);
    if (!error)
        error = read_msrs(kvm, vcpu);
    return error;
}

/* The order matters: MSRs need the mode that the control registers set, the
 * local APIC needs its base from them. */
static int write_power_on_state(struct vcpu *vcpu)
{
    struct arch_vcpu *state = vcpu->arch;
    int error;

    error = VCPU_CALL(vcpu, KVM_SET_MP_STATE, &state->mp_state);
    if (!error)
        error = VCPU_CALL(vcpu, KVM_SET_REGS, &state->regs);
    if (!error)
        error = VCPU_CALL(vcpu, KVM_SET_SREGS, &state->sregs);
    if (!error)
        error = VCPU_CALL(vcpu, KVM_SET_XCRS, &state->xcrs);
    if (!error)
        error = VCPU_CALL(vcpu, KVM_SET_FPU, &state->fpu);
    if (!error)
        error = write_msrs(vcpu);
    if (!error)
        error = VCPU_CALL(vcpu, KVM_SET_LAPIC, &state->lapic);
    if (!error)
        error = VCPU_CALL(vcpu, KVM_SET_DEBUGREGS, &state->debugregs);
    if (!error)
        error = VCPU_CALL(vcpu, KVM_SET_VCPU_EVENTS, &state->events);
    return error;
}

int arch_init_vcpus(struct kvm *kvm, struct vcpu_group *group)
{
    int error = set_cpuid(kvm, group);

    for (unsigned i = 0; i < group->count && !error; i++)
        error = read_power_on_state(kvm, &group->vcpus[i]);
    for (unsigned i = 0; i < NUM_IRQCHIPS && !error; i++) {
        struct kvm_irqchip *irqchip = &group->vcpus[0].arch->irqchips[i];

        irqchip->chip_id = i;
        if (ioctl(kvm->vm_fd, KVM_GET_IRQCHIP, irqchip) != 0) {
            error = -errno;
            log_error("/dev/kvm: KVM_GET_IRQCHIP: %s", strerror(-error));
        }
    }
    return error;
}

void arch_destroy_vcpus(struct vcpu_group *group)
{
    for (unsigned i = 0; i < group->count; i++) {
        struct vcpu *vcpu = &group->vcpus[i];

        if (vcpu->arch)
            free(vcpu->arch->msrs);
        free(vcpu->arch);
        vcpu->arch = NULL;
    }
}

int arch_reset(struct kvm *kvm, struct vcpu_group *group)
{
    int error = 0;

    for (unsigned i = 0; i < group->count && !error; i++)
        error = write_power_on_state(&group->vcpus[i]);
    for (unsigned i = 0; i < NUM_IRQCHIPS && !error; i++) {
        struct kvm_irqchip *irqchip = &group->vcpus[0].arch->irqchips[i];

        if (ioctl(kvm->vm_fd, KVM_SET_IRQCHIP, irqchip) != 0) {
            error = -errno;
            log_error("/dev/kvm: KVM_SET_IRQCHIP: %s", strerror(-error));
        }
    }
    return error;
}

bool arch_handle_exit(struct vcpu *vcpu)
{
    (void)vcpu;
    return false;
}

void arch_tell_paused(struct vcpu_group *group)
{
    /* KVM api.rst, 4.70. A guest that has no kvmclock is not told. */
    for (unsigned i = 0; i < group->count; i++)
        if (ioctl(group->vcpus[i].fd, KVM_KVMCLOCK_CTRL, NULL) != 0 &&
            errno != EINVAL)
            log_warning("vCPU %u: KVM_KVMCLOCK_CTRL: %s: the guest may report "
                        "a lock-up",
                        i, strerror(errno));
}

void arch_tell_resumed(struct vcpu_group *group)
{
    (void)group;
}
