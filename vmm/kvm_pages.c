/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm_pages.c: pages of devices that the guest reaches as it does memory.
 *
 * KVM api.rst, KVM_SET_USER_MEMORY_REGION. Taking a slot away returns when no
 * vCPU can write to its page any more.
 */
#include "vmm/kvm_pages.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void kvm_pages_init(struct kvm_pages *pages, int vm_fd, unsigned first_slot,
                    unsigned num_slots)
{
    *pages = (struct kvm_pages){.vm_fd = vm_fd, .first_slot = first_slot};
    pthread_mutex_init(&pages->lock, NULL);
    if (num_slots > first_slot)
        pages->num_slots = num_slots - first_slot;
    if (pages->num_slots > KVM_MAX_PAGES)
        pages->num_slots = KVM_MAX_PAGES;
}

/* The functions from here on are called with the lock held. */

/* The index of the page, or of a free slot for NULL; num_slots for none. */
static unsigned find(const struct kvm_pages *pages, uint64_t gpa,
                     const void *host)
{
    unsigned i = 0;

    while (i < pages->num_slots && (pages->pages[i].host != host ||
                                    (host && pages->pages[i].gpa != gpa)))
        i++;
    return i;
}

static int set_slot(struct kvm_pages *pages, unsigned index, uint64_t gpa,
                    void *host, uint64_t size)
{
    struct kvm_userspace_memory_region slot = {
        .slot = pages->first_slot + index,
        .guest_phys_addr = gpa,
        .memory_size = size,
        .userspace_addr = (uintptr_t)host,
    };

    if (ioctl(pages->vm_fd, KVM_SET_USER_MEMORY_REGION, &slot) != 0)
        return -errno;
    pages->pages[index] =
        (struct kvm_page){.host = size ? host : NULL, .gpa = gpa};
    return 0;
}

static bool free_slot(struct kvm_pages *pages, unsigned index)
{
    const struct kvm_page *page = &pages->pages[index];
    int error = set_slot(pages, index, page->gpa, page->host, 0);

    if (error)
        log_error("page at 0x%llx: taking it away: "
                  "KVM_SET_USER_MEMORY_REGION: %s",
                  (unsigned long long)page->gpa, strerror(-error));
    return error == 0;
}

static int attach(struct kvm_pages *pages, uint64_t gpa, void *page)
{
    unsigned index = find(pages, gpa, NULL);
    int error = -ENOSPC;

    if (index < pages->num_slots)
        error =
            set_slot(pages, index, gpa, page, (uint64_t)sysconf(_SC_PAGESIZE));
    /* It is the guest who says where devices are: over its RAM, maybe. */
    if (error)
        log_guest(&pages->complaints,
                  "page at 0x%llx: KVM_SET_USER_MEMORY_REGION: %s",
                  (unsigned long long)gpa,
                  error == -ENOSPC ? "all memory slots are in use"
                                   : strerror(-error));
    return error;
}

static bool drop(struct kvm_pages *pages, unsigned drops)
{
    bool dropped = false;

    if (atomic_load(&pages->drops) != drops)
        return true; /* by another vCPU, since this one entered */
    for (unsigned i = 0; i < pages->num_slots; i++)
        if (pages->pages[i].host && free_slot(pages, i))
            dropped = true;
    if (!dropped)
        return false;
    atomic_fetch_add(&pages->drops, 1);
    log_guest(&pages->complaints,
              "the guest read a doorbell, which it may only write to: all "
              "doorbell pages are taken away until their device starts again");
    return true;
}

/* The functions from here on take the lock. */

int kvm_pages_attach(struct kvm_pages *pages, uint64_t gpa, void *page)
{
    int error;

    pthread_mutex_lock(&pages->lock);
    error = attach(pages, gpa, page);
    pthread_mutex_unlock(&pages->lock);
    return error;
}

unsigned kvm_pages_count_free(struct kvm_pages *pages)
{
    unsigned count = 0;

    pthread_mutex_lock(&pages->lock);
    for (unsigned i = 0; i < pages->num_slots; i++)
        count += pages->pages[i].host == NULL;
    pthread_mutex_unlock(&pages->lock);
    return count;
}

bool kvm_pages_has(struct kvm_pages *pages, uint64_t gpa, const void *page)
{
    bool found;

    pthread_mutex_lock(&pages->lock);
    found = find(pages, gpa, page) < pages->num_slots;
    pthread_mutex_unlock(&pages->lock);
    return found;
}

void kvm_pages_detach(struct kvm_pages *pages, uint64_t gpa, const void *page)
{
    unsigned index;

    pthread_mutex_lock(&pages->lock);
    index = find(pages, gpa, page);
    if (index < pages->num_slots)
        (void)free_slot(pages, index);
    pthread_mutex_unlock(&pages->lock);
}

bool kvm_pages_drop(struct kvm_pages *pages, unsigned drops)
{
    bool dropped;

    pthread_mutex_lock(&pages->lock);
    dropped = drop(pages, drops);
    pthread_mutex_unlock(&pages->lock);
    return dropped;
}
