/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci_host.c: the PCI host bridge: bus 0, found by ECAM and by ports.
 *
 * Lock order: the host's lock is let go before a function's is taken.
 */
#include "devices/pci_host.h"

#include "vmm/bytes.h"
#include "vmm/log.h"
#include "vmm/nap.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <string.h>

/* PCI Express Base, 7.2.2: 4 KiB per function, 8 functions per slot. */
#define ECAM_SIZE           (1 * MIB)
#define ECAM_FUNCTION_SHIFT 12
#define ECAM_FUNCTION_SIZE  (1U << ECAM_FUNCTION_SHIFT)

/* PCI Local Bus 3.0, 3.2.2.3.2: configuration mechanism of the PC. */
#define CONFIG_ADDRESS_PORT   0xcf8
#define CONFIG_DATA_PORT      0xcfc
#define CONFIG_ADDRESS_ENABLE 0x80000000U
#define CONFIG_ADDRESS_MASK   0x80fffffcU

/* Red Hat's identity of a host bridge with no registers of its own: Linux
 * has no driver or quirk for it and needs none. */
static const struct pci_identity bridge_identity = {
    .vendor = 0x1b36,
    .device = 0x0008,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class_code = 0x060000,
};
static const struct pci_function_ops bridge_ops = {0};

/* Bus, slot and function number as both mechanisms have them: 8, 5, 3 bits.
 * NULL when nothing answers there. Until leave() the function stays. */
static struct pci_function *enter(struct pci_host *host, uint32_t number)
{
    struct pci_function *function = NULL;

    /* Bus 0, function 0 only. */
    if (number >> 8 || number & 7)
        return NULL;
    pthread_mutex_lock(&host->lock);
    if (!(host->hidden & 1U << (number >> 3)))
        function = host->slots[number >> 3];
    if (function)
        atomic_fetch_add(&function->users, 1);
    pthread_mutex_unlock(&host->lock);
    if (function)
        pthread_mutex_lock(&function->lock);
    return function;
}

static void leave(struct pci_function *function)
{
    pthread_mutex_unlock(&function->lock);
    atomic_fetch_sub(&function->users, 1);
}

/* The largest part of an access that a function's registers take: at most 4
 * bytes, aligned. */
static unsigned next_part(unsigned offset, unsigned size)
{
    unsigned part = 4;

    while (part > size || !is_aligned(offset, part))
        part /= 2;
    return part;
}

static uint64_t config_read(struct pci_host *host, uint32_t number,
                            unsigned offset, unsigned size)
{
    struct pci_function *function = enter(host, number);
    uint64_t value = 0;

    if (!function)
        return UINT64_MAX;
    for (unsigned done = 0; done < size;) {
        unsigned part = next_part(offset + done, size - done);
        uint64_t bits = pci_function_read(function, offset + done, part);

        value |= bits << (8 * done);
        done += part;
    }
    leave(function);
    return value;
}

static void config_write(struct pci_host *host, uint32_t number,
                         unsigned offset, unsigned size, uint64_t value)
{
    struct pci_function *function = enter(host, number);

    if (!function)
        return;
    for (unsigned done = 0; done < size;) {
        unsigned part = next_part(offset + done, size - done);

        pci_function_write(function, offset + done, part,
                           (uint32_t)(value >> (8 * done)));
        done += part;
    }
    leave(function);
}

/* An access that runs over the end of one function's space reaches none. */
static bool ecam_access_is_inside(uint64_t offset, unsigned size)
{
    return offset % ECAM_FUNCTION_SIZE + size <= ECAM_FUNCTION_SIZE;
}

static uint64_t ecam_read(void *device, uint64_t offset, unsigned size)
{
    struct pci_host *host = device;

    if (!ecam_access_is_inside(offset, size))
        return UINT64_MAX;
    return config_read(host, (uint32_t)(offset >> ECAM_FUNCTION_SHIFT),
                       offset % ECAM_FUNCTION_SIZE, size);
}

static void ecam_write(void *device, uint64_t offset, unsigned size,
                       uint64_t value)
{
    struct pci_host *host = device;

    if (ecam_access_is_inside(offset, size))
        config_write(host, (uint32_t)(offset >> ECAM_FUNCTION_SHIFT),
                     offset % ECAM_FUNCTION_SIZE, size, value);
}

static const struct bus_ops ecam_ops = {
    .read = ecam_read,
    .write = ecam_write,
};

