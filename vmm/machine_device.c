/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_device.c: the vDPA devices of the command line: each a virtio PCI
 * device over a backend.
 */
#include "vmm/machine_device.h"

#include "vmm/machine.h"
#include "vmm/machine_report.h"
#include "vmm/net_backend.h"

#include <errno.h>
#include <stdlib.h>

int machine_device_add(struct machine *machine,
                       const struct net_options *options)
{
    const struct virtio_device_options virtio = {
        .hidden_features = options->hidden_features,
        .queue_pairs = options->queue_pairs,
    };
    struct machine_device *device = calloc(1, sizeof(*device));
    struct vdpa_backend *backend;
    int error;

    if (!device)
        return -ENOMEM;
    machine->devices[machine->num_devices++] = device;
    device->machine = machine;
    device->is_soft = options->kind != NET_VDPA;
    error = net_backend_open(options, machine->memory.size, &backend);
    if (!error)
        error = virtio_pci_init(
            &device->pci, backend, &virtio, &machine->memory, &machine->mmio,
            kvm_machine_port(&machine->kvm), &machine->loop);
    if (error)
        return error;
    device->has_pci = true;
    error = bypass_report_init(&device->report, options->name, "virtio-net",
                               device->pci.device.num_queues);
    device->pci.device.running_changed = machine_report_running_changed;
    device->pci.device.owner = device;
    /* Last: from here on a guest may use it. */
    if (!error)
        error = pci_host_add(&machine->pci_host, &device->pci.function);
    device->is_plugged = !error;
    return error;
}

void machine_device_remove_all(struct machine *machine)
{
    for (unsigned i = 0; i < machine->num_devices; i++) {
        struct machine_device *device = machine->devices[i];

        if (device->is_plugged)
            pci_host_remove(&machine->pci_host, &device->pci.function);
        if (device->has_pci)
            virtio_pci_destroy(&device->pci);
        bypass_report_destroy(&device->report);
        free(device);
    }
    machine->num_devices = 0;
}
