/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bus.h: address to device dispatch; one instance for I/O ports, one for MMIO.
 *
 * Any thread may access, add and remove. The bus lock is not held while a
 * device's read or write runs, so a device may add and remove regions from
 * there (a BAR that moves), and a slow device stops nobody else. An access
 * that began before a removal may therefore still arrive after it: a device
 * that ends before the bus does waits for it by bus_wait_idle().
 */
#ifndef VMM_BUS_H
#define VMM_BUS_H

#include "vmm/compiler.h"

#include <pthread.h>
#include <stdint.h>

/* `offset` is from the start of the region; `size` is 1, 2, 4 or 8 bytes and
 * [offset, offset + size) always lies inside the region. */
struct bus_ops {
    uint64_t (*read)(void *device, uint64_t offset, unsigned size);
    void (*write)(void *device, uint64_t offset, unsigned size, uint64_t value);
};

/* Embedded in the device and owned by it; the bus borrows it while added. */
struct bus_region {
    const char *name; /* for messages and counts */
    uint64_t base;    /* port number or guest-physical address */
    uint64_t size;    /* bytes, not 0 */
    const struct bus_ops *ops;
    void *device;
    uint64_t accesses; /* by vCPUs since power-on; atomic */
    uint64_t finished; /* of these; atomic */
};

#define BUS_MAX_REGIONS 256

struct bus {
    const char *name;
    pthread_rwlock_t lock;                       /* regions and count */
    struct bus_region *regions[BUS_MAX_REGIONS]; /* sorted by base */
    unsigned count;
};

void bus_init(struct bus *bus, const char *name);
void bus_destroy(struct bus *bus);

/* -EEXIST when it overlaps another region, -EINVAL when it is empty or ends
 * beyond 2^64, -ENOSPC when the bus is full. */
int bus_add(struct bus *bus, struct bus_region *region) MUST_CHECK;
/* A region that is not on the bus is left alone. */
void bus_remove(struct bus *bus, const struct bus_region *region);
/* Returns when no access is inside the region any more, which has been
 * removed. Not from within such an access. */
void bus_wait_idle(const struct bus_region *region);

/*
 * A vCPU's access of 1 to 8 bytes. An access that no region covers whole
 * reads as ones and writes nowhere, as on real hardware.
 */
void bus_read(struct bus *bus, uint64_t address, void *bytes, unsigned size);
void bus_write(struct bus *bus, uint64_t address, const void *bytes,
               unsigned size);

#endif
