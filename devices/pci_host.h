/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci_host.h: the PCI host bridge: bus 0, found by ECAM and by ports
 * 0xCF8/0xCFC, and the windows that BARs are given addresses from.
 *
 * Function 0 of each of 32 slots; slot 0 is the bridge itself. Interrupt
 * INTA# of slot n goes to global system interrupt first_gsi + n % num_gsis,
 * as the machine description tells the guest.
 */
#ifndef DEVICES_PCI_HOST_H
#define DEVICES_PCI_HOST_H

#include "devices/pci.h"

#define PCI_HOST_SLOTS 32

/* Where the machine has room for PCI; guest-physical, bytes. */
struct pci_host_layout {
    uint64_t ecam_base;                    /* 1 MiB for bus 0 */
    uint64_t window32_base, window32_size; /* below 4 GiB */
    uint64_t window64_base, window64_size;
    unsigned first_gsi, num_gsis;
};

struct pci_host {
    struct pci_host_layout layout;
    struct bus *mmio, *ports; /* ports may be NULL: ECAM only */
    struct pci_function bridge;
    struct bus_region ecam, config_address, config_data;
    pthread_mutex_t lock; /* what follows, and where BARs were assigned */
    struct pci_function *slots[PCI_HOST_SLOTS]; /* borrowed */
    uint32_t hidden;  /* slots that are taken but do not answer */
    uint32_t address; /* last write to 0xCF8 */
};

int pci_host_init(struct pci_host *host, const struct pci_host_layout *layout,
                  struct bus *mmio, struct bus *ports) MUST_CHECK;
void pci_host_destroy(struct pci_host *host);
void pci_host_reset(struct pci_host *host);

/* Gives the function the lowest free slot, its GSI and addresses for its
 * BARs, memory decoding still off: from then on a guest finds it. -ENOSPC when
 * slots or windows are full. */
int pci_host_add(struct pci_host *host,
                 struct pci_function *function) MUST_CHECK;

/* From now on nobody answers in the function's slot. What began goes on, and
 * slot and addresses stay taken until pci_host_remove(). Also from within an
 * access. */
void pci_host_hide(struct pci_host *host, struct pci_function *function);

/* Returns when the function is out of a guest's reach: hidden, its BARs off
 * the bus, no access inside it. Not from within an access. */
void pci_host_remove(struct pci_host *host, struct pci_function *function);

#endif
