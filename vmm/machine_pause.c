/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_pause.c: a machine that stands still and goes on.
 *
 * vCPUs stop first and devices after them, and the other way round: nobody
 * starts or resets a device while it is suspended, no driver sees one that
 * does not answer, and what a device does in between waits in the rings, the
 * eventfds and KVM's interrupt controllers.
 *
 * On x86 clocks of the guest go on: when it does, they show the time of the
 * host. An arm64 guest cannot be told of the gap, so that its clocks stop.
 */
#include "vmm/machine_pause.h"

#include "vdpa/vhost_device.h"
#include "vmm/arch.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/machine_requests.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#define MAX_DEVICES (OPTIONS_MAX_NETS + OPTIONS_MAX_DISKS + 1)
#define MAX_NAME    128 /* bytes; what is longer is cut */

/* For what came while nobody could serve it. */
static void unlock(struct machine *machine)
{
    pthread_mutex_unlock(&machine->pause_lock);
    if (atomic_load(&machine->request) != MACHINE_REQUEST_NONE &&
        eventfd_write(machine->request_source.fd, 1) != 0)
        log_error("eventfd: write: %s", strerror(errno));
}

bool machine_pause_block(struct machine *machine)
{
    if (pthread_mutex_trylock(&machine->pause_lock) != 0)
        return false;
    if (!machine->is_paused)
        return true;
    pthread_mutex_unlock(&machine->pause_lock);
    return false;
}

void machine_pause_unblock(struct machine *machine)
{
    pthread_mutex_unlock(&machine->pause_lock);
}

bool machine_pause_is_on(struct machine *machine)
{
    bool is_paused;

    pthread_mutex_lock(&machine->pause_lock);
    is_paused = machine->is_paused;
    pthread_mutex_unlock(&machine->pause_lock);
    return is_paused;
}

static void resume_vcpus(struct machine *machine)
{
    vcpu_group_resume(&machine->vcpus);
    /* A request keeps vCPUs out of the guest until it is served. */
    if (atomic_load(&machine->request) != MACHINE_REQUEST_NONE)
        vcpu_group_stop_entering(&machine->vcpus);
}

/* Those that the guest has: cards, disks, and the console of a command. Their
 * lock is held across their calls: how long that takes is the devices' to say.
 */
static unsigned list_devices(struct machine *machine,
                             struct virtio_device *list[MAX_DEVICES])
{
    unsigned count = 0;

    for (unsigned i = 0; i < machine->num_devices; i++)
        if (machine->devices[i]->state == MACHINE_DEVICE_PRESENT)
            list[count++] = &machine->devices[i]->pci.device;
    for (unsigned i = 0; i < OPTIONS_MAX_DISKS; i++)
        if (machine->disks[i].has_pci)
            list[count++] = &machine->disks[i].pci.device;
    if (machine->command.has_pci)
        list[count++] = &machine->command.pci.device;
    return count;
}

/* The functions from here on take and release devices_lock. `name` becomes
 * that of a device that does not do what it should. */

static const char *check_devices(struct machine *machine, char name[MAX_NAME])
{
    struct virtio_device *list[MAX_DEVICES];
    const char *obstacle = NULL;
    unsigned count;

    pthread_mutex_lock(&machine->devices_lock);
    count = list_devices(machine, list);
    for (unsigned i = 0; i < count && !obstacle; i++) {
        obstacle = virtio_device_suspend_obstacle(list[i]);
        snprintf(name, MAX_NAME, "%s", list[i]->name);
    }
    pthread_mutex_unlock(&machine->devices_lock);
    return obstacle;
}

/* One that does not resume is the guest's to reset; -errno of the last such
 * one. */
static int resume_devices(struct machine *machine, char name[MAX_NAME])
{
    struct virtio_device *list[MAX_DEVICES];
    int result = 0;
    unsigned count;

    pthread_mutex_lock(&machine->devices_lock);
    count = list_devices(machine, list);
    for (unsigned i = 0; i < count; i++) {
        int error = virtio_device_resume(list[i]);

        if (error) {
            snprintf(name, MAX_NAME, "%s", list[i]->name);
            result = error;
        }
    }
    pthread_mutex_unlock(&machine->devices_lock);
    return result;
}

/* All, or -errno and those that did are for resume_devices(). */
static int suspend_devices(struct machine *machine, char name[MAX_NAME])
{
    struct virtio_device *list[MAX_DEVICES];
    unsigned count;
    int error = 0;

    pthread_mutex_lock(&machine->devices_lock);
    count = list_devices(machine, list);
    for (unsigned i = 0; i < count && !error; i++) {
        error = virtio_device_suspend(list[i]);
        snprintf(name, MAX_NAME, "%s", list[i]->name);
    }
    pthread_mutex_unlock(&machine->devices_lock);
    return error;
}

/* ---- The commands ---- */

static void pause_machine(struct machine *machine, struct control_call *call)
{
    char name[MAX_NAME], other[MAX_NAME];
    const char *obstacle = check_devices(machine, name);
    int error;

    /* Before anything stops. */
    if (obstacle) {
        control_fail(call, "%s cannot be suspended, so the guest runs on: %s",
                     name, obstacle);
        return;
    }
    vcpu_group_pause(&machine->vcpus);
    arch_tell_paused(&machine->vcpus);
    error = suspend_devices(machine, name);
    if (error) {
        /* Logged, should one fail. */
        (void)resume_devices(machine, other);
        arch_tell_resumed(&machine->vcpus);
        resume_vcpus(machine);
        control_fail(call, "%s was not suspended, so the guest runs on: %s",
                     name, vhost_strerror(-error));
        return;
    }
    machine->is_paused = true;
    log_info("the guest is paused");
    control_succeed(call);
}

void machine_pause_run(void *owner, struct control_call *call)
{
    struct machine *machine = owner;

    pthread_mutex_lock(&machine->pause_lock);
    if (machine->is_paused)
        control_succeed(call);
    else
        pause_machine(machine, call);
    unlock(machine);
}

static void resume_machine(struct machine *machine, struct control_call *call)
{
    char name[MAX_NAME];
    int error = resume_devices(machine, name);

    arch_tell_resumed(&machine->vcpus);
    machine->is_paused = false;
    resume_vcpus(machine);
    log_info("the guest goes on");
    if (error)
        control_fail(call,
                     "the guest goes on, but %s did not: %s; its driver is "
                     "asked to reset it",
                     name, vhost_strerror(-error));
    else
        control_succeed(call);
}

void machine_pause_run_resume(void *owner, struct control_call *call)
{
    struct machine *machine = owner;

    pthread_mutex_lock(&machine->pause_lock);
    if (machine->is_paused)
        resume_machine(machine, call);
    else
        control_succeed(call);
    unlock(machine);
}
