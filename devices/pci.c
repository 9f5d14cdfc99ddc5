/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci.c: one PCI function's configuration space: bytes and a write mask.
 *
 * A BAR needs no register of its own: with the address bits above its size
 * writable and the rest not, sizing by writing ones works by itself.
 */
#include "devices/pci.h"

#include "vmm/bytes.h"

#include <assert.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <string.h>

#define BARS_END (PCI_BASE_ADDRESS_5 + 4U)

static unsigned bar_offset(unsigned index)
{
    return PCI_BASE_ADDRESS_0 + 4 * index;
}

static unsigned bar_width(const struct pci_bar *bar)
{
    return bar->is_64bit ? 8 : 4;
}

static bool bar_exists(const struct pci_bar *bar)
{
    return bar->region.size != 0;
}

void pci_function_init(struct pci_function *function, const char *name,
                       const struct pci_identity *identity,
                       const struct pci_function_ops *ops, struct bus *mmio)
{
    uint8_t *config = function->config;

    *function = (struct pci_function){
        .name = name,
        .ops = ops,
        .mmio = mmio,
        .next_free = PCI_STD_HEADER_SIZEOF,
    };
    pthread_mutex_init(&function->lock, NULL);

    store_le16(config + PCI_VENDOR_ID, identity->vendor);
    store_le16(config + PCI_DEVICE_ID, identity->device);
    config[PCI_REVISION_ID] = identity->revision;
    store_le(config + PCI_CLASS_PROG, 3, identity->class_code);
    store_le16(config + PCI_SUBSYSTEM_VENDOR_ID, identity->subsystem_vendor);
    store_le16(config + PCI_SUBSYSTEM_ID, identity->subsystem);

    store_le16(function->writable + PCI_COMMAND, PCI_COMMAND_MEMORY |
                                                     PCI_COMMAND_MASTER |
                                                     PCI_COMMAND_INTX_DISABLE);
    /* No effect, for software's use: PCI 3.0, 6.2.4; PCIe 7.5.1.1.7. */
    function->writable[PCI_CACHE_LINE_SIZE] = 0xff;
    function->writable[PCI_INTERRUPT_LINE] = 0xff;
}

static void unmap_bar(struct pci_function *function, unsigned index)
{
    struct pci_bar *bar = &function->bars[index];

    if (!bar->is_mapped)
        return;
    if (function->ops->bar_mapped)
        function->ops->bar_mapped(function, index, false);
    bus_remove(function->mmio, &bar->region);
    bar->is_mapped = false;
}

void pci_function_unmap(struct pci_function *function)
{
    pthread_mutex_lock(&function->lock);
    for (unsigned i = 0; i < PCI_NUM_BARS; i++)
        unmap_bar(function, i);
    pthread_mutex_unlock(&function->lock);
    for (unsigned i = 0; i < PCI_NUM_BARS; i++)
        bus_wait_idle(&function->bars[i].region);
}

void pci_function_destroy(struct pci_function *function)
{
    for (unsigned i = 0; i < PCI_NUM_BARS; i++)
        assert(!function->bars[i].is_mapped);
    pthread_mutex_destroy(&function->lock);
}

void pci_function_add_bar(struct pci_function *function, unsigned index,
                          uint64_t size, bool is_64bit, bool prefetchable,
                          const struct bus_ops *ops, void *device)
{
    struct pci_bar *bar;
    uint64_t type = PCI_BASE_ADDRESS_SPACE_MEMORY;
    unsigned offset = bar_offset(index);

    assert(index + (is_64bit ? 1U : 0U) < PCI_NUM_BARS);
    assert(is_power_of_two(size) && size >= 4 * KIB);
    assert(is_64bit || size <= 2 * GIB);
    bar = &function->bars[index];
    assert(!bar_exists(bar));

    *bar = (struct pci_bar){
        .region = {.name = function->name,
                   .size = size,
                   .ops = ops,
                   .device = device},
        .is_64bit = is_64bit,
        .prefetchable = prefetchable,
    };
    if (is_64bit)
        type |= PCI_BASE_ADDRESS_MEM_TYPE_64;
    if (prefetchable)
        type |= PCI_BASE_ADDRESS_MEM_PREFETCH;
    store_le(function->config + offset, bar_width(bar), type);
    store_le(function->writable + offset, bar_width(bar), ~(size - 1));
}

/* The bits of BAR `index` that are an address, as the guest left them. */
static uint64_t bar_gpa(const struct pci_function *function, unsigned index)
{
    unsigned width = bar_width(&function->bars[index]);
    unsigned offset = bar_offset(index);

    return load_le(function->config + offset, width) &
           load_le(function->writable + offset, width);
}

static void set_bar_gpa(struct pci_function *function, unsigned index,
                        uint64_t gpa)
{
    const struct pci_bar *bar = &function->bars[index];
    unsigned offset = bar_offset(index);
    uint64_t type = function->config[offset] & ~PCI_BASE_ADDRESS_MEM_MASK;

    store_le(function->config + offset, bar_width(bar), gpa | type);
}

