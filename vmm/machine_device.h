/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_device.h: the vDPA devices of a machine, of hosts or in software.
 */
#ifndef VMM_MACHINE_DEVICE_H
#define VMM_MACHINE_DEVICE_H

#include "devices/virtio_pci.h"
#include "devices/virtio_watch.h"
#include "vdpa/soft_net.h"
#include "vmm/bypass_report.h"
#include "vmm/compiler.h"
#include "vmm/options.h"
#include "vmm/virtio_types.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

struct control_call;
struct machine;

/* "net0", "net1", ...: never given again while the machine runs. */
#define MACHINE_DEVICE_MAX_NAME 16

enum machine_device_state {
    MACHINE_DEVICE_PRESENT,
    MACHINE_DEVICE_EJECTED, /* out of the guest's sight, to be closed */
    MACHINE_DEVICE_CLOSING,
};

struct machine_device {
    struct machine *machine;
    struct net_options options;
    unsigned number; /* of its name */
    char name[MACHINE_DEVICE_MAX_NAME];
    struct virtio_pci pci;
    struct virtio_watch watch;        /* of a device of the host */
    char type[VIRTIO_TYPES_MAX_NAME]; /* "virtio-net" */
    struct bypass_report report;
    bool has_pci, is_plugged;
    bool is_soft; /* its frames pass through this process */
    /* A stand-in without a link took its place; set under its lock. */
    atomic_bool is_gone;
    struct soft_net_counters counters; /* when it went, of a software device */

    /* See machine_hotplug.h; with devices_lock. */
    enum machine_device_state state;
    bool is_unwanted;             /* the guest was asked to let go of it */
    struct control_call *removal; /* who waits for that, or NULL */
    struct timespec removal_due;  /* CLOCK_MONOTONIC */
    struct control_call *release; /* who waits for no more than the device */
};

/* Opens the backend and makes the card, which is not plugged in yet; -errno,
 * logged. From any thread; may take long. */
int machine_device_open(struct machine *machine,
                        const struct net_options *options,
                        struct machine_device **opened) MUST_CHECK;
/* Takes the card out of the guest's reach and no longer looks what becomes of
 * the device; may take long. From a thread that is neither a vCPU's nor, while
 * its loop runs, the I/O thread. */
void machine_device_unplug(struct machine_device *device);
/* Unplugs the card, too: as that. */
void machine_device_close(struct machine_device *device);

/* Closes the device: the guest keeps a card without a link. -errno, logged.
 * From any thread; may take long. */
int machine_device_release(struct machine_device *device) MUST_CHECK;

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
