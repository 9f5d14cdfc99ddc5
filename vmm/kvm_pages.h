/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm_pages.h: pages of devices that the guest reaches as it does memory.
 *
 * Each takes a memory slot of KVM's. The guest may only write to such a page:
 * reading it can make KVM_RUN fail with EFAULT, which does not say where. All
 * pages are dropped then, so that the guest's access meets what lies beneath.
 * Every call is safe from any thread.
 */
#ifndef VMM_KVM_PAGES_H
#define VMM_KVM_PAGES_H

#include "vmm/compiler.h"
#include "vmm/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Over all devices. KVM may have fewer slots. */
#define KVM_MAX_PAGES 512

struct kvm_page {
    void *host; /* borrowed; NULL: the slot is free */
    uint64_t gpa;
};

struct kvm_pages {
    int vm_fd;           /* borrowed */
    unsigned first_slot; /* those below are RAM's */
    unsigned num_slots;

    pthread_mutex_t lock; /* what follows, and the slots in KVM */
    struct kvm_page pages[KVM_MAX_PAGES];
    atomic_uint drops; /* how often all were dropped; read without it */
    struct log_limit complaints;
};

/* For the VM `vm_fd`, which has `num_slots` slots, the first `first_slot` of
 * them in use. Before any device is made. */
void kvm_pages_init(struct kvm_pages *pages, int vm_fd, unsigned first_slot,
                    unsigned num_slots);

/* As in struct machine_ops. */
int kvm_pages_attach(struct kvm_pages *pages, uint64_t gpa,
                     void *page) MUST_CHECK;
unsigned kvm_pages_count_free(struct kvm_pages *pages);
bool kvm_pages_has(struct kvm_pages *pages, uint64_t gpa, const void *page);
void kvm_pages_detach(struct kvm_pages *pages, uint64_t gpa, const void *page);

/* After a KVM_RUN with EFAULT that began when `pages->drops` was `drops`:
 * drops all pages. True when the guest may go on, since pages went, now or in
 * between; false when none was there to be the cause. */
bool kvm_pages_drop(struct kvm_pages *pages, unsigned drops);

#endif
