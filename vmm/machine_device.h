/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_device.h: the vDPA devices of a machine, of hosts or in software.
 */
#ifndef VMM_MACHINE_DEVICE_H
#define VMM_MACHINE_DEVICE_H

#include "devices/virtio_pci.h"
#include "vmm/bypass_report.h"
#include "vmm/compiler.h"
#include "vmm/options.h"

#include <stdbool.h>

struct machine;

struct machine_device {
    struct machine *machine;
    struct virtio_pci pci;
    struct bypass_report report;
    bool has_pci, is_plugged;
    bool is_soft; /* its frames pass through this process */
};

/* Opens the backend and plugs the card in; -errno, logged. While no vCPU
 * runs; machine_device_remove_all() undoes it, also when it failed. */
int machine_device_add(struct machine *machine,
                       const struct net_options *options) MUST_CHECK;
void machine_device_remove_all(struct machine *machine);

#endif
