/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci_hotplug.h: the registers by which a guest learns that PCI functions of
 * bus 0 came or are to go, and by which it lets go of them.
 *
 * The machine description's own methods are the only users (dsdt.asl): those
 * of a Generic Event Device (ACPI 6.5, 5.6.9), which the interrupt runs, and
 * _EJ0 of each slot. A dword each; bit n stands for slot n:
 *
 *   0  read   slots to look at; reading clears
 *   4  read   slots that are to be ejected; reading clears
 *   8  write  ejects the slots
 *
 * The interrupt is a level, high while either of the first two is not zero: a
 * guest that was not listening yet gets it when it does.
 */
#ifndef DEVICES_PCI_HOTPLUG_H
#define DEVICES_PCI_HOTPLUG_H

#include "vmm/bus.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Offsets from `base`. */
#define PCI_HOTPLUG_CHECK   0
#define PCI_HOTPLUG_REQUEST 4
#define PCI_HOTPLUG_EJECT   8
#define PCI_HOTPLUG_SIZE    12

struct pci_hotplug_ops {
    void (*set_irq)(void *owner, bool high);
    /* The guest lets go of what is in `slot`, if anything: once this returns
     * it must find nothing there. On the vCPU's thread, in turns with none of
     * the others. */
    void (*ejected)(void *owner, unsigned slot);
};

struct pci_hotplug {
    struct bus_region region; /* for the caller to add to a bus */
    const struct pci_hotplug_ops *ops;
    void *owner;
    pthread_mutex_t lock; /* what follows, and the interrupt */
    uint32_t check, request;
};

/* `base`: its first port or address. `ops` and `owner` are borrowed. */
void pci_hotplug_init(struct pci_hotplug *hotplug, uint64_t base,
                      const struct pci_hotplug_ops *ops, void *owner);
void pci_hotplug_destroy(struct pci_hotplug *hotplug);

/* Forgets what the guest was told: it looks everywhere when it starts. */
void pci_hotplug_reset(struct pci_hotplug *hotplug);

/* Has the guest look at `slot`; asks it to eject what is there. From any
 * thread. */
void pci_hotplug_check(struct pci_hotplug *hotplug, unsigned slot);
void pci_hotplug_request(struct pci_hotplug *hotplug, unsigned slot);

#endif
