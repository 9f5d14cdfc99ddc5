/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pvpanic.c: where the guest's kernel says that it panicked.
 */
#include "devices/pvpanic.h"

#define KNOWN_EVENTS (PVPANIC_PANICKED | PVPANIC_CRASH_LOADED)

static uint64_t region_read(void *device, uint64_t offset, unsigned size)
{
    (void)device;
    (void)offset;
    (void)size;
    return KNOWN_EVENTS;
}

static void region_write(void *device, uint64_t offset, unsigned size,
                         uint64_t value)
{
    const struct pvpanic *pvpanic = device;

    (void)offset;
    (void)size;
    if (value & KNOWN_EVENTS)
        pvpanic->event(pvpanic->owner, (unsigned)value & KNOWN_EVENTS);
}

static const struct bus_ops region_ops = {
    .read = region_read,
    .write = region_write,
};

void pvpanic_init(struct pvpanic *device, uint64_t base,
                  void (*event)(void *owner, unsigned events), void *owner)
{
    *device = (struct pvpanic){
        .region = {.name = "pvpanic",
                   .base = base,
                   .size = 1,
                   .ops = &region_ops,
                   .device = device},
        .event = event,
        .owner = owner,
    };
}
