/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_command.h: the command that the guest runs for the host: a console
 * device with its streams, and a control port on which the guest's first
 * process tells how far it is.
 */
#ifndef VMM_MACHINE_COMMAND_H
#define VMM_MACHINE_COMMAND_H

#include "devices/virtio_pci.h"
#include "vmm/collect.h"
#include "vmm/compiler.h"
#include "vmm/log.h"
#include "vmm/outcome.h"

#include <stdbool.h>
#include <stddef.h>

struct machine;

struct machine_command {
    struct virtio_pci pci;
    bool has_pci;
    struct machine *machine;

    _Atomic enum guest_phase phase;
    /* Written on the device's thread; to be read once it stopped. */
    int status; /* of the command: 0 to 255, or 128 + its signal */
    bool was_killed, was_not_run, lost_output;
    bool out_is_error; /* standard output and error are one file */
    struct log_limit complaints;
    char line[512];
    size_t length;
    struct collect collect; /* the files that the guest sends */
};

/* Plugs the device in; -errno, logged. Before the guest runs. */
int machine_command_init(struct machine_command *command,
                         struct machine *machine) MUST_CHECK;
/* Typed bytes for the command's terminal; returns how many were taken. When
 * fewer, terminal_resume() of machine->terminal follows. */
size_t machine_command_receive(struct machine_command *command,
                               const uint8_t *bytes, size_t size);
/* Tells the command's terminal the size of ours. From any thread. */
void machine_command_window_changed(struct machine_command *command);

/* Power-on state, but for what is known of the command. While no vCPU runs. */
void machine_command_reset(struct machine_command *command);
void machine_command_destroy(struct machine_command *command);

#endif
