/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bus.c: address to device dispatch.
 *
 * The lock covers the table only: an access looks its region up, lets go of
 * the lock and then calls the device.
 */
#include "vmm/bus.h"

#include "vmm/bytes.h"
#include "vmm/nap.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

void bus_init(struct bus *bus, const char *name)
{
    *bus = (struct bus){.name = name};
    pthread_rwlock_init(&bus->lock, NULL);
}

void bus_destroy(struct bus *bus)
{
    pthread_rwlock_destroy(&bus->lock);
}

/* How many regions start at or below `address`: the last of them is the only
 * one that can hold it. */
static unsigned count_up_to(const struct bus *bus, uint64_t address)
{
    unsigned low = 0, high = bus->count;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        if (bus->regions[middle]->base <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int add_locked(struct bus *bus, struct bus_region *region)
{
    unsigned at = count_up_to(bus, region->base);

    if (at > 0) {
        const struct bus_region *below = bus->regions[at - 1];

        if (region->base - below->base < below->size)
            return -EEXIST;
    }
    if (at < bus->count && bus->regions[at]->base - region->base < region->size)
        return -EEXIST;
    if (bus->count == BUS_MAX_REGIONS)
        return -ENOSPC;

    for (unsigned i = bus->count; i > at; i--)
        bus->regions[i] = bus->regions[i - 1];
    bus->regions[at] = region;
    bus->count++;
    return 0;
}

int bus_add(struct bus *bus, struct bus_region *region)
{
    uint64_t last;
    int error;

    if (region->size == 0 ||
        __builtin_add_overflow(region->base, region->size - 1, &last))
        return -EINVAL;

    pthread_rwlock_wrlock(&bus->lock);
    error = add_locked(bus, region);
    pthread_rwlock_unlock(&bus->lock);
    return error;
}

void bus_remove(struct bus *bus, const struct bus_region *region)
{
    unsigned at = 0;

    pthread_rwlock_wrlock(&bus->lock);
    while (at < bus->count && bus->regions[at] != region)
        at++;
    if (at < bus->count) {
        bus->count--;
        for (; at < bus->count; at++)
            bus->regions[at] = bus->regions[at + 1];
    }
    pthread_rwlock_unlock(&bus->lock);
}

void bus_wait_idle(const struct bus_region *region)
{
    const uint64_t accesses =
        __atomic_load_n(&region->accesses, __ATOMIC_RELAXED);

    while (__atomic_load_n(&region->finished, __ATOMIC_ACQUIRE) != accesses)
        nap();
}

/* The region that covers all of the access, and where in it, or NULL. The
 * access counts as begun before the lock is let go, so that who removes the
 * region knows of it. */
static struct bus_region *enter(struct bus *bus, uint64_t address,
                                unsigned size, uint64_t *offset)
{
    struct bus_region *region = NULL;
    unsigned at;

    pthread_rwlock_rdlock(&bus->lock);
    at = count_up_to(bus, address);
    if (at > 0) {
        region = bus->regions[at - 1];
        if (range_is_inside(address, size, region->base, region->size))
            *offset = address - region->base;
        else
            region = NULL;
    }
    if (region)
        __atomic_fetch_add(&region->accesses, 1, __ATOMIC_RELAXED);
    pthread_rwlock_unlock(&bus->lock);
    return region;
}

static void leave(struct bus_region *region)
{
    __atomic_fetch_add(&region->finished, 1, __ATOMIC_RELEASE);
}

/* An access that crosses a page arrives from the processor in parts of any
 * size; devices see 1, 2, 4 and 8 only. */
static unsigned largest_part(unsigned size)
{
    unsigned part = 8;

    while (part > size)
        part /= 2;
    return part;
}

void bus_read(struct bus *bus, uint64_t address, void *bytes, unsigned size)
{
    struct bus_region *region;
    uint8_t *out = bytes;
    uint64_t offset = 0;

    assert(size >= 1 && size <= 8);
    region = enter(bus, address, size, &offset);
    if (!region) {
        memset(out, 0xff, size);
        return;
    }
    while (size > 0) {
        unsigned part = largest_part(size);

        store_le(out, part, region->ops->read(region->device, offset, part));
        out += part;
        offset += part;
        size -= part;
    }
    leave(region);
}

void bus_write(struct bus *bus, uint64_t address, const void *bytes,
               unsigned size)
{
    struct bus_region *region;
    const uint8_t *in = bytes;
    uint64_t offset = 0;

    assert(size >= 1 && size <= 8);
    region = enter(bus, address, size, &offset);
    if (!region)
        return;
    while (size > 0) {
        unsigned part = largest_part(size);

        region->ops->write(region->device, offset, part, load_le(in, part));
        in += part;
        offset += part;
        size -= part;
    }
    leave(region);
}
