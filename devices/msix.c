/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msix.c: MSI-X: masks and messages in, changes of the way out.
 */
#include "devices/msix.h"

#include "vmm/bytes.h"

#include <assert.h>
#include <linux/pci_regs.h>
#include <string.h>

#define CAPABILITY_SIZE 12
#define TABLE_OFFSET    0 /* of the vector table in the BAR */
#define PBA_ALIGNMENT   4096

static uint8_t *entry_of(struct msix *msix, unsigned vector)
{
    return msix->table + (size_t)vector * MSIX_ENTRY_SIZE;
}

static void mask_all(struct msix *msix)
{
    memset(msix->table, 0, sizeof(msix->table));
    for (unsigned i = 0; i < msix->num_vectors; i++)
        store_le32(entry_of(msix, i) + PCI_MSIX_ENTRY_VECTOR_CTRL,
                   PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

/* 6.8.2.10: bit n of the array stands for vector n. */
static uint64_t read_pending_bits(struct msix *msix, uint64_t offset,
                                  unsigned size)
{
    uint64_t value = 0;

    for (unsigned bit = 0; bit < 8 * size; bit++) {
        uint64_t vector = 8 * offset + bit;

        if (vector < msix->num_vectors &&
            msix->ops->vector_is_pending(msix->owner, (unsigned)vector))
            value |= 1ULL << bit;
    }
    return value;
}

static uint64_t read_bar(void *device, uint64_t offset, unsigned size)
{
    struct msix *msix = device;
    uint64_t table_size = (uint64_t)msix->num_vectors * MSIX_ENTRY_SIZE;
    uint64_t value = 0;

    pthread_mutex_lock(msix->lock);
    if (range_is_inside(offset, size, TABLE_OFFSET, table_size))
        value = load_le(msix->table + offset, size);
    else if (offset >= msix->pba_offset)
        value = read_pending_bits(msix, offset - msix->pba_offset, size);
    pthread_mutex_unlock(msix->lock);
    return value;
}

/* Bytes of the vector control word that the guest may write: bit 0 alone. */
static void store_table(struct msix *msix, uint64_t offset, unsigned size,
                        uint64_t value)
{
    for (unsigned i = 0; i < size; i++) {
        uint64_t at = offset + i;
        unsigned in_entry = at % MSIX_ENTRY_SIZE;
        uint8_t byte = (uint8_t)(value >> (8 * i));

        if (in_entry == PCI_MSIX_ENTRY_VECTOR_CTRL)
            byte &= PCI_MSIX_ENTRY_CTRL_MASKBIT;
        else if (in_entry > PCI_MSIX_ENTRY_VECTOR_CTRL)
            byte = 0;
        msix->table[at] = byte;
    }
}

static void write_bar(void *device, uint64_t offset, unsigned size,
                      uint64_t value)
{
    struct msix *msix = device;
    uint64_t table_size = (uint64_t)msix->num_vectors * MSIX_ENTRY_SIZE;

    /* The pending bits are read-only. */
    if (!range_is_inside(offset, size, TABLE_OFFSET, table_size))
        return;
    pthread_mutex_lock(msix->lock);
    store_table(msix, offset, size, value);
    if (msix->is_enabled) {
        unsigned first = (unsigned)(offset / MSIX_ENTRY_SIZE);
        unsigned last = (unsigned)((offset + size - 1) / MSIX_ENTRY_SIZE);

        msix->ops->vector_changed(msix->owner, first);
        if (last != first)
            msix->ops->vector_changed(msix->owner, last);
    }
    pthread_mutex_unlock(msix->lock);
}

static const struct bus_ops bar_ops = {.read = read_bar, .write = write_bar};

void msix_init(struct msix *msix, struct pci_function *function,
               unsigned bar_index, unsigned num_vectors,
               const struct msix_ops *ops, void *owner, pthread_mutex_t *lock)
{
    uint64_t table_size = (uint64_t)num_vectors * MSIX_ENTRY_SIZE;
    uint64_t bar_size = PBA_ALIGNMENT;
    uint8_t *capability;

    assert(num_vectors >= 1 && num_vectors <= MSIX_MAX_VECTORS);
    msix->function = function;
    msix->ops = ops;
    msix->owner = owner;
    msix->lock = lock;
    msix->num_vectors = num_vectors;
    msix->is_enabled = msix->is_function_masked = false;
    mask_all(msix);

    msix->pba_offset = align_up(table_size, PBA_ALIGNMENT);
    while (bar_size < msix->pba_offset + PBA_ALIGNMENT)
        bar_size *= 2;
    pci_function_add_bar(function, bar_index, bar_size, false, false, &bar_ops,
                         msix);

    msix->capability =
        pci_function_add_capability(function, PCI_CAP_ID_MSIX, CAPABILITY_SIZE);
    capability = function->config + msix->capability;
    store_le16(capability + PCI_MSIX_FLAGS, (uint16_t)(num_vectors - 1));
    store_le32(capability + PCI_MSIX_TABLE, TABLE_OFFSET | bar_index);
    store_le32(capability + PCI_MSIX_PBA,
               (uint32_t)msix->pba_offset | bar_index);
    store_le16(function->writable + msix->capability + PCI_MSIX_FLAGS,
               PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
}

void msix_reset(struct msix *msix)
{
    mask_all(msix);
    msix->is_enabled = msix->is_function_masked = false;
}

bool msix_get_message(const struct msix *msix, unsigned vector,
                      struct msi_message *message)
{
    const uint8_t *entry;

    if (!msix->is_enabled || msix->is_function_masked ||
        vector >= msix->num_vectors)
        return false;
    entry = msix->table + (size_t)vector * MSIX_ENTRY_SIZE;
    if (load_le32(entry + PCI_MSIX_ENTRY_VECTOR_CTRL) &
        PCI_MSIX_ENTRY_CTRL_MASKBIT)
        return false;
    message->address = load_le64(entry + PCI_MSIX_ENTRY_LOWER_ADDR);
    message->data = load_le32(entry + PCI_MSIX_ENTRY_DATA);
    message->requester_id = (uint32_t)msix->function->slot << 3;
    return true;
}

void msix_config_written(struct msix *msix, unsigned offset, unsigned size)
{
    unsigned flags_at = msix->capability + PCI_MSIX_FLAGS;
    uint16_t flags = load_le16(msix->function->config + flags_at);
    bool enabled = flags & PCI_MSIX_FLAGS_ENABLE;
    bool masked = flags & PCI_MSIX_FLAGS_MASKALL;

    if (offset >= flags_at + 2 || offset + size <= flags_at)
        return;
    pthread_mutex_lock(msix->lock);
    if (enabled != msix->is_enabled || masked != msix->is_function_masked) {
        msix->is_enabled = enabled;
        msix->is_function_masked = masked;
        for (unsigned i = 0; i < msix->num_vectors; i++)
            msix->ops->vector_changed(msix->owner, i);
    }
    pthread_mutex_unlock(msix->lock);
}
