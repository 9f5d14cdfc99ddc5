/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arch.h: what each architecture's folder provides to the rest of vmm/.
 *
 * Called by machine.c in the order in which they stand here.
 */
#ifndef VMM_ARCH_H
#define VMM_ARCH_H

#include "vmm/boot_files.h"
#include "vmm/compiler.h"
#include "vmm/guest_memory.h"
#include "vmm/kvm.h"
#include "vmm/machine_layout.h"
#include "vmm/vcpu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* KVM_CREATE_VM's argument, for the KVM behind `system_fd`. */
unsigned long arch_machine_type(int system_fd);

/* Where the devices are; constant. */
const struct machine_layout *arch_machine_layout(void);

/* Where `size` bytes (page-aligned) of guest RAM lie. Returns the number of
 * ranges, at most GUEST_MEMORY_MAX_REGIONS; 0 when the machine's address
 * space has no room for so much. */
unsigned arch_memory_ranges(uint64_t size, struct guest_memory_range *ranges);

/* The most RAM that arch_memory_ranges() has room for, in bytes. */
uint64_t arch_memory_limit(void);

/* The in-kernel interrupt controller, before any vCPU. Its pins have their
 * routes then or after arch_init_vcpus(), as the architecture needs it. */
int arch_init_interrupts(struct kvm *kvm) MUST_CHECK;
/* Frees what KVM does not; safe when nothing was made. */
void arch_destroy_interrupts(struct kvm *kvm);

/* Prepares every vCPU and remembers the power-on state of all. */
int arch_init_vcpus(struct kvm *kvm, struct vcpu_group *group) MUST_CHECK;
void arch_destroy_vcpus(struct vcpu_group *group);

/* Back to the power-on state: every vCPU and the interrupt controller. Call
 * while the group is paused. */
int arch_reset(struct kvm *kvm, struct vcpu_group *group) MUST_CHECK;

/* Serves an exit of KVM_RUN that only this architecture has; false when it is
 * not one. On the vCPU's thread. */
bool arch_handle_exit(struct vcpu *vcpu) MUST_CHECK;

/* While the group is paused, at once and before it goes on: has the guest not
 * take the gap for a lock-up. Either it is told, and its clocks go on, or they
 * stand still. */
void arch_tell_paused(struct vcpu_group *group);
void arch_tell_resumed(struct vcpu_group *group);

/*
 * Puts kernel, initrd, command line and the machine description into guest
 * RAM and the first vCPU at the kernel's entry. After arch_init_vcpus() and
 * after every arch_reset(). -errno, logged with the file's name.
 */
int arch_load_guest(const struct guest_memory *memory, struct vcpu_group *group,
                    const struct boot_files *files) MUST_CHECK;

/* The device tree that this guest gets, but for random numbers: `*size` bytes
 * for the caller to free. After arch_load_guest(), on a machine whose layout
 * has one; else -ENOTSUP, and none. */
int arch_make_device_tree(const struct guest_memory *memory,
                          const struct vcpu_group *group,
                          const struct boot_files *files, void **blob,
                          size_t *size) MUST_CHECK;

/* A counted loop in a guest's kernel mode, for vmm/speed.c to time. */
struct speed_loop {
    const void *code;
    size_t size;           /* bytes, less than a page */
    uint64_t gpa;          /* of a page for the code */
    unsigned instructions; /* of each turn */
    uint32_t exit_reason;  /* KVM_EXIT_*, after the last turn */
};
const struct speed_loop *arch_speed_loop(void);

/* Once, and before each time that the vCPU runs the loop. -errno, not
 * logged. */
int arch_speed_init_vcpu(const struct kvm *kvm, int vcpu_fd) MUST_CHECK;
int arch_speed_set_turns(int vcpu_fd, uint32_t turns) MUST_CHECK;

#endif
