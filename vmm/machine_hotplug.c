/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_hotplug.c: network cards that come and go while the guest runs.
 *
 * Threads: a vCPU's ejects, the control thread asks, the I/O thread resets;
 * all they do is change the state of a device. The thread "hotplug" closes
 * devices and answers, as both may take long and wait for the other three.
 */
#include "vmm/machine_hotplug.h"

#include "vdpa/vhost_device.h"
#include "vmm/arch.h"
#include "vmm/control.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/machine_report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The functions from here on, up to the thread, are called with devices_lock
 * held. */

static struct machine_device *find_state(struct machine *machine,
                                         enum machine_device_state state)
{
    for (unsigned i = 0; i < machine->num_devices; i++)
        if (machine->devices[i]->state == state)
            return machine->devices[i];
    return NULL;
}

static bool has_passed(const struct timespec *time, const struct timespec *now)
{
    return now->tv_sec > time->tv_sec ||
           (now->tv_sec == time->tv_sec && now->tv_nsec >= time->tv_nsec);
}

/* Answers for guests that do not, and waits until something is to be done. */
static void wait_for_work(struct machine *machine)
{
    struct machine_hotplug *hotplug = &machine->hotplug;
    const struct timespec *next = NULL;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    for (unsigned i = 0; i < machine->num_devices; i++) {
        struct machine_device *device = machine->devices[i];

        if (!device->removal)
            continue;
        if (has_passed(&device->removal_due, &now)) {
            control_fail(device->removal,
                         "the guest did not let go of %s within %d s: it is "
                         "removed as soon as the guest does or restarts; with "
                         "--force its device is closed at once",
                         device->name, MACHINE_HOTPLUG_SECONDS);
            device->removal = NULL;
        } else if (!next || has_passed(&device->removal_due, next)) {
            next = &device->removal_due;
        }
    }
    if (next) {
        const struct timespec due = *next;

        pthread_cond_timedwait(&hotplug->changed, &machine->devices_lock, &due);
    } else {
        pthread_cond_wait(&hotplug->changed, &machine->devices_lock);
    }
}

static struct machine_device *find_to_release(struct machine *machine)
{
    for (unsigned i = 0; i < machine->num_devices; i++)
        if (machine->devices[i]->release)
            return machine->devices[i];
    return NULL;
}

/* Lets go of the lock meanwhile; nobody else closes the device. */
static void release_device(struct machine *machine,
                           struct machine_device *device)
{
    struct control_call *call = device->release;
    int error;

    device->release = NULL;
    pthread_mutex_unlock(&machine->devices_lock);
    error = machine_device_release(device);
    if (error)
        control_fail(call, "%s: %s", device->name, vhost_strerror(-error));
    else
        control_succeed(call);
    pthread_mutex_lock(&machine->devices_lock);
}

/* The report is printed now: nobody may look at the end of a long run for a
 * device that left early. */
static void close_device(struct machine *machine, struct machine_device *device)
{
    struct control_call *call = device->removal;
    char name[MACHINE_DEVICE_MAX_NAME];

    memcpy(name, device->name, sizeof(name));
    device->state = MACHINE_DEVICE_CLOSING;
    device->removal = NULL;
    /* Under the lock, so that no reset of the guest passes a device that may
     * still write to its memory. */
    virtio_device_set_status(&device->pci.device, 0);
    pthread_mutex_unlock(&machine->devices_lock);

    machine_device_unplug(device);
    pthread_mutex_lock(&machine->devices_lock);
    machine_report_removed(device);
    machine_device_forget(device);
    pthread_mutex_unlock(&machine->devices_lock);
    machine_device_close(device);

    log_info("%s: removed", name);
    if (call)
        control_succeed(call);
    pthread_mutex_lock(&machine->devices_lock);
}

static void *hotplug_thread(void *argument)
{
    struct machine *machine = argument;
    struct machine_device *device;

    pthread_mutex_lock(&machine->devices_lock);
    while (!machine->hotplug.is_stopping) {
        if ((device = find_to_release(machine)) != NULL)
            release_device(machine, device);
        else if ((device = find_state(machine, MACHINE_DEVICE_EJECTED)) != NULL)
            close_device(machine, device);
        else
            wait_for_work(machine);
    }
    pthread_mutex_unlock(&machine->devices_lock);
    return NULL;
}

