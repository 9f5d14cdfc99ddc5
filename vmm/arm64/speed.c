/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * speed.c: the loop by which vmm/speed.c measures: at EL1, in a machine
 * without an interrupt controller.
 */
#include "vmm/arch.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <sys/ioctl.h>

#define CODE_GPA 0x10000
#define EXIT_GPA 0x0 /* no memory there */

static const uint32_t code[] = {
    0xf1000400, /* subs x0, x0, #1 */
    0x54ffffe1, /* b.ne, to it */
    0xf900003f, /* str xzr, [x1], which leaves the guest */
    0x17fffffd, /* b, to the first */
};

static const struct speed_loop loop = {
    .code = code,
    .size = sizeof(code),
    .gpa = CODE_GPA,
    .instructions = 2,
    .exit_reason = KVM_EXIT_MMIO,
};

#define CORE_REGISTER(name)                                                    \
    (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |                     \
     KVM_REG_ARM_CORE_REG(name))

const struct speed_loop *arch_speed_loop(void)
{
    return &loop;
}

static int set_register(int vcpu_fd, uint64_t id, uint64_t value)
{
    struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

    return ioctl(vcpu_fd, KVM_SET_ONE_REG, &reg) != 0 ? -errno : 0;
}

int arch_speed_init_vcpu(const struct kvm *kvm, int vcpu_fd)
{
    struct kvm_vcpu_init init = {0};
    int error;

    if (ioctl(kvm->vm_fd, KVM_ARM_PREFERRED_TARGET, &init) != 0 ||
        ioctl(vcpu_fd, KVM_ARM_VCPU_INIT, &init) != 0)
        return -errno;
    error = set_register(vcpu_fd, CORE_REGISTER(regs.pc), CODE_GPA);
    if (!error)
        error = set_register(vcpu_fd, CORE_REGISTER(regs.regs[1]), EXIT_GPA);
    return error;
}

/* KVM ends the store when the vCPU runs again, after which the code goes back
 * to its start by itself. */
int arch_speed_set_turns(int vcpu_fd, uint32_t turns)
{
    return set_register(vcpu_fd, CORE_REGISTER(regs.regs[0]), turns);
}
