/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exit_port.c: where a test guest ends the run and says how it went.
 */
#include "devices/exit_port.h"

static uint64_t region_read(void *device, uint64_t offset, unsigned size)
{
    (void)device;
    (void)offset;
    (void)size;
    return 0;
}

static void region_write(void *device, uint64_t offset, unsigned size,
                         uint64_t value)
{
    const struct exit_port *port = device;

    (void)offset;
    (void)size;
    port->exit_requested(port->owner, (uint8_t)value);
}

static const struct bus_ops region_ops = {
    .read = region_read,
    .write = region_write,
};

void exit_port_init(struct exit_port *port, uint64_t base, uint64_t size,
                    void (*exit_requested)(void *owner, uint8_t status),
                    void *owner)
{
    *port = (struct exit_port){
        .region = {.name = "exit-port",
                   .base = base,
                   .size = size,
                   .ops = &region_ops,
                   .device = port},
        .exit_requested = exit_requested,
        .owner = owner,
    };
}
