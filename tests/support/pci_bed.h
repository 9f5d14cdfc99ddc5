/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci_bed.h: a guest's driver of a virtio PCI device, which it reaches by the
 * structures that the capabilities tell of.
 */
#ifndef TESTS_SUPPORT_PCI_BED_H
#define TESTS_SUPPORT_PCI_BED_H

#include "tests/support/log_capture.h"
#include "tests/support/virtio_bench.h"

#include <linux/pci_regs.h>
#include <stdint.h>

#define PCI_BED_NUM_QUEUES   3U
#define PCI_BED_QUEUE_GPA(i) (UINT64_C(0x10000) * (1 + (i)))
#define PCI_BED_GSI          17U /* of slot 1 */
#define PCI_BED_NEGOTIATED   11U /* device status */
#define PCI_BED_RUNNING      15U
#define PCI_BED_MEMORY_ON    ((uint16_t)(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER))

struct pci_bed {
    struct virtio_bench bench;
    struct log_capture capture;
    unsigned fds_before;
};

/* Of the structure that a capability tells of. */
struct pci_bed_structure {
    unsigned at, bar;
    uint32_t offset, length;
};

/* The device is plugged in, and its memory decoded. */
void pci_bed_setup(struct pci_bed *bed);
/* Unplugs it, and claims that the backend's contract was kept and nothing is
 * left. */
void pci_bed_teardown(struct pci_bed *bed);

uint32_t pci_bed_config_read(struct pci_bed *bed, unsigned offset,
                             unsigned size);
void pci_bed_config_write(struct pci_bed *bed, unsigned offset, unsigned size,
                          uint32_t value);

/* The structure of VIRTIO_PCI_CAP_*; accesses there, and to the common
 * configuration. */
struct pci_bed_structure pci_bed_find(struct pci_bed *bed, uint8_t type);
uint64_t pci_bed_read_in(struct pci_bed *bed, uint8_t type, uint64_t offset,
                         unsigned size);
void pci_bed_write_in(struct pci_bed *bed, uint8_t type, uint64_t offset,
                      unsigned size, uint64_t value);
uint64_t pci_bed_common(struct pci_bed *bed, unsigned offset, unsigned size);
void pci_bed_set_common(struct pci_bed *bed, unsigned offset, unsigned size,
                        uint64_t value);
/* Where the guest notifies the queue. */
uint64_t pci_bed_notify_gpa(struct pci_bed *bed, unsigned queue);

/* As Linux does it, with MSI-X left off; the first `count` queues, or all. */
void pci_bed_bring_up_queues(struct pci_bed *bed, unsigned count);
void pci_bed_bring_up(struct pci_bed *bed);
/* A vector for each source, by the table alone. */
void pci_bed_use_msix(struct pci_bed *bed);

#endif
