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
#include "vmm/outcome.h"

#include <stdbool.h>
#include <stddef.h>

struct machine;

struct machine_command {
    struct virtio_pci pci;
    bool has_pci;
    struct machine *machine;

    /* Written on the device's thread; read it too, or once that is gone. */
    enum guest_phase phase;
    int status; /* of the command: 0 to 255, or 128 + its signal */
    bool was_killed, was_not_run;
    char line[512];
    size_t length;
};

/* Plugs the device in; -errno, logged. Before the guest runs. */
int machine_command_init(struct machine_command *command,
                         struct machine *machine) MUST_CHECK;
/* Power-on state, but for what is known of the command. While no vCPU runs. */
void machine_command_reset(struct machine_command *command);
void machine_command_destroy(struct machine_command *command);

#endif
