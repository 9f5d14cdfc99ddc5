/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm_stats.h: KVM's own counts of what a vCPU did.
 *
 * KVM api.rst, KVM_GET_STATS_FD. Reading does not disturb the vCPU.
 */
#ifndef VMM_KVM_STATS_H
#define VMM_KVM_STATS_H

#include "vmm/compiler.h"

#include <stdint.h>

/* The counters that tell where a vCPU left the guest. No architecture has all
 * of them. */
enum kvm_stat {
    KVM_STAT_EXITS,            /* every VM exit, handled wherever */
    KVM_STAT_MMIO_EXITS,       /* of these, MMIO that went to the VMM */
    KVM_STAT_IO_EXITS,         /* port I/O, the VMM's or not */
    KVM_STAT_SIGNAL_EXITS,     /* to the VMM because of a signal */
    KVM_STAT_HALT_EXITS,       /* the guest's HLT */
    KVM_STAT_IRQ_EXITS,        /* an interrupt of the host */
    KVM_STAT_IRQ_WINDOW_EXITS, /* the guest can take an interrupt again */
    KVM_STAT_INSN_EMULATION,   /* instructions that KVM did for the guest */
    KVM_STAT_IRQ_INJECTIONS,   /* interrupts into the guest */
    KVM_STAT_MMIO_EXIT_USER,   /* MMIO that went to the VMM (arm64) */
    KVM_STAT_MMIO_EXIT_KERNEL, /* MMIO that did not: doorbells, the GIC */
    KVM_STAT_HVC_EXITS,        /* calls of PSCI and its like */
    KVM_STAT_WFI_EXITS,        /* the guest's WFI */
    KVM_STAT_WFE_EXITS,        /* the guest's WFE */
    KVM_NUM_STATS,
};

/* As KVM names it. */
const char *kvm_stat_name(enum kvm_stat stat);

/* Adds the vCPU's counters to `values`, and to `known` the bit of each that
 * this kernel and architecture have: the others add nothing. -errno when the
 * file cannot be read; `stats_fd` -1 is such a case. */
int kvm_stats_add(int stats_fd, uint64_t values[KVM_NUM_STATS],
                  unsigned *known) MUST_CHECK;

#endif
