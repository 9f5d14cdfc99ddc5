/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msix.h: the MSI-X capability, vector table and pending bits of a function.
 *
 * PCI Local Bus 3.0, section 6.8.2. Knows vectors, not what raises them: the
 * owner is told when the way of a vector changes and asked whether one is
 * pending. The owner's interrupt lock guards it all; both callbacks run with
 * that lock held.
 */
#ifndef DEVICES_MSIX_H
#define DEVICES_MSIX_H

#include "devices/pci.h"
#include "vmm/machine_port.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* The table grows with the vectors; 16 bytes each (6.8.2.6). */
#define MSIX_MAX_VECTORS 512
#define MSIX_ENTRY_SIZE  16

struct msix_ops {
    /* Message, mask, function mask or enabling of `vector` changed. */
    void (*vector_changed)(void *owner, unsigned vector);
    /* Whether an event for `vector` waits for it to be unmasked. */
    bool (*vector_is_pending)(void *owner, unsigned vector);
};

struct msix {
    struct pci_function *function;
    const struct msix_ops *ops;
    void *owner;
    pthread_mutex_t *lock; /* the owner's */
    unsigned num_vectors;
    unsigned capability; /* offset in configuration space */
    uint64_t pba_offset; /* pending bits, in the BAR */
    bool is_enabled, is_function_masked;
    uint8_t table[MSIX_MAX_VECTORS * MSIX_ENTRY_SIZE];
};

/* Adds the capability and BAR `bar_index` to `function`, which has not been
 * added to a host yet. `num_vectors`: 1 to MSIX_MAX_VECTORS. */
void msix_init(struct msix *msix, struct pci_function *function,
               unsigned bar_index, unsigned num_vectors,
               const struct msix_ops *ops, void *owner, pthread_mutex_t *lock);

/* All vectors masked, MSI-X off. Tells nobody. Lock held. */
void msix_reset(struct msix *msix);

/* Where an event of `vector` goes now: false when MSI-X is off or the vector
 * is masked or does not exist. Lock held. */
bool msix_get_message(const struct msix *msix, unsigned vector,
                      struct msi_message *message);

/* To be called from the function's config_written, lock not held. */
void msix_config_written(struct msix *msix, unsigned offset, unsigned size);

#endif
