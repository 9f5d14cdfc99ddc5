/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot_timer.h: where a guest tells how far its boot is, by the two ways that
 * guests know from other machines: a byte of memory that Firecracker has
 * ("--boot-timer": its first process writes 123), and an I/O port that
 * cloud-hypervisor has (0x40 is its kernel, 0x41 its user space).
 *
 * A kernel may also write anything to that port to pass the time (Linux's
 * io_delay), so what comes there is a hint.
 */
#ifndef DEVICES_BOOT_TIMER_H
#define DEVICES_BOOT_TIMER_H

#include "vmm/bus.h"

#include <stdint.h>

#define BOOT_TIMER_MEMORY_USER_SPACE 123
#define BOOT_TIMER_PORT_KERNEL       0x40
#define BOOT_TIMER_PORT_USER_SPACE   0x41

enum boot_timer_mark {
    BOOT_TIMER_KERNEL,
    BOOT_TIMER_USER_SPACE,
};

struct boot_timer {
    /* A byte each, for the caller to add to the buses. */
    struct bus_region memory, port;
    /* On the vCPU's thread, as often as the guest likes. */
    void (*reached)(void *owner, enum boot_timer_mark mark);
    void *owner;
};

/* `memory_base` is guest-physical; `owner` is borrowed. Without state or
 * resources: there is nothing to reset or destroy. */
void boot_timer_init(struct boot_timer *timer, uint64_t memory_base,
                     uint64_t port_base,
                     void (*reached)(void *owner, enum boot_timer_mark mark),
                     void *owner);

#endif
