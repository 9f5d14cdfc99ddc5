/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm.h: the virtual machine: memory slots, doorbells, interrupt routes.
 *
 * Implements machine_port.h. Owns /dev/kvm and the VM; vCPUs are in vcpu.h.
 */
#ifndef VMM_KVM_H
#define VMM_KVM_H

#include "vmm/compiler.h"
#include "vmm/guest_memory.h"
#include "vmm/kvm_pages.h"
#include "vmm/machine_port.h"

#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* How many eventfds may raise MSIs at a time, over all devices. */
#define KVM_MAX_MSI_ROUTES 512

/* One eventfd's way into the guest. The message outlives a disconnection, so
 * that masking and unmasking a vector leaves the routing table alone. */
struct kvm_msi_route {
    int eventfd; /* -1: free */
    bool is_connected;
    struct msi_message message;
};

struct arch_machine;

struct kvm {
    int system_fd; /* /dev/kvm */
    int vm_fd;
    struct arch_machine *arch;    /* owned by the architecture's code */
    bool doorbells_of_any_length; /* KVM_CAP_IOEVENTFD_ANY_LENGTH */
    bool routes_name_the_device;  /* KVM_CAP_MSI_DEVID */
    unsigned num_slots;           /* of RAM */
    struct kvm_pages pages;

    pthread_mutex_t route_lock; /* msi_routes, num_msi_routes, the table */
    unsigned irqchip, num_pins; /* GSI n below num_pins is pin n of irqchip */
    uint32_t first_line;        /* what KVM_IRQ_LINE calls pin 0 */
    struct kvm_msi_route msi_routes[KVM_MAX_MSI_ROUTES];
    unsigned num_msi_routes; /* highest one ever used, plus 1 */
};

/* Opens /dev/kvm and makes a VM of the type that `machine_type` chooses for it
 * (arch_machine_type()). -errno, logged with what to do, when the host has no
 * usable KVM. */
int kvm_open(struct kvm *kvm,
             unsigned long (*machine_type)(int system_fd)) MUST_CHECK;
void kvm_close(struct kvm *kvm);

/* Whether the VM has extension KVM_CAP_`capability`; its value, 0 for no. */
int kvm_check_extension(const struct kvm *kvm, unsigned capability);

/* Shows all of `memory` to the guest, one slot a region; other slots are for
 * pages of devices from then on. */
int kvm_add_memory(struct kvm *kvm,
                   const struct guest_memory *memory) MUST_CHECK;

/* Tells which pins the in-kernel interrupt controller has and what number
 * KVM_IRQ_LINE takes for the first, and routes them. Call once, after the
 * architecture made the controller. */
int kvm_route_pins(struct kvm *kvm, unsigned irqchip, unsigned num_pins,
                   uint32_t first_line) MUST_CHECK;

/* What devices see; borrows `kvm`. */
struct machine_port kvm_machine_port(struct kvm *kvm);

/* How many eventfds are connected as MSIs now: a leak check. */
unsigned kvm_count_connected(struct kvm *kvm);

#endif
