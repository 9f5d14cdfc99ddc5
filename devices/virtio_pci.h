/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_pci.h: the virtio 1.x PCI transport, for a device of any type.
 *
 * BAR 0 (64-bit) holds the structures of virtio 1.2, 4.1.4: common and device
 * configuration, ISR and notifications. BAR 2 is MSI-X. Each queue has a page
 * of its own to be notified at, so that each can have a doorbell of its own.
 */
#ifndef DEVICES_VIRTIO_PCI_H
#define DEVICES_VIRTIO_PCI_H

#include "devices/pci_host.h"
#include "devices/virtio_device.h"
#include "devices/virtio_doorbells.h"
#include "devices/virtio_interrupts.h"

#include <stdatomic.h>

/* What a guest can reach through the BARs, for counting accesses. */
enum virtio_structure {
    VIRTIO_STRUCTURE_COMMON,
    VIRTIO_STRUCTURE_ISR,
    VIRTIO_STRUCTURE_CONFIG,
    VIRTIO_STRUCTURE_NOTIFY,
    VIRTIO_STRUCTURE_MSIX,
    VIRTIO_NUM_STRUCTURES,
};

struct virtio_pci {
    struct pci_function function;
    struct virtio_device device;
    struct virtio_interrupts interrupts;
    struct machine_port port;
    struct log_limit complaints;

    /* Selectors of the common configuration; any vCPU may write them, and
     * what it reads then is its own business. */
    atomic_uint device_feature_select, driver_feature_select, queue_select;
    atomic_ulong accesses[VIRTIO_NUM_STRUCTURES]; /* MSI-X apart */
    unsigned access_capability; /* offset of the PCI access capability */
    struct virtio_doorbells doorbells;
    bool uses_pages; /* of the device's, for doorbells */

    /* As in struct virtio_device, whose this transport itself uses; while the
     * device stops, doorbells still are as they were. */
    void (*running_changed)(void *owner, bool running);
    void *owner;
};

/* Makes the PCI device for `backend`, which it takes over also when it fails,
 * with BARs on `mmio`. `options` as for virtio_device_init(). pci_host_add()
 * of its function then plugs it in. */
int virtio_pci_init(struct virtio_pci *pci, struct vdpa_backend *backend,
                    const struct virtio_device_options *options,
                    const struct guest_memory *memory, struct bus *mmio,
                    struct machine_port port,
                    struct event_loop *loop) MUST_CHECK;
/* Once unplugged. Not on a thread that the event loop waits for. */
void virtio_pci_destroy(struct virtio_pci *pci);

/* Power-on state. While no vCPU runs. */
void virtio_pci_reset(struct virtio_pci *pci);

/* How often vCPU threads came here for `structure` since power-on: each time
 * the guest was stopped for it. */
unsigned long virtio_pci_accesses(const struct virtio_pci *pci,
                                  enum virtio_structure structure);

/*
 * Gives the guest the device's own doorbells, as far as they can be had, while
 * the device runs. Before it is plugged in: virtio_pci_kicks() then says why a
 * queue would get none, as far as it is known.
 */
void virtio_pci_use_pages(struct virtio_pci *pci);

/* How the guest's notifications of queue `index` reach the device. */
struct virtio_kicks virtio_pci_kicks(struct virtio_pci *pci, unsigned index);

#endif
