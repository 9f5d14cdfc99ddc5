/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_interrupts.h: from an eventfd that a device signals to an interrupt
 * in the guest.
 *
 * One source for the configuration and one for each queue, an eventfd each,
 * the same for the life of the device. With MSI-X an unmasked source is
 * connected inside the kernel (KVM_IRQFD) and no thread of ours sees it; a
 * masked one is disconnected, and its events pile up in the eventfd, which is
 * then the pending bit. Without MSI-X the I/O thread reads the eventfds, sets
 * the ISR bits and raises INTA#. virtio 1.2, 4.1.4.5 and 4.1.5.
 *
 * The lock is never held across a backend's calls.
 */
#ifndef DEVICES_VIRTIO_INTERRUPTS_H
#define DEVICES_VIRTIO_INTERRUPTS_H

#include "devices/msix.h"
#include "devices/pci.h"
#include "vmm/event_loop.h"
#include "vmm/machine_port.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* The source of configuration changes; queue n is VIRTIO_INTERRUPT_QUEUE(n). */
#define VIRTIO_INTERRUPT_CONFIG   0
#define VIRTIO_INTERRUPT_QUEUE(n) (1U + (n))

struct virtio_interrupt {
    int eventfd;
    uint16_t vector;   /* VIRTIO_MSI_NO_VECTOR: none */
    bool is_connected; /* to the guest, inside the kernel */
    bool is_polled;    /* by the I/O thread */
    uint64_t by_vmm;   /* events that the I/O thread carried */
    struct event_source source;
    struct virtio_interrupts *interrupts;
};

struct virtio_interrupts {
    pthread_mutex_t lock; /* everything below, and MSI-X */
    struct machine_port port;
    struct event_loop *loop;
    struct pci_function *function;
    struct msix msix;
    struct virtio_interrupt *sources;
    unsigned count;
    uint8_t isr;
    bool intx_disabled; /* PCI_COMMAND_INTX_DISABLE */
    bool line_is_high;
};

/* For `num_queues` queues of `function`, whose MSI-X becomes BAR
 * `msix_bar_index`. */
int virtio_interrupts_init(struct virtio_interrupts *interrupts,
                           struct pci_function *function,
                           unsigned msix_bar_index, unsigned num_queues,
                           struct machine_port port,
                           struct event_loop *loop) MUST_CHECK;
void virtio_interrupts_destroy(struct virtio_interrupts *interrupts);

/* Whoever has events for source `index` signals this eventfd. */
int virtio_interrupts_eventfd(const struct virtio_interrupts *interrupts,
                              unsigned index);

/* Virtio device reset: no vector, no pending event, ISR clear. MSI-X, which
 * belongs to PCI, stays. */
void virtio_interrupts_reset_device(struct virtio_interrupts *interrupts);
/* Power-on: MSI-X too. */
void virtio_interrupts_reset(struct virtio_interrupts *interrupts);

/* Binds a source to a vector. A vector that does not exist or cannot be
 * connected reads back as VIRTIO_MSI_NO_VECTOR. */
void virtio_interrupts_set_vector(struct virtio_interrupts *interrupts,
                                  unsigned index, uint16_t vector);
uint16_t virtio_interrupts_get_vector(struct virtio_interrupts *interrupts,
                                      unsigned index);

/* Returns the ISR bits, clears them and lowers the line. */
uint8_t virtio_interrupts_read_isr(struct virtio_interrupts *interrupts);

/* To be called from the function's config_written and config_reading. */
void virtio_interrupts_config_written(struct virtio_interrupts *interrupts,
                                      unsigned offset, unsigned size);
void virtio_interrupts_config_reading(struct virtio_interrupts *interrupts);

/* Events of source `index` that the I/O thread carried since power-on. */
uint64_t virtio_interrupts_by_vmm(struct virtio_interrupts *interrupts,
                                  unsigned index);
bool virtio_interrupts_is_connected(struct virtio_interrupts *interrupts,
                                    unsigned index);
/* Whether they would: it is the only way without MSI-X. */
bool virtio_interrupts_is_polled(struct virtio_interrupts *interrupts,
                                 unsigned index);

#endif
