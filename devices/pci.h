/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci.h: one PCI function's configuration space: bytes and a write mask.
 *
 * PCI Local Bus 3.0, section 6, and PCI Express Base for the capabilities.
 * The host bridge (pci_host.h) finds the function and holds its `lock` around
 * every access, so a function's own code needs no lock for these fields.
 */
#ifndef DEVICES_PCI_H
#define DEVICES_PCI_H

#include "vmm/bus.h"
#include "vmm/compiler.h"
#include "vmm/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Conventional configuration space. No extended capability is offered, so
 * the rest of the 4 KiB that ECAM shows reads as zero. */
#define PCI_CONFIG_SIZE 256
#define PCI_NUM_BARS    6

/* A memory BAR. The region is on the bus while the guest has memory decoding
 * on (PCI_COMMAND_MEMORY) and follows the BAR when the guest moves it. */
struct pci_bar {
    struct bus_region region; /* size 0: no such BAR */
    bool is_64bit;            /* takes the next BAR's register too */
    bool prefetchable;
    bool is_mapped;        /* the region is on the bus */
    uint64_t assigned_gpa; /* given by the host; 0 when none yet */
};

struct pci_function;

/* All are called with the function's lock held. */
struct pci_function_ops {
    /* After the guest wrote [offset, offset + size), the masked bytes stored
     * and the BARs moved. May be NULL. */
    void (*config_written)(struct pci_function *function, unsigned offset,
                           unsigned size);
    /* Before a read of [offset, offset + size), to refresh bytes that are
     * not plain storage. May be NULL. */
    void (*config_reading)(struct pci_function *function, unsigned offset,
                           unsigned size);
    /* BAR `index` appeared at (true), or is about to leave (false), its
     * region's base. May be NULL. */
    void (*bar_mapped)(struct pci_function *function, unsigned index,
                       bool mapped);
};

/* Embedded in the device. */
struct pci_function {
    const char *name;
    const struct pci_function_ops *ops;
    struct bus *mmio;     /* where memory BARs live; borrowed */
    pthread_mutex_t lock; /* config, writable, bars */
    uint8_t config[PCI_CONFIG_SIZE];
    uint8_t writable[PCI_CONFIG_SIZE]; /* 1 bits: the guest may change */
    struct pci_bar bars[PCI_NUM_BARS];
    uint8_t last_capability; /* offset of the newest one, 0 when none */
    uint8_t next_free;       /* offset where the next one may go, 0 if full */
    uint8_t slot;            /* device number on bus 0 */
    unsigned gsi;            /* of INTA#, set by pci_host_add() */
    atomic_uint users;       /* accesses inside it; counted by the host */
    struct log_limit complaints;
};

struct pci_identity {
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class_code; /* class << 16 | subclass << 8 | interface */
    uint8_t revision;
};

/* Resets nothing but sets every field; call before pci_host_add(). */
void pci_function_init(struct pci_function *function, const char *name,
                       const struct pci_identity *identity,
                       const struct pci_function_ops *ops, struct bus *mmio);
/* After pci_host_remove(), when it had been added. */
void pci_function_destroy(struct pci_function *function);

/* Declares BAR `index` of `size` bytes, a power of two of at least 4 KiB,
 * served by `ops` with `device`. Addresses are given by the host or guest. */
void pci_function_add_bar(struct pci_function *function, unsigned index,
                          uint64_t size, bool is_64bit, bool prefetchable,
                          const struct bus_ops *ops, void *device);

/* Puts BAR `index`, which exists, at `gpa`, a multiple of its size, where
 * pci_function_reset() will put it again. While memory decoding is off. */
void pci_function_assign_bar(struct pci_function *function, unsigned index,
                             uint64_t gpa);

/* Tells the guest that the function can raise INTA#. Before
 * pci_host_add(), which sets `gsi`. */
void pci_function_use_intx(struct pci_function *function);

/* Appends a capability of `size` bytes, `id` and the link included; returns
 * its offset. The guest may not write it unless `writable` says otherwise. */
unsigned pci_function_add_capability(struct pci_function *function, uint8_t id,
                                     unsigned size);

/* Power-on state: BARs as after pci_host_add() but unmapped, every other bit
 * that the guest may write zero. The caller holds the lock. */
void pci_function_reset(struct pci_function *function);

/* Takes the BARs off the bus, with their callbacks, and waits for accesses
 * inside them. While nobody accesses the configuration. */
void pci_function_unmap(struct pci_function *function);

/* A guest access of 1, 2 or 4 bytes, aligned to its size, below 4 KiB. The
 * caller holds the lock. */
uint32_t pci_function_read(struct pci_function *function, unsigned offset,
                           unsigned size);
void pci_function_write(struct pci_function *function, unsigned offset,
                        unsigned size, uint32_t value);

#endif
