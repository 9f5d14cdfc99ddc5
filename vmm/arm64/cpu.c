/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu.c: arm64 vCPUs: as the host's processor is, switched on and off by PSCI.
 *
 * KVM api.rst, KVM_ARM_VCPU_INIT, which also brings a vCPU back to the state
 * at power-on.
 */
#include "vmm/arm64/cpu.h"

#include "vmm/arch.h"
#include "vmm/arm64/gic.h"
#include "vmm/arm64/memory_map.h"
#include "vmm/log.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define CORE_REGISTER(name)                                                    \
    (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |                     \
     KVM_REG_ARM_CORE_REG(name))
#define MPIDR_EL1 ARM64_SYS_REG(3, 0, 0, 0, 5)

static int vcpu_call(const struct vcpu *vcpu, unsigned long request,
                     const char *request_name, const void *argument)
{
    int error;

    if (ioctl(vcpu->fd, request, argument) == 0)
        return 0;
    error = -errno;
    log_error("vCPU %u: %s: %s", vcpu->index, request_name, strerror(-error));
    return error;
}
#define VCPU_CALL(vcpu, request, argument)                                     \
    vcpu_call(vcpu, request, #request, argument)

static int get_register(const struct vcpu *vcpu, uint64_t id, uint64_t *value)
{
    uint64_t content = 0;
    struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&content};
    int error = VCPU_CALL(vcpu, KVM_GET_ONE_REG, &reg);

    *value = content;
    return error;
}

static int set_register(const struct vcpu *vcpu, uint64_t id, uint64_t value)
{
    struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

    return VCPU_CALL(vcpu, KVM_SET_ONE_REG, &reg);
}

static void want(struct kvm_vcpu_init *init, unsigned feature)
{
    init->features[feature / 32] |= 1U << feature % 32;
}

/* The processor that the host has, with all that KVM can give of it. */
static int choose_features(const struct kvm *kvm, struct kvm_vcpu_init *init)
{
    if (ioctl(kvm->vm_fd, KVM_ARM_PREFERRED_TARGET, init) != 0) {
        int error = -errno;

        log_error("/dev/kvm: KVM_ARM_PREFERRED_TARGET: %s", strerror(-error));
        return error;
    }
    want(init, KVM_ARM_VCPU_PSCI_0_2);
    if (kvm_check_extension(kvm, KVM_CAP_ARM_SVE) > 0)
        want(init, KVM_ARM_VCPU_SVE);
    if (kvm_check_extension(kvm, KVM_CAP_ARM_PTRAUTH_ADDRESS) > 0 &&
        kvm_check_extension(kvm, KVM_CAP_ARM_PTRAUTH_GENERIC) > 0) {
        want(init, KVM_ARM_VCPU_PTRAUTH_ADDRESS);
        want(init, KVM_ARM_VCPU_PTRAUTH_GENERIC);
    }
    if (kvm_check_extension(kvm, KVM_CAP_ARM_PMU_V3) > 0)
        want(init, KVM_ARM_VCPU_PMU_V3);
    return 0;
}

static bool has_feature(const struct kvm_vcpu_init *init, unsigned feature)
{
    return init->features[feature / 32] & 1U << feature % 32;
}

bool cpu_has_counters(const struct vcpu *vcpu)
{
    return has_feature(&vcpu->arch->init, KVM_ARM_VCPU_PMU_V3);
}

static int init_vcpu(struct vcpu *vcpu, const struct kvm_vcpu_init *init)
{
    struct arch_vcpu *state = calloc(1, sizeof(*state));
    int vector_length = KVM_ARM_VCPU_SVE, error;
    uint64_t mpidr;

    if (!state)
        return -ENOMEM;
    vcpu->arch = state;
    state->init = *init;
    /* The guest switches the others on (PSCI CPU_ON). */
    if (vcpu->index > 0)
        want(&state->init, KVM_ARM_VCPU_POWER_OFF);
    error = VCPU_CALL(vcpu, KVM_ARM_VCPU_INIT, &state->init);
    if (!error && has_feature(init, KVM_ARM_VCPU_SVE))
        error = VCPU_CALL(vcpu, KVM_ARM_VCPU_FINALIZE, &vector_length);
    if (!error)
        error = get_register(vcpu, MPIDR_EL1, &mpidr);
    if (!error)
        state->mpidr =
            (uint32_t)((mpidr & 0xffffff) | (mpidr >> 8 & 0xff000000));
    return error;
}