/* With devices_lock held. Tells the thread, which starts at the first time:
 * most machines have no use for one. */
static int wake_thread(struct machine *machine)
{
    struct machine_hotplug *hotplug = &machine->hotplug;
    int error;

    if (!hotplug->has_thread && !hotplug->is_stopping) {
        error = pthread_create(&hotplug->thread, NULL, hotplug_thread, machine);
        if (error) {
            log_error("hot-plug: starting a thread: %s", strerror(error));
            return -error;
        }
        hotplug->has_thread = true;
        pthread_setname_np(hotplug->thread, "hotplug");
    }
    pthread_cond_signal(&hotplug->changed);
    return 0;
}

/* With devices_lock held. Without a thread it is closed at the end. */
static void eject(struct machine *machine, struct machine_device *device)
{
    pci_host_hide(&machine->pci_host, &device->pci.function);
    device->state = MACHINE_DEVICE_EJECTED;
    (void)wake_thread(machine);
}

/* ---- The guest ---- */

static void set_irq(void *owner, bool high)
{
    struct machine *machine = owner;
    struct machine_port port = kvm_machine_port(&machine->kvm);

    port.ops->set_irq_level(port.machine, arch_machine_layout()->hotplug_gsi,
                            high);
}

/* On a vCPU's thread. */
static void slot_ejected(void *owner, unsigned slot)
{
    struct machine *machine = owner;

    pthread_mutex_lock(&machine->devices_lock);
    for (unsigned i = 0; i < machine->num_devices; i++) {
        struct machine_device *device = machine->devices[i];

        if (device->pci.function.slot == slot &&
            device->state == MACHINE_DEVICE_PRESENT)
            eject(machine, device);
    }
    pthread_mutex_unlock(&machine->devices_lock);
}

static const struct pci_hotplug_ops pci_hotplug_ops = {
    .set_irq = set_irq,
    .ejected = slot_ejected,
};

int machine_hotplug_init(struct machine *machine)
{
    const struct machine_layout *layout = arch_machine_layout();
    struct machine_hotplug *hotplug = &machine->hotplug;
    pthread_condattr_t attributes;

    if (!layout->has_hotplug)
        return 0;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&hotplug->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pci_hotplug_init(&hotplug->registers, layout->hotplug_base,
                     &pci_hotplug_ops, machine);
    return bus_add(layout->has_ports ? &machine->ports : &machine->mmio,
                   &hotplug->registers.region);
}

void machine_hotplug_stop(struct machine *machine)
{
    struct machine_hotplug *hotplug = &machine->hotplug;
    bool has_thread;

    pthread_mutex_lock(&machine->devices_lock);
    has_thread = hotplug->has_thread;
    hotplug->is_stopping = true;
    hotplug->has_thread = false;
    if (has_thread)
        pthread_cond_signal(&hotplug->changed);
    pthread_mutex_unlock(&machine->devices_lock);
    if (has_thread)
        pthread_join(hotplug->thread, NULL);
}

void machine_hotplug_destroy(struct machine *machine)
{
    struct machine_hotplug *hotplug = &machine->hotplug;

    if (!hotplug->registers.ops)
        return;
    machine_hotplug_stop(machine);
    pci_hotplug_destroy(&hotplug->registers);
    pthread_cond_destroy(&hotplug->changed);
}

void machine_hotplug_reset(struct machine *machine)
{
    if (!machine->hotplug.registers.ops)
        return;
    pthread_mutex_lock(&machine->devices_lock);
    for (unsigned i = 0; i < machine->num_devices; i++) {
        struct machine_device *device = machine->devices[i];

        if (device->is_unwanted && device->state == MACHINE_DEVICE_PRESENT)
            eject(machine, device);
    }
    pthread_mutex_unlock(&machine->devices_lock);
    pci_hotplug_reset(&machine->hotplug.registers);
}

/* ---- The control socket ---- */

static bool can_hotplug(struct control_call *call)
{
    if (arch_machine_layout()->has_hotplug)
        return true;
    control_fail(call, "network cards cannot come and go on this architecture");
    return false;
}

