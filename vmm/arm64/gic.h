/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gic.h: the interrupt controller, which is KVM's: a GICv3 with an ITS for
 * MSIs or, where the host's KVM has only that, a GICv2 without MSIs.
 */
#ifndef VMM_ARM64_GIC_H
#define VMM_ARM64_GIC_H

#include "vmm/compiler.h"
#include "vmm/kvm.h"
#include "vmm/vcpu.h"

#include <stdbool.h>
#include <stdint.h>

/* Registers that are remembered, 32 or 64 bits each. */
#define GIC_MAX_REGISTERS 160

/* What kvm.h keeps for this architecture. */
struct arch_machine {
    bool is_gicv3;
    int gic_fd, its_fd; /* of KVM's devices; its_fd is -1 without an ITS */
    /* At power-on; those that each vCPU has as the first one has them. */
    uint64_t power_on[GIC_MAX_REGISTERS];
};

/* Once every vCPU is initialized: the controller goes into service, its pins
 * get their routes, and its power-on state is read. */
int gic_start(struct kvm *kvm, struct vcpu_group *group) MUST_CHECK;

/* Back to the power-on state, while the group is paused. */
int gic_reset(struct kvm *kvm, struct vcpu_group *group) MUST_CHECK;

#endif
