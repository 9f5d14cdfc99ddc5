/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interrupts_bed.h: the interrupts of a device with two queues, in a fake
 * machine, and what a guest does to them.
 */
#ifndef TESTS_SUPPORT_INTERRUPTS_BED_H
#define TESTS_SUPPORT_INTERRUPTS_BED_H

#include "devices/virtio_interrupts.h"
#include "tests/support/fake_machine.h"
#include "tests/support/log_capture.h"
#include "vmm/bus.h"
#include "vmm/event_loop.h"

#include <stdbool.h>
#include <stdint.h>

#define INTERRUPTS_BED_NUM_QUEUES  2U
#define INTERRUPTS_BED_NUM_SOURCES (INTERRUPTS_BED_NUM_QUEUES + 1)
#define INTERRUPTS_BED_GSI         19U
/* What each vector's message has as data. */
#define INTERRUPTS_BED_DATA(vector) (0x4000U + (vector))

struct interrupts_bed {
    struct bus mmio;
    struct pci_function function;
    struct event_loop loop; /* nobody runs it */
    struct fake_machine machine;
    struct virtio_interrupts interrupts;
    struct log_capture capture;
    unsigned fds_before;
};

void interrupts_bed_setup(struct interrupts_bed *bed);
/* Claims that nothing is left, whatever the test did. */
void interrupts_bed_teardown(struct interrupts_bed *bed);

/* ---- The guest ---- */

void interrupts_bed_write_table(struct interrupts_bed *bed, uint64_t offset,
                                uint32_t value);
void interrupts_bed_set_mask(struct interrupts_bed *bed, unsigned vector,
                             bool masked);
/* A message for the vector, which is unmasked. */
void interrupts_bed_program(struct interrupts_bed *bed, unsigned vector);
/* Of PCI_MSIX_FLAGS. */
void interrupts_bed_set_flags(struct interrupts_bed *bed, uint16_t flags);
/* As Linux starts: MSI-X on, a vector a source. */
void interrupts_bed_use_msix(struct interrupts_bed *bed);
unsigned interrupts_bed_pending_bits(struct interrupts_bed *bed);

/* ---- The device, and the machine ---- */

void interrupts_bed_signal(struct interrupts_bed *bed, unsigned source);
/* How often the vector was raised so far. */
unsigned interrupts_bed_raised(struct interrupts_bed *bed, unsigned vector);
/* As device and machine agree. */
bool interrupts_bed_is_connected(struct interrupts_bed *bed, unsigned source);

#endif