/* Looks before a device is opened for nothing; plugging in looks again. */
static bool has_room(struct machine *machine, struct control_call *call)
{
    unsigned count;

    pthread_mutex_lock(&machine->devices_lock);
    count = machine->num_devices;
    pthread_mutex_unlock(&machine->devices_lock);
    if (count < OPTIONS_MAX_NETS)
        return true;
    control_fail(call,
                 "there are %d network cards already, the most: remove "
                 "one first",
                 OPTIONS_MAX_NETS);
    return false;
}

static int plug(struct machine_device *device,
                char name[MACHINE_DEVICE_MAX_NAME])
{
    struct machine *machine = device->machine;
    int error;

    pthread_mutex_lock(&machine->devices_lock);
    error = machine_device_plug(device);
    if (!error) {
        memcpy(name, device->name, sizeof(device->name));
        pci_hotplug_check(&machine->hotplug.registers,
                          device->pci.function.slot);
    }
    pthread_mutex_unlock(&machine->devices_lock);
    if (error)
        machine_device_close(device);
    return error;
}

void machine_hotplug_run_add(void *owner, struct control_call *call)
{
    struct machine *machine = owner;
    char reason[OPTIONS_MAX_ERROR], name[MACHINE_DEVICE_MAX_NAME];
    struct net_options options = {0};
    struct machine_device *device;
    int error;

    if (!can_hotplug(call))
        return;
    if (net_options_parse(&options, call->argument, reason, sizeof(reason)) <
        0) {
        control_fail(call, "%s", reason);
        return;
    }
    if (options.kind == NET_VDPA_FD) {
        control_fail(call, "vdpa-fd is for devices that the vmm is left when "
                           "it starts: give vdpa=PATH");
        return;
    }
    if (!has_room(machine, call))
        return;
    error = machine_device_open(machine, &options, &device);
    if (!error)
        error = plug(device, name);
    if (error) {
        control_fail(call, "%s: %s: what the vmm there printed says more",
                     options.name, vhost_strerror(-error));
        return;
    }
    control_reply(call, "%s", name);
    control_succeed(call);
}

static struct machine_device *find_name(struct machine *machine,
                                        const char *name)
{
    for (unsigned i = 0; i < machine->num_devices; i++)
        if (strcmp(machine->devices[i]->name, name) == 0)
            return machine->devices[i];
    return NULL;
}

/* With devices_lock held. */
static void ask_guest(struct machine *machine, struct machine_device *device)
{
    device->is_unwanted = true;
    if (device->state == MACHINE_DEVICE_PRESENT)
        pci_hotplug_request(&machine->hotplug.registers,
                            device->pci.function.slot);
}

/* With devices_lock held; the thread answers. */
static void ask_and_wait(struct machine *machine, struct machine_device *device,
                         struct control_call *call)
{
    clock_gettime(CLOCK_MONOTONIC, &device->removal_due);
    device->removal_due.tv_sec += MACHINE_HOTPLUG_SECONDS;
    device->removal = call;
    ask_guest(machine, device);
}

static void run_remove(struct machine *machine, struct control_call *call,
                       bool by_force)
{
    struct machine_device *device;

    if (!can_hotplug(call))
        return;
    pthread_mutex_lock(&machine->devices_lock);
    device = find_name(machine, call->argument);
    if (!device)
        control_fail(call,
                     "there is no network card \"%s\": \"status\" lists them",
                     call->argument);
    else if (device->state == MACHINE_DEVICE_CLOSING ||
             (by_force ? device->release : device->removal))
        control_fail(call, "%s is being removed already", device->name);
    else if (wake_thread(machine) != 0)
        control_fail(call, "the vmm there has no thread for it");
    else if (!by_force)
        ask_and_wait(machine, device, call);
    else {
        device->release = call;
        ask_guest(machine, device);
    }
    pthread_mutex_unlock(&machine->devices_lock);
}

void machine_hotplug_run_remove(void *owner, struct control_call *call)
{
    run_remove(owner, call, false);
}

void machine_hotplug_run_force(void *owner, struct control_call *call)
{
    run_remove(owner, call, true);
}
