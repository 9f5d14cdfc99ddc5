/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_pci_common.h: the common configuration structure of a virtio PCI
 * device (virtio 1.2, 4.1.4.3).
 */
#ifndef DEVICES_VIRTIO_PCI_COMMON_H
#define DEVICES_VIRTIO_PCI_COMMON_H

#include "devices/virtio_pci.h"

#include <linux/virtio_pci.h>

#define VIRTIO_PCI_COMMON_SIZE sizeof(struct virtio_pci_common_cfg)

/* A vCPU's access inside the structure, from any thread. */
uint64_t virtio_pci_common_read(struct virtio_pci *pci, uint64_t offset,
                                unsigned size);
void virtio_pci_common_write(struct virtio_pci *pci, uint64_t offset,
                             unsigned size, uint64_t value);

#endif