/* The address register exists for dwords only; narrower accesses belong to
 * whatever else a PC has at these ports, and here that is nothing. */
static uint64_t address_read(void *device, uint64_t offset, unsigned size)
{
    struct pci_host *host = device;
    uint32_t address;

    if (offset != 0 || size != 4)
        return UINT64_MAX;
    pthread_mutex_lock(&host->lock);
    address = host->address;
    pthread_mutex_unlock(&host->lock);
    return address;
}

static void address_write(void *device, uint64_t offset, unsigned size,
                          uint64_t value)
{
    struct pci_host *host = device;

    if (offset != 0 || size != 4)
        return;
    pthread_mutex_lock(&host->lock);
    host->address = (uint32_t)value & CONFIG_ADDRESS_MASK;
    pthread_mutex_unlock(&host->lock);
}

static const struct bus_ops address_ops = {
    .read = address_read,
    .write = address_write,
};

static uint64_t data_read(void *device, uint64_t offset, unsigned size)
{
    struct pci_host *host = device;
    uint32_t address = (uint32_t)address_read(host, 0, 4);

    if (!(address & CONFIG_ADDRESS_ENABLE))
        return UINT64_MAX;
    return config_read(host, address >> 8 & 0xffff,
                       (address & 0xff) + (unsigned)offset, size);
}

static void data_write(void *device, uint64_t offset, unsigned size,
                       uint64_t value)
{
    struct pci_host *host = device;
    uint32_t address = (uint32_t)address_read(host, 0, 4);

    if (address & CONFIG_ADDRESS_ENABLE)
        config_write(host, address >> 8 & 0xffff,
                     (address & 0xff) + (unsigned)offset, size, value);
}

static const struct bus_ops data_ops = {
    .read = data_read,
    .write = data_write,
};

static int add_region(struct bus *bus, struct bus_region *region)
{
    int error = bus_add(bus, region);

    if (error)
        log_error("%s at 0x%" PRIx64 ": %s bus: %s", region->name, region->base,
                  bus->name, strerror(-error));
    return error;
}

static int add_regions(struct pci_host *host)
{
    int error = add_region(host->mmio, &host->ecam);

    if (!error && host->ports)
        error = add_region(host->ports, &host->config_address);
    if (!error && host->ports)
        error = add_region(host->ports, &host->config_data);
    return error;
}

int pci_host_init(struct pci_host *host, const struct pci_host_layout *layout,
                  struct bus *mmio, struct bus *ports)
{
    int error;

    assert(layout->num_gsis > 0);
    *host = (struct pci_host){
        .layout = *layout,
        .mmio = mmio,
        .ports = ports,
        .ecam = {.name = "pci-ecam",
                 .base = layout->ecam_base,
                 .size = ECAM_SIZE,
                 .ops = &ecam_ops,
                 .device = host},
        .config_address = {.name = "pci-address",
                           .base = CONFIG_ADDRESS_PORT,
                           .size = 4,
                           .ops = &address_ops,
                           .device = host},
        .config_data = {.name = "pci-data",
                        .base = CONFIG_DATA_PORT,
                        .size = 4,
                        .ops = &data_ops,
                        .device = host},
    };
    pthread_mutex_init(&host->lock, NULL);
    pci_function_init(&host->bridge, "pci-host", &bridge_identity, &bridge_ops,
                      mmio);
    host->slots[0] = &host->bridge;

    error = add_regions(host);
    if (error)
        pci_host_destroy(host);
    return error;
}

void pci_host_destroy(struct pci_host *host)
{
    if (host->ports) {
        bus_remove(host->ports, &host->config_data);
        bus_remove(host->ports, &host->config_address);
    }
    bus_remove(host->mmio, &host->ecam);
    pci_function_destroy(&host->bridge);
    pthread_mutex_destroy(&host->lock);
}

static void set_interrupt_line(struct pci_function *function)
{
    if (function->config[PCI_INTERRUPT_PIN])
        function->config[PCI_INTERRUPT_LINE] = (uint8_t)function->gsi;
}

void pci_host_reset(struct pci_host *host)
{
    address_write(host, 0, 4, 0);
    for (uint32_t slot = 0; slot < PCI_HOST_SLOTS; slot++) {
        struct pci_function *function = enter(host, slot << 3);

        if (!function)
            continue;
        pci_function_reset(function);
        set_interrupt_line(function);
        leave(function);
    }
}

/* The functions from here on, up to pci_host_add(), are called with the lock
 * held. */

