/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_control.c: what can be asked of a machine by its control socket: a
 * row and a function a command.
 *
 * The functions run on the control thread, one at a time; they may wait for
 * the vCPUs and for the locks of devices, which the I/O thread may not.
 */
#include "vmm/machine_control.h"

#include "vmm/machine.h"
#include "vmm/machine_pause.h"

#include <linux/virtio_config.h>

/* The device status field as a word (virtio 1.2, 2.1). */
static const char *state_of(uint8_t status, bool is_paused)
{
    if (status & VIRTIO_CONFIG_S_NEEDS_RESET)
        return "needs-reset";
    if (status & VIRTIO_CONFIG_S_FAILED)
        return "failed";
    if (status & VIRTIO_CONFIG_S_DRIVER_OK)
        return is_paused ? "suspended" : "running";
    return status ? "starting" : "reset";
}

static void run_status(void *owner, struct control_call *call)
{
    struct machine *machine = owner;
    bool is_paused = machine_pause_is_on(machine);

    control_reply(call, "guest %s", is_paused ? "paused" : "running");
    pthread_mutex_lock(&machine->devices_lock);
    for (unsigned i = 0; i < machine->num_devices; i++) {
        struct machine_device *device = machine->devices[i];
        const char *state = "closing";

        if (device->state == MACHINE_DEVICE_PRESENT &&
            atomic_load(&device->is_gone))
            state = "gone";
        else if (device->state == MACHINE_DEVICE_PRESENT)
            state = state_of(virtio_device_get_status(&device->pci.device),
                             is_paused);
        /* The name last, as only it may hold blanks. */
        control_reply(call, "device %s %u %s %s", device->name,
                      device->pci.function.slot, state, device->report.name);
    }
    pthread_mutex_unlock(&machine->devices_lock);
    for (unsigned i = 0; i < machine->options->disk_count; i++) {
        struct virtio_pci *pci = &machine->disks[i].pci;

        control_reply(
            call, "device disk%u %u %s %s", i, pci->function.slot,
            state_of(virtio_device_get_status(&pci->device), is_paused),
            pci->device.name);
    }
    control_succeed(call);
}

static const struct control_command commands[] = {
    {"pause", NULL, "stop the guest and its devices", machine_pause_run},
    {"resume", NULL, "let them go on", machine_pause_run_resume},
    {"status", NULL, "whether the guest runs, and its devices", run_status},
    {"net add", "NETWORK", "plug a network card in", machine_hotplug_run_add},
    /* Before the next, which it begins as. */
    {"net remove --force", "NAME", "close a network card's device at once",
     machine_hotplug_run_force},
    {"net remove", "NAME", "take a network card out",
     machine_hotplug_run_remove},
};

int machine_control_init(struct machine *machine)
{
    const char *path = machine->options->control_socket;

    if (!path)
        return 0;
    return control_init(&machine->control, &machine->loop, path, commands,
                        ARRAY_SIZE(commands), machine);
}
