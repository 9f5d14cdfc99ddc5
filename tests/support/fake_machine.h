/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_machine.h: the machine as a device sees it, with nothing behind it.
 *
 * Behaves as KVM does towards eventfds, except that a signal is noticed when
 * the test looks, not by itself. Safe from every thread.
 */
#ifndef TESTS_SUPPORT_FAKE_MACHINE_H
#define TESTS_SUPPORT_FAKE_MACHINE_H

#include "vmm/machine_port.h"

#include <pthread.h>

#define FAKE_MACHINE_MAX  64U /* doorbells, connections, distinct messages */
#define FAKE_MACHINE_GSIS 64U

struct fake_doorbell {
    uint64_t gpa;
    int eventfd;
};

struct fake_page {
    uint64_t gpa;
    void *host;
};

struct fake_connection {
    struct msi_message message;
    int eventfd;
};

struct fake_interrupt {
    struct msi_message message;
    unsigned count;
};

struct fake_machine {
    pthread_mutex_t lock; /* everything */
    struct fake_doorbell doorbells[FAKE_MACHINE_MAX];
    struct fake_page pages[FAKE_MACHINE_MAX];
    struct fake_connection connections[FAKE_MACHINE_MAX];
    struct fake_interrupt interrupts[FAKE_MACHINE_MAX];
    unsigned num_doorbells, num_pages, num_connections, num_interrupts;
    /* -ENOSPC above; a test may lower them. */
    unsigned max_pages, max_connections;
    unsigned connect_calls, disconnect_calls;
    unsigned calls_until_failure; /* 0: never */
    int failure;
    bool gsi_level[FAKE_MACHINE_GSIS];
    unsigned gsi_rises[FAKE_MACHINE_GSIS];
};

void fake_machine_init(struct fake_machine *machine);
void fake_machine_destroy(struct fake_machine *machine);
struct machine_port fake_machine_port(struct fake_machine *machine);

/* Of the calls that can fail (attach_doorbell, attach_page, connect_msi), the
 * `nth` from now, 1 being the next, does nothing and returns `error`. */
void fake_machine_fail(struct fake_machine *machine, unsigned nth, int error);

/* A guest write to `gpa`: true when it rang a doorbell. */
bool fake_machine_ring(struct fake_machine *machine, uint64_t gpa);

/* The eventfd of the doorbell at `gpa`, or -1. */
int fake_machine_doorbell(struct fake_machine *machine, uint64_t gpa);

/* The page at `gpa`, or NULL. */
void *fake_machine_page(struct fake_machine *machine, uint64_t gpa);
/* The guest reads one: the machine takes all away. */
void fake_machine_drop_pages(struct fake_machine *machine);

/* True when `eventfd` is connected; `message`, unless NULL, becomes what it
 * raises. */
bool fake_machine_connection(struct fake_machine *machine, int eventfd,
                             struct msi_message *message);

/* Message-signalled interrupts with this data so far, new signals included.
 * Signals of one eventfd between two looks count as one, as they may in
 * KVM. */
unsigned fake_machine_interrupts(struct fake_machine *machine, uint32_t data);

/* Level of the interrupt, and how often it rose. */
bool fake_machine_gsi_level(struct fake_machine *machine, unsigned gsi);
unsigned fake_machine_gsi_rises(struct fake_machine *machine, unsigned gsi);

#endif
