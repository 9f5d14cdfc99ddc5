/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_command.h: the command that the guest runs for the host: a console
 * device with its streams, and a control port on which the guest's first
 * process tells how far it is.
 */
#ifndef VMM_MACHINE_COMMAND_H
#define VMM_MACHINE_COMMAND_H

#include "devices/virtio_pci.h"
#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>

struct machine;

/* How far the guest's first process is. */
enum guest_phase {
    GUEST_PHASE_KERNEL,  /* it does not run yet */
    GUEST_PHASE_INIT,    /* it runs */
    GUEST_PHASE_COMMAND, /* so does the command */
    GUEST_PHASE_ENDED,   /* `status` is known */
};

struct machine_command {
    struct virtio_pci pci;
    bool has_pci;
    struct machine *machine;

    /* Written on the device's thread; read it too, or once that is gone. */
    enum guest_phase phase;
    int status; /* of the command: 0 to 255, or 128 + its signal */
    char line[512];
    size_t length;
};

/* Plugs the device in; -errno, logged. Before the guest runs. */
int machine_command_init(struct machine_command *command,
                         struct machine *machine) MUST_CHECK;
/* Power-on state. While no vCPU runs. */
void machine_command_reset(struct machine_command *command);
void machine_command_destroy(struct machine_command *command);

#endif
