/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_device.c: the vDPA devices of the command line: each a virtio PCI
 * device over a backend.
 */
#include "vmm/machine_device.h"

#include "vdpa/absent_device.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/machine_report.h"
#include "vmm/net_backend.h"
#include "vmm/virtio_types.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The control queue, which moves no data, may be without. */
static int require_pages(struct machine_device *device)
{
    const struct virtio_device *virtio = &device->pci.device;
    unsigned count = 2 * virtio->net_queues.pairs;

    for (unsigned i = 0; i < count; i++) {
        struct virtio_kicks kicks = virtio_pci_kicks(&device->pci, i);

        if (!kicks.why_not)
            continue;
        log_error("%s: doorbell=require: no doorbell page for queue %u: %s: "
                  "leave it out, or choose another device",
                  virtio->name, i, kicks.why_not);
        return -ENOTSUP;
    }
    return 0;
}

/* Before the device is plugged in. */
static int set_up_doorbells(struct machine_device *device,
                            enum net_doorbell doorbell)
{
    if (device->is_soft || doorbell == NET_DOORBELL_OFF)
        return 0;
    virtio_pci_use_pages(&device->pci);
    return doorbell == NET_DOORBELL_REQUIRE ? require_pages(device) : 0;
}

static int open_stand_in(void *owner, struct vdpa_backend *gone,
                         struct vdpa_backend **backend)
{
    struct machine_device *device = owner;
    /* A software device has no control queue to be served. */
    struct event_loop *loop =
        device->is_soft ? &device->machine->loop : &device->watch.loop;
    int error = absent_device_open(gone, loop, backend);

    if (error)
        return error;
    if (device->is_soft && !atomic_load(&device->is_gone))
        soft_net_get_counters(gone, &device->counters);
    atomic_store(&device->is_gone, true);
    return 0;
}

/* On the watcher's thread. Until the device is closed, who removes it waits. */
static void removed(void *owner)
{
    struct machine_device *device = owner;
    struct virtio_device *virtio = &device->pci.device;

    log_warning("%s: the host removed the device: it is closed, and the guest "
                "keeps a card without a link",
                virtio->name);
    if (virtio_device_replace(virtio, open_stand_in, device) != 0)
        log_error("%s: it stays open, and its removal waits for the end of "
                  "this machine",
                  virtio->name);
}

/* What depends on the type of the device, which it alone knows. */
static int ask_type(struct machine_device *device, struct vdpa_backend *backend)
{
    char reason[OPTIONS_MAX_ERROR];
    struct vdpa_identity identity;
    int error = backend->ops->identify(backend, &identity);

    if (error)
        return error;
    virtio_types_print(identity.device_id, device->type);
    error = net_options_resolve(&device->options, identity.device_id, reason,
                                sizeof(reason));
    if (error)
        log_error("%s: a %s device: %s", backend->name, device->type, reason);
    return error;
}

int machine_device_release(struct machine_device *device)
{
    if (atomic_load(&device->is_gone))
        return 0;
    return virtio_device_replace(&device->pci.device, open_stand_in, device);
}

static int make_card(struct machine_device *device,
                     struct vdpa_backend *backend)
{
    struct machine *machine = device->machine;
    const struct virtio_device_options options = {
        .features = device->options.features,
        .queue_pairs = device->options.queue_pairs,
    };
    int error = virtio_pci_init(
        &device->pci, backend, &options, &machine->memory, &machine->mmio,
        kvm_machine_port(&machine->kvm), &machine->loop);

    if (error)
        return error;
    device->has_pci = true;
    error = bypass_report_init(&device->report, device->pci.device.name,
                               device->type, device->pci.device.num_queues);
    device->pci.running_changed = machine_report_running_changed;
    device->pci.owner = device;
    if (!error)
        error = set_up_doorbells(device, device->options.doorbell);
    if (!error && !device->is_soft)
        error = virtio_watch_init(&device->watch, &device->pci.device, removed,
                                  device);
    return error;
}

/* Memory was made before the device was opened, in whose place another may
 * have come. */
static int check_memory_fits(const struct machine *machine,
                             const struct net_options *options,
                             const struct vdpa_backend *backend)
{
    bool is_shared_needed;
    int error =
        net_backend_find_shared_memory_need(options, 1, &is_shared_needed);

    if (error || !is_shared_needed || machine->memory.fd >= 0)
        return error;
    log_error("%s: another device came in its place while the VMM started: "
              "start again",
              backend->name);
    return -EAGAIN;
}

int machine_device_open(struct machine *machine,
                        const struct net_options *options,
                        struct machine_device **opened)
{
    struct machine_device *device = calloc(1, sizeof(*device));
    struct vdpa_backend *backend;
    int error;

    if (!device)
        return -ENOMEM;
    device->machine = machine;
    device->options = *options;
    device->is_soft = !net_kind_is_vdpa(options->kind);
    error = net_backend_open(&device->options, machine->memory.size, &backend);
    if (!error) {
        error = check_memory_fits(machine, options, backend);
        if (!error)
            error = ask_type(device, backend);
        if (error)
            backend->ops->close(backend);
    }
    if (!error)
        error = make_card(device, backend);
    if (error) {
        machine_device_close(device);
        return error;
    }
    *opened = device;
    return 0;
}

void machine_device_unplug(struct machine_device *device)
{
    if (device->is_plugged)
        pci_host_remove(&device->machine->pci_host, &device->pci.function);
    device->is_plugged = false;
    virtio_watch_stop(&device->watch);
}

void machine_device_close(struct machine_device *device)
{
    machine_device_unplug(device);
    if (device->has_pci)
        virtio_pci_destroy(&device->pci);
    virtio_watch_destroy(&device->watch);
    bypass_report_destroy(&device->report);
    free(device);
}

int machine_device_plug(struct machine_device *device)
{
    struct machine *machine = device->machine;
    int error;

    if (machine->num_devices == OPTIONS_MAX_NETS) {
        log_error("%s: there are %d network cards already, the most",
                  device->options.name, OPTIONS_MAX_NETS);
        return -ENOSPC;
    }
    device->number = machine->next_device;
    (void)snprintf(device->name, sizeof(device->name), "net%u", device->number);
    error = pci_host_add(&machine->pci_host, &device->pci.function);
    if (error)
        return error;
    device->is_plugged = true;
    machine->devices[machine->num_devices++] = device;
    machine->next_device++;
    return 0;
}

void machine_device_forget(struct machine_device *device)
{
    struct machine *machine = device->machine;
    unsigned at = 0;

    while (machine->devices[at] != device)
        at++;
    machine->num_devices--;
    for (; at < machine->num_devices; at++)
        machine->devices[at] = machine->devices[at + 1];
}

int machine_device_add(struct machine *machine,
                       const struct net_options *options)
{
    struct machine_device *device;
    int error = machine_device_open(machine, options, &device);

    if (error)
        return error;
    error = machine_device_plug(device);
    if (error)
        machine_device_close(device);
    return error;
}

void machine_device_close_all(struct machine *machine)
{
    for (unsigned i = 0; i < machine->num_devices; i++)
        machine_device_close(machine->devices[i]);
    machine->num_devices = 0;
}

void machine_device_reset_all(struct machine *machine)
{
    pthread_mutex_lock(&machine->devices_lock);
    for (unsigned i = 0; i < machine->num_devices; i++)
        if (machine->devices[i]->state != MACHINE_DEVICE_CLOSING)
            virtio_pci_reset(&machine->devices[i]->pci);
    pthread_mutex_unlock(&machine->devices_lock);
}
