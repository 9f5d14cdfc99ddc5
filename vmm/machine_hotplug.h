/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_hotplug.h: network cards that come and go while the guest runs.
 *
 * To come: "net add" opens the device, plugs the card in and has the guest
 * look. To go: "net remove" asks the guest, which lets go of the card by
 * ejecting it; it may do so unasked. Then, and when a guest that was asked is
 * reset, nobody answers in the slot any more and the device is closed, on a
 * thread that is there once there is something to close.
 *
 * By force the device alone goes, at once, and the guest, which is asked all
 * the same, keeps a card without a link until it lets go of it. A card that
 * vanished under its driver would leave Linux waiting for it for ever.
 */
#ifndef VMM_MACHINE_HOTPLUG_H
#define VMM_MACHINE_HOTPLUG_H

#include "devices/pci_hotplug.h"
#include "vmm/compiler.h"

#include <pthread.h>
#include <stdbool.h>

/* How long "net remove" waits for the guest. */
#define MACHINE_HOTPLUG_SECONDS 30

struct machine;
struct control_call;

struct machine_hotplug {
    struct pci_hotplug registers;
    pthread_cond_t changed; /* states of devices; with devices_lock */
    pthread_t thread;       /* "hotplug"; what follows with devices_lock */
    bool has_thread, is_stopping;
};

/* Puts the registers on the bus, where the machine's description has them. */
int machine_hotplug_init(struct machine *machine) MUST_CHECK;
/* Waits for the thread; from here on nothing comes and goes. Once the control
 * thread has ended. */
void machine_hotplug_stop(struct machine *machine);
void machine_hotplug_destroy(struct machine *machine);

/* The guest starts anew: it finds what is there by itself, and cards that it
 * was asked for are taken. While no vCPU runs. */
void machine_hotplug_reset(struct machine *machine);

/* "net add NETWORK", "net remove NAME" and "net remove --force NAME": run() of
 * control_command; `owner` is the machine. */
void machine_hotplug_run_add(void *owner, struct control_call *call);
void machine_hotplug_run_remove(void *owner, struct control_call *call);
void machine_hotplug_run_force(void *owner, struct control_call *call);

#endif
