/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu.h: what is known of a vCPU beyond vcpu.h.
 */
#ifndef VMM_ARM64_CPU_H
#define VMM_ARM64_CPU_H

#include "vmm/compiler.h"
#include "vmm/vcpu.h"

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

struct arch_vcpu {
    struct kvm_vcpu_init init;
    /* Affinity levels 0 to 3 in a byte each, as GIC and PSCI name it. */
    uint32_t mpidr;
    uint64_t time; /* of the virtual counter when it was stopped */
};

/* Whether it counts events for the guest (PMUv3). */
bool cpu_has_counters(const struct vcpu *vcpu);

/* The first vCPU at `pc`, as a kernel's entry wants it: x0 is the address of
 * the device tree, x1 to x3 are zero. */
int cpu_enter_kernel(struct vcpu *vcpu, uint64_t pc,
                     uint64_t device_tree_gpa) MUST_CHECK;

#endif
