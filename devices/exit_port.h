/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exit_port.h: where a test guest ends the run and says how it went.
 *
 * Writing a byte ends the run with it as status. It reads as zero, so that a
 * guest can tell it from a port that is not there.
 */
#ifndef DEVICES_EXIT_PORT_H
#define DEVICES_EXIT_PORT_H

#include "vmm/bus.h"

#include <stdint.h>

struct exit_port {
    struct bus_region region; /* for the caller to add to a bus */
    /* On the vCPU's thread; the guest runs on until its vCPUs are stopped. */
    void (*exit_requested)(void *owner, uint8_t status);
    void *owner;
};

/* `base`: its first port or address; `size`: how many there are, 1 to 4, and so
 * bytes of a write, of which the first counts; `owner` is borrowed. Without
 * state or resources: there is nothing to reset or destroy. */
void exit_port_init(struct exit_port *port, uint64_t base, uint64_t size,
                    void (*exit_requested)(void *owner, uint8_t status),
                    void *owner);

#endif
