/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_doorbells.h: how a guest's notifications of queues reach the device.
 *
 * Each queue has a page of guest-physical addresses to be notified at. While
 * these are decoded, an eventfd is signalled by a write at the page's begin.
 * While the device also runs, a page of the device itself, where it has one,
 * lies on top: the guest then writes to the device. What there is neither of
 * comes to a vCPU's thread.
 *
 * Calls are safe from every thread, under any lock of a device: `lock` is
 * held across the machine's calls alone.
 */
#ifndef DEVICES_VIRTIO_DOORBELLS_H
#define DEVICES_VIRTIO_DOORBELLS_H

#include "vmm/compiler.h"
#include "vmm/machine_port.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_DOORBELL_SIZE 4096ULL /* bytes, for each queue */

/* Why a queue has no page. */
#define VIRTIO_DOORBELL_NO_SLOT "no memory slot is left"

/* What a notification of a queue costs. */
enum virtio_kick_path {
    VIRTIO_KICK_BY_VMM,     /* a return to a vCPU's thread */
    VIRTIO_KICK_BY_EVENTFD, /* an exit to the kernel */
    VIRTIO_KICK_BY_PAGE,    /* nothing */
};

struct virtio_doorbell {
    int kick_fd; /* borrowed */
    bool has_eventfd;
    void *page; /* of the device's, borrowed; NULL: none */
    bool has_page;
    bool had_page;       /* at any time since the device started */
    const char *why_not; /* no page, in words */
};

struct virtio_doorbells {
    struct machine_port port;
    pthread_mutex_t lock; /* everything below */
    uint64_t gpa;         /* of queue 0's; the others follow */
    bool is_mapped, is_running;
    struct virtio_doorbell *queues; /* owned */
    unsigned count;
};

/* Without pages. -ENOMEM. */
int virtio_doorbells_init(struct virtio_doorbells *doorbells, unsigned count,
                          struct machine_port port) MUST_CHECK;
/* After virtio_doorbells_unmap(); safe on zeroes. */
void virtio_doorbells_destroy(struct virtio_doorbells *doorbells);

/* Before the device is mapped for the first time. */
void virtio_doorbells_set_eventfd(struct virtio_doorbells *doorbells,
                                  unsigned index, int kick_fd);
/* Before the device runs. NULL for none: `why_not`, a constant, says why. */
void virtio_doorbells_set_page(struct virtio_doorbells *doorbells,
                               unsigned index, void *page, const char *why_not);

/* The queues' addresses are decoded, from `gpa` on; no more. */
void virtio_doorbells_map(struct virtio_doorbells *doorbells, uint64_t gpa);
void virtio_doorbells_unmap(struct virtio_doorbells *doorbells);

/* The device is about to run; is about to be reset. */
void virtio_doorbells_start(struct virtio_doorbells *doorbells);
void virtio_doorbells_stop(struct virtio_doorbells *doorbells);

/* The way that notifications take now. */
struct virtio_kicks {
    enum virtio_kick_path path;
    bool may_be_unseen;  /* there was a page since the device started */
    const char *why_not; /* no page, in words; NULL when it runs with one */
};

struct virtio_kicks virtio_doorbells_kicks(struct virtio_doorbells *doorbells,
                                           unsigned index);

#endif
