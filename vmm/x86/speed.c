/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * speed.c: the loop by which vmm/speed.c measures: in protected mode.
 */
#include "vmm/arch.h"

#include <errno.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#define CODE_GPA 0

/* dec ecx; jnz to it; hlt */
static const uint8_t code[] = {0x49, 0x75, 0xfd, 0xf4};

static const struct speed_loop loop = {
    .code = code,
    .size = sizeof(code),
    .gpa = CODE_GPA,
    .instructions = 2,
    .exit_reason = KVM_EXIT_HLT,
};

const struct speed_loop *arch_speed_loop(void)
{
    return &loop;
}

/* Flat 32-bit segments, no paging. */
int arch_speed_init_vcpu(const struct kvm *kvm, int vcpu_fd)
{
    struct kvm_segment flat = {.limit = 0xffffffff,
                               .selector = 8,
                               .type = 11, /* code, readable, accessed */
                               .present = 1,
                               .db = 1,
                               .s = 1,
                               .g = 1};
    struct kvm_sregs sregs;

    (void)kvm;
    if (ioctl(vcpu_fd, KVM_GET_SREGS, &sregs) != 0)
        return -errno;
    sregs.cr0 |= 1; /* PE */
    sregs.cs = flat;
    flat.type = 3; /* data, writable, accessed */
    flat.selector = 16;
    sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = flat;
    return ioctl(vcpu_fd, KVM_SET_SREGS, &sregs) != 0 ? -errno : 0;
}

int arch_speed_set_turns(int vcpu_fd, uint32_t turns)
{
    const struct kvm_regs regs = {.rip = CODE_GPA, .rcx = turns, .rflags = 2};

    return ioctl(vcpu_fd, KVM_SET_REGS, &regs) != 0 ? -errno : 0;
}
