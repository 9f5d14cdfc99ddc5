/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_command.c: the streams of the guest's command, and what its first
 * process says on the control port.
 */
#include "vmm/machine_command.h"

#include "vdpa/soft_console.h"
#include "vmm/exit_status.h"
#include "vmm/log.h"
#include "vmm/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "command"

enum port {
    PORT_CONTROL,
    PORT_STDIN,
    PORT_STDOUT,
    PORT_STDERR,
};

static const struct soft_console_port_options ports[] = {
    [PORT_CONTROL] = {"vmm.control", -1, -1},
    [PORT_STDIN] = {"vmm.stdin", STDIN_FILENO, -1},
    [PORT_STDOUT] = {"vmm.stdout", -1, STDOUT_FILENO},
    [PORT_STDERR] = {"vmm.stderr", -1, STDERR_FILENO},
};

static void end(struct machine_command *command, int status)
{
    if (command->phase == GUEST_PHASE_ENDED)
        return;
    command->phase = GUEST_PHASE_ENDED;
    command->status = status;
    soft_console_drain(command->pci.device.backend);
}

static void take_line(struct machine_command *command, const char *line)
{
    int number;

    if (strcmp(line, "init") == 0)
        command->phase = GUEST_PHASE_INIT;
    else if (strcmp(line, "command") == 0)
        command->phase = GUEST_PHASE_COMMAND;
    else if (sscanf(line, "exit %d", &number) == 1)
        end(command, number & 0xff);
    else if (sscanf(line, "signal %d", &number) == 1) {
        command->was_killed = true;
        end(command, EXIT_STATUS_SIGNAL + (number & 0x7f));
    } else if (sscanf(line, "cannot-run %d", &number) == 1) {
        command->was_not_run = true;
        log_error("the guest cannot run %s: %s",
                  command->machine->options->command_argv[0], strerror(number));
    } else if (strncmp(line, "failed ", 7) == 0) {
        command->phase = GUEST_PHASE_FAILED;
        log_error("the guest gave up: %s", line + 7);
    } else
        log_debug("the guest says: %s", line);
}

static void received(void *owner, unsigned port, const uint8_t *bytes,
                     size_t size)
{
    struct machine_command *command = owner;

    if (port != PORT_CONTROL)
        return;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != '\n') {
            if (command->length < sizeof(command->line) - 1)
                command->line[command->length++] = (char)bytes[i];
            continue;
        }
        command->line[command->length] = '\0';
        command->length = 0;
        take_line(command, command->line);
    }
}

static void out_failed(void *owner, unsigned port, int error)
{
    (void)owner;
    log_debug("%s: %s", ports[port].name, strerror(error));
}

static void drained(void *owner)
{
    struct machine_command *command = owner;

    /* It waits for this before it powers off. */
    if (soft_console_answer(command->pci.device.backend, PORT_CONTROL, ".",
                            1) != 0)
        log_debug("the guest does not listen");
}

static const struct soft_console_client client = {
    .received = received,
    .out_failed = out_failed,
    .drained = drained,
};

int machine_command_init(struct machine_command *command,
                         struct machine *machine)
{
    const struct soft_console_options options = {
        .name = NAME,
        .ports = ports,
        .num_ports = ARRAY_SIZE(ports),
        .client = &client,
        .owner = command,
    };
    const struct virtio_device_options no_options = {.queue_pairs = 0};
    struct vdpa_backend *backend;
    int error = soft_console_open(&options, &backend);

    if (!error)
        error = virtio_pci_init(
            &command->pci, backend, &no_options, &machine->memory,
            &machine->mmio, kvm_machine_port(&machine->kvm), &machine->loop);
    if (error)
        return error;
    command->machine = machine;
    error = pci_host_add(&machine->pci_host, &command->pci.function);
    if (error)
        virtio_pci_destroy(&command->pci);
    command->has_pci = error == 0;
    return error;
}

void machine_command_reset(struct machine_command *command)
{
    if (!command->has_pci)
        return;
    virtio_pci_reset(&command->pci);
    command->length = 0;
}

void machine_command_destroy(struct machine_command *command)
{
    if (!command->has_pci)
        return;
    pci_host_remove(&command->machine->pci_host, &command->pci.function);
    virtio_pci_destroy(&command->pci);
    command->has_pci = false;
}
