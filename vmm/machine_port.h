/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_port.h: what a device may ask of the machine it is plugged into.
 *
 * KVM answers in production, tests/support/fake_machine in tests. Eventfds
 * are borrowed: whoever connects one disconnects it before closing it. Every
 * call is safe from any thread.
 */
#ifndef VMM_MACHINE_PORT_H
#define VMM_MACHINE_PORT_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/* A message-signalled interrupt as the guest programmed it. */
struct msi_message {
    uint64_t address;
    uint32_t data;
    uint32_t requester_id; /* PCI bus << 8 | device << 3 | function */
};

struct machine_ops {
    /* From now on a guest write to `gpa`, of any width and value, signals
     * `eventfd` inside the kernel and reaches no bus (KVM_IOEVENTFD).
     * -EEXIST when the address has a doorbell already. */
    int (*attach_doorbell)(void *machine, uint64_t gpa, int eventfd);
    void (*detach_doorbell)(void *machine, uint64_t gpa, int eventfd);

    /* From now on a guest write to the page at `gpa` goes to the host's
     * `page`, a device's, without leaving the guest; it comes before a
     * doorbell or a bus there. A guest that reads it may lose it, and what is
     * beneath answers. Borrowed: detach it before it is unmapped. -ENOSPC when
     * the machine has no memory slot left, -EEXIST over RAM or another page. */
    int (*attach_page)(void *machine, uint64_t gpa, void *page);
    /* How many pages there is room for now. */
    unsigned (*count_free_pages)(void *machine);
    /* False once it was taken away because of a read. */
    bool (*has_page)(void *machine, uint64_t gpa, void *page);
    /* Returns when no vCPU can reach it any more. One that is not there is
     * left alone. */
    void (*detach_page)(void *machine, uint64_t gpa, void *page);

    /* From now on a signal on `eventfd` raises `message` in the guest inside
     * the kernel (route, then KVM_IRQFD); a count that is pending on it
     * raises it at once and is taken, so it must not block when read. An
     * eventfd that is connected already gets the new message, or keeps the old
     * one when the call fails. -ENOSPC when the machine has no interrupt route
     * left. */
    int (*connect_msi)(void *machine, const struct msi_message *message,
                       int eventfd);
    /* Returns when no more interrupt can come from `eventfd`; later signals
     * pile up in it. One that is not connected is left alone. */
    void (*disconnect_msi)(void *machine, int eventfd);

    /* Level of a global system interrupt (KVM_IRQ_LINE). */
    void (*set_irq_level)(void *machine, unsigned gsi, bool high);
};

/* Passed by value; borrows the machine, which outlives its devices. */
struct machine_port {
    const struct machine_ops *ops;
    void *machine;
};

#endif