static const struct pci_bar *find_in(const struct pci_function *function,
                                     uint64_t gpa, uint64_t size)
{
    for (unsigned i = 0; i < PCI_NUM_BARS; i++) {
        const struct pci_bar *bar = &function->bars[i];

        if (bar->assigned_gpa != 0 &&
            gpa < bar->assigned_gpa + bar->region.size &&
            bar->assigned_gpa < gpa + size)
            return bar;
    }
    return NULL;
}

/* A BAR that was given some of [gpa, gpa + size), of `function` or of one in
 * a slot; NULL for none. */
static const struct pci_bar *find_bar(const struct pci_host *host,
                                      const struct pci_function *function,
                                      uint64_t gpa, uint64_t size)
{
    const struct pci_bar *bar = find_in(function, gpa, size);

    for (unsigned i = 0; i < PCI_HOST_SLOTS && !bar; i++)
        if (host->slots[i])
            bar = find_in(host->slots[i], gpa, size);
    return bar;
}

/* The lowest `size` free bytes of a window, aligned to that, for `function`. */
static bool find_room(const struct pci_host *host,
                      const struct pci_function *function, uint64_t base,
                      uint64_t length, uint64_t size, uint64_t *gpa)
{
    const struct pci_bar *taken;
    uint64_t start = align_up(base, size);

    while (start >= base && range_is_inside(start, size, base, length)) {
        taken = find_bar(host, function, start, size);
        *gpa = start;
        if (!taken)
            return true;
        start = align_up(taken->assigned_gpa + taken->region.size, size);
    }
    return false;
}

/* A 64-bit BAR may live below 4 GiB too, not the other way round. */
static bool find_room_for(const struct pci_host *host,
                          const struct pci_function *function,
                          const struct pci_bar *bar, uint64_t *gpa)
{
    const struct pci_host_layout *layout = &host->layout;
    uint64_t size = bar->region.size;

    return (bar->is_64bit && find_room(host, function, layout->window64_base,
                                       layout->window64_size, size, gpa)) ||
           find_room(host, function, layout->window32_base,
                     layout->window32_size, size, gpa);
}

static int assign_bars(const struct pci_host *host,
                       struct pci_function *function)
{
    for (unsigned i = 0; i < PCI_NUM_BARS; i++)
        function->bars[i].assigned_gpa = 0;
    for (unsigned i = 0; i < PCI_NUM_BARS; i++) {
        const struct pci_bar *bar = &function->bars[i];
        uint64_t gpa = 0;

        if (bar->region.size == 0)
            continue;
        if (!find_room_for(host, function, bar, &gpa)) {
            log_error("%s: no room for the %" PRIu64
                      " KiB of BAR %u in the PCI windows",
                      function->name, bar->region.size / (uint64_t)KIB, i);
            return -ENOSPC;
        }
        pci_function_assign_bar(function, i, gpa);
    }
    return 0;
}

static int add_locked(struct pci_host *host, struct pci_function *function)
{
    unsigned slot = 0;
    int error;

    while (slot < PCI_HOST_SLOTS && host->slots[slot])
        slot++;
    if (slot == PCI_HOST_SLOTS) {
        log_error("%s: all %d PCI slots are taken", function->name,
                  PCI_HOST_SLOTS);
        return -ENOSPC;
    }
    error = assign_bars(host, function);
    if (error)
        return error;
    function->slot = (uint8_t)slot;
    function->gsi = host->layout.first_gsi + slot % host->layout.num_gsis;
    set_interrupt_line(function);
    host->slots[slot] = function;
    return 0;
}

int pci_host_add(struct pci_host *host, struct pci_function *function)
{
    int error;

    pthread_mutex_lock(&host->lock);
    error = add_locked(host, function);
    pthread_mutex_unlock(&host->lock);
    return error;
}

void pci_host_hide(struct pci_host *host, struct pci_function *function)
{
    pthread_mutex_lock(&host->lock);
    assert(host->slots[function->slot] == function);
    host->hidden |= 1U << function->slot;
    pthread_mutex_unlock(&host->lock);
}

void pci_host_remove(struct pci_host *host, struct pci_function *function)
{
    pci_host_hide(host, function);
    while (atomic_load(&function->users) != 0)
        nap();
    pci_function_unmap(function);

    pthread_mutex_lock(&host->lock);
    host->slots[function->slot] = NULL;
    host->hidden &= ~(1U << function->slot);
    pthread_mutex_unlock(&host->lock);
}