void pci_function_assign_bar(struct pci_function *function, unsigned index,
                             uint64_t gpa)
{
    struct pci_bar *bar = &function->bars[index];

    assert(bar_exists(bar) && is_aligned(gpa, bar->region.size));
    assert(bar->is_64bit || gpa <= UINT32_MAX);
    assert(!bar->is_mapped);
    bar->assigned_gpa = gpa;
    set_bar_gpa(function, index, gpa);
}

void pci_function_use_intx(struct pci_function *function)
{
    function->config[PCI_INTERRUPT_PIN] = 1;
}

unsigned pci_function_add_capability(struct pci_function *function, uint8_t id,
                                     unsigned size)
{
    uint8_t *config = function->config;
    unsigned offset = function->next_free;
    unsigned link = PCI_CAPABILITY_LIST;

    /* next_free wraps to 0 when the last byte is taken. */
    assert(offset >= PCI_STD_HEADER_SIZEOF);
    assert(size >= PCI_CAP_SIZEOF && size <= PCI_CONFIG_SIZE - offset);
    if (function->last_capability)
        link = function->last_capability + (unsigned)PCI_CAP_LIST_NEXT;
    config[link] = (uint8_t)offset;
    config[offset + PCI_CAP_LIST_ID] = id;
    config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;

    function->last_capability = (uint8_t)offset;
    /* Capabilities are dword-aligned: PCI 3.0, 6.7. */
    function->next_free = (uint8_t)(offset + align_up(size, 4));
    return offset;
}

/* Where the guest wants BAR `index` on the bus. Zero and what sizing writes
 * are no addresses: PCI 3.0, 6.2.5.1. */
static bool wants_mapping(const struct pci_function *function, unsigned index,
                          uint64_t *gpa)
{
    const struct pci_bar *bar = &function->bars[index];
    uint64_t ones =
        load_le(function->writable + bar_offset(index), bar_width(bar));

    if (!bar_exists(bar) ||
        !(load_le16(function->config + PCI_COMMAND) & PCI_COMMAND_MEMORY))
        return false;
    *gpa = bar_gpa(function, index);
    return *gpa != 0 && *gpa != ones;
}

static void map_bar(struct pci_function *function, unsigned index, uint64_t gpa)
{
    struct pci_bar *bar = &function->bars[index];
    int error;

    bar->region.base = gpa;
    error = bus_add(function->mmio, &bar->region);
    if (error) {
        log_guest(&function->complaints,
                  "%s: guest put BAR %u at 0x%" PRIx64
                  ", where it does not fit: %s; not mapped",
                  function->name, index, gpa, strerror(-error));
        return;
    }
    bar->is_mapped = true;
    if (function->ops->bar_mapped)
        function->ops->bar_mapped(function, index, true);
}

/* Brings the bus in line with command register and BARs. Everything leaves
 * its old place first: another BAR may have been waiting for it. */
static void update_mappings(struct pci_function *function)
{
    uint64_t gpa;

    for (unsigned i = 0; i < PCI_NUM_BARS; i++)
        if (!wants_mapping(function, i, &gpa) ||
            gpa != function->bars[i].region.base)
            unmap_bar(function, i);
    for (unsigned i = 0; i < PCI_NUM_BARS; i++)
        if (wants_mapping(function, i, &gpa) && !function->bars[i].is_mapped)
            map_bar(function, i, gpa);
}

void pci_function_reset(struct pci_function *function)
{
    for (unsigned i = 0; i < PCI_CONFIG_SIZE; i++)
        function->config[i] &= (uint8_t)~function->writable[i];
    update_mappings(function);
    for (unsigned i = 0; i < PCI_NUM_BARS; i++)
        if (bar_exists(&function->bars[i]))
            set_bar_gpa(function, i, function->bars[i].assigned_gpa);
}

static bool ranges_meet(unsigned start, unsigned end, unsigned other_start,
                        unsigned other_end)
{
    return start < other_end && other_start < end;
}

uint32_t pci_function_read(struct pci_function *function, unsigned offset,
                           unsigned size)
{
    assert(is_power_of_two(size) && size <= 4 && is_aligned(offset, size));
    if (offset >= PCI_CONFIG_SIZE)
        return 0;
    if (function->ops->config_reading)
        function->ops->config_reading(function, offset, size);
    return (uint32_t)load_le(function->config + offset, size);
}

void pci_function_write(struct pci_function *function, unsigned offset,
                        unsigned size, uint32_t value)
{
    uint64_t mask, old;

    assert(is_power_of_two(size) && size <= 4 && is_aligned(offset, size));
    if (offset >= PCI_CONFIG_SIZE)
        return;
    mask = load_le(function->writable + offset, size);
    old = load_le(function->config + offset, size);
    store_le(function->config + offset, size, (old & ~mask) | (value & mask));

    if (ranges_meet(offset, offset + size, PCI_COMMAND, PCI_COMMAND + 2) ||
        ranges_meet(offset, offset + size, PCI_BASE_ADDRESS_0, BARS_END))
        update_mappings(function);
    if (function->ops->config_written)
        function->ops->config_written(function, offset, size);
}
