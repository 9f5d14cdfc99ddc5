/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot_timer.c: where a guest tells how far its boot is.
 */
#include "devices/boot_timer.h"

static uint64_t region_read(void *device, uint64_t offset, unsigned size)
{
    (void)device;
    (void)offset;
    (void)size;
    return 0;
}

static void memory_write(void *device, uint64_t offset, unsigned size,
                         uint64_t value)
{
    const struct boot_timer *timer = device;

    (void)offset;
    (void)size;
    if (value == BOOT_TIMER_MEMORY_USER_SPACE)
        timer->reached(timer->owner, BOOT_TIMER_USER_SPACE);
}

static void port_write(void *device, uint64_t offset, unsigned size,
                       uint64_t value)
{
    const struct boot_timer *timer = device;

    (void)offset;
    (void)size;
    if (value == BOOT_TIMER_PORT_KERNEL)
        timer->reached(timer->owner, BOOT_TIMER_KERNEL);
    else if (value == BOOT_TIMER_PORT_USER_SPACE)
        timer->reached(timer->owner, BOOT_TIMER_USER_SPACE);
}

static const struct bus_ops memory_ops = {
    .read = region_read,
    .write = memory_write,
};

static const struct bus_ops port_ops = {
    .read = region_read,
    .write = port_write,
};

void boot_timer_init(struct boot_timer *timer, uint64_t memory_base,
                     uint64_t port_base,
                     void (*reached)(void *owner, enum boot_timer_mark mark),
                     void *owner)
{
    *timer = (struct boot_timer){
        .memory = {.name = "boot-timer",
                   .base = memory_base,
                   .size = 1,
                   .ops = &memory_ops,
                   .device = timer},
        .port = {.name = "debug-port",
                 .base = port_base,
                 .size = 1,
                 .ops = &port_ops,
                 .device = timer},
        .reached = reached,
        .owner = owner,
    };
}
