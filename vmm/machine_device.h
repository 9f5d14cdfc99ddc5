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

/* "net0", "net1", ...: never given again while the machine runs. */
#define MACHINE_DEVICE_MAX_NAME 16

struct machine_device {
    struct machine *machine;
    struct net_options options;
    char name[MACHINE_DEVICE_MAX_NAME];
    struct virtio_pci pci;
    struct bypass_report report;
    bool has_pci, is_plugged;
    bool is_soft; /* its frames pass through this process */
};

/* Opens the backend and makes the card, which is not plugged in yet; -errno,
 * logged. From any thread; may take long. */
int machine_device_open(struct machine *machine,
                        const struct net_options *options,
                        struct machine_device **device) MUST_CHECK;
/* Unplugs the card, too. From a thread that is neither a vCPU's nor, while its
 * loop runs, the I/O thread; may take long. */
void machine_device_close(struct machine_device *device);

/* Gives the device its name and a place among the machine's, and plugs it in:
 * from here on a guest may find it. With devices_lock held. -ENOSPC when the
 * machine is full, logged; the device is still the caller's then. */
int machine_device_plug(struct machine_device *device) MUST_CHECK;
/* Takes it off the list; the caller closes it. With devices_lock held. */
void machine_device_forget(struct machine_device *device);

/* Both; before the guest runs. */
int machine_device_add(struct machine *machine,
                       const struct net_options *options) MUST_CHECK;
void machine_device_close_all(struct machine *machine);

/* Power-on state of all, which stops them. While no vCPU runs. */
void machine_device_reset_all(struct machine *machine);

#endif