/* Once the interrupt controller is in service. KVM counts a PPI from 16 on. */
static int init_counters(const struct vcpu *vcpu)
{
    int interrupt = 16 + PMU_PPI, error;
    struct kvm_device_attr attribute = {.group = KVM_ARM_VCPU_PMU_V3_CTRL,
                                        .attr = KVM_ARM_VCPU_PMU_V3_IRQ,
                                        .addr = (uintptr_t)&interrupt};

    error = VCPU_CALL(vcpu, KVM_SET_DEVICE_ATTR, &attribute);
    attribute.attr = KVM_ARM_VCPU_PMU_V3_INIT;
    attribute.addr = 0;
    return error ? error : VCPU_CALL(vcpu, KVM_SET_DEVICE_ATTR, &attribute);
}

/* Has KVM ask us what to do, where it would let KVM_RUN fail; see
 * arch_handle_exit(). A kernel before 5.5 does not know it. */
static void ask_for_odd_accesses(const struct kvm *kvm)
{
    const struct kvm_enable_cap capability = {.cap = KVM_CAP_ARM_NISV_TO_USER};

    if (ioctl(kvm->vm_fd, KVM_ENABLE_CAP, &capability) != 0)
        log_debug("/dev/kvm: KVM_CAP_ARM_NISV_TO_USER: %s", strerror(errno));
}

int arch_init_vcpus(struct kvm *kvm, struct vcpu_group *group)
{
    struct kvm_vcpu_init init = {0};
    int error = choose_features(kvm, &init);

    ask_for_odd_accesses(kvm);
    for (unsigned i = 0; i < group->count && !error; i++)
        error = init_vcpu(&group->vcpus[i], &init);
    if (!error)
        error = gic_start(kvm, group);
    for (unsigned i = 0; i < group->count && !error; i++)
        if (cpu_has_counters(&group->vcpus[i]))
            error = init_counters(&group->vcpus[i]);
    return error;
}

void arch_destroy_vcpus(struct vcpu_group *group)
{
    for (unsigned i = 0; i < group->count; i++) {
        free(group->vcpus[i].arch);
        group->vcpus[i].arch = NULL;
    }
}

int arch_reset(struct kvm *kvm, struct vcpu_group *group)
{
    int error = 0;

    for (unsigned i = 0; i < group->count && !error; i++)
        error = VCPU_CALL(&group->vcpus[i], KVM_ARM_VCPU_INIT,
                          &group->vcpus[i].arch->init);
    if (!error)
        error = gic_reset(kvm, group);
    return error;
}

/* Linux Documentation/arch/arm64/booting.rst. KVM_ARM_VCPU_INIT left the rest
 * as it is to be: EL1, interrupts masked, MMU and caches off. */
int cpu_enter_kernel(struct vcpu *vcpu, uint64_t pc, uint64_t device_tree_gpa)
{
    int error = set_register(vcpu, CORE_REGISTER(regs.pc), pc);

    if (!error)
        error =
            set_register(vcpu, CORE_REGISTER(regs.regs[0]), device_tree_gpa);
    return error;
}

/* An access, by an instruction of which the processor does not say what it
 * does (a pair of registers, say), where there is no RAM. It cannot be carried
 * out for the guest, who gets the fault that it would get on a real machine
 * whose bus refuses (KVM api.rst, KVM_EXIT_ARM_NISV). */
bool arch_handle_exit(struct vcpu *vcpu)
{
    struct kvm_vcpu_events events = {.exception.ext_dabt_pending = 1};

    if (vcpu->run->exit_reason != KVM_EXIT_ARM_NISV)
        return false;
    log_guest(&vcpu->group->complaints,
              "vCPU %u: the guest reached for 0x%llx, where there is no "
              "memory, in a way that no device answers",
              vcpu->index, (unsigned long long)vcpu->run->arm_nisv.fault_ipa);
    return VCPU_CALL(vcpu, KVM_SET_VCPU_EVENTS, &events) == 0;
}

/* The virtual counter, by which a guest has the time: KVM keeps one offset for
 * all vCPUs, whichever it is set through. That call has failed when there is
 * no time to go back to, which is never 0. */
void arch_tell_paused(struct vcpu_group *group)
{
    struct vcpu *vcpu = &group->vcpus[0];

    if (get_register(vcpu, KVM_REG_ARM_TIMER_CNT, &vcpu->arch->time) != 0)
        vcpu->arch->time = 0;
}

void arch_tell_resumed(struct vcpu_group *group)
{
    struct vcpu *vcpu = &group->vcpus[0];

    if (vcpu->arch->time == 0 ||
        set_register(vcpu, KVM_REG_ARM_TIMER_CNT, vcpu->arch->time) != 0)
        log_warning("the guest's clocks went on, and it may report a lock-up");
}
