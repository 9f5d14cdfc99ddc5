/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci_hotplug.c: the registers by which PCI functions come and go.
 */
#include "devices/pci_hotplug.h"

#include "devices/pci_host.h"

#include <assert.h>

/* With the lock held, so that the line follows the registers in order. */
static void update_line(struct pci_hotplug *hotplug)
{
    hotplug->ops->set_irq(hotplug->owner,
                          hotplug->check != 0 || hotplug->request != 0);
}

static uint32_t take(struct pci_hotplug *hotplug, uint32_t *slots)
{
    uint32_t taken;

    pthread_mutex_lock(&hotplug->lock);
    taken = *slots;
    *slots = 0;
    if (taken != 0)
        update_line(hotplug);
    pthread_mutex_unlock(&hotplug->lock);
    return taken;
}

static uint64_t region_read(void *device, uint64_t offset, unsigned size)
{
    struct pci_hotplug *hotplug = device;

    if (size != 4)
        return 0;
    if (offset == PCI_HOTPLUG_CHECK)
        return take(hotplug, &hotplug->check);
    if (offset == PCI_HOTPLUG_REQUEST)
        return take(hotplug, &hotplug->request);
    return 0;
}

static void region_write(void *device, uint64_t offset, unsigned size,
                         uint64_t value)
{
    const struct pci_hotplug *hotplug = device;

    if (offset != PCI_HOTPLUG_EJECT || size != 4)
        return;
    for (unsigned slot = 0; slot < PCI_HOST_SLOTS; slot++)
        if (value & 1U << slot)
            hotplug->ops->ejected(hotplug->owner, slot);
}

static const struct bus_ops region_ops = {
    .read = region_read,
    .write = region_write,
};

void pci_hotplug_init(struct pci_hotplug *hotplug, uint64_t base,
                      const struct pci_hotplug_ops *ops, void *owner)
{
    *hotplug = (struct pci_hotplug){
        .region = {.name = "pci-hotplug",
                   .base = base,
                   .size = PCI_HOTPLUG_SIZE,
                   .ops = &region_ops,
                   .device = hotplug},
        .ops = ops,
        .owner = owner,
    };
    pthread_mutex_init(&hotplug->lock, NULL);
}

void pci_hotplug_destroy(struct pci_hotplug *hotplug)
{
    pthread_mutex_destroy(&hotplug->lock);
}

void pci_hotplug_reset(struct pci_hotplug *hotplug)
{
    pthread_mutex_lock(&hotplug->lock);
    hotplug->check = hotplug->request = 0;
    update_line(hotplug);
    pthread_mutex_unlock(&hotplug->lock);
}

static void tell(struct pci_hotplug *hotplug, uint32_t *slots, unsigned slot)
{
    assert(slot < PCI_HOST_SLOTS);
    pthread_mutex_lock(&hotplug->lock);
    *slots |= 1U << slot;
    update_line(hotplug);
    pthread_mutex_unlock(&hotplug->lock);
}

void pci_hotplug_check(struct pci_hotplug *hotplug, unsigned slot)
{
    tell(hotplug, &hotplug->check, slot);
}

void pci_hotplug_request(struct pci_hotplug *hotplug, unsigned slot)
{
    tell(hotplug, &hotplug->request, slot);
}
