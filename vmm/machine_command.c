/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_command.c: the streams of the guest's command, and what its first
 * process says on the control port.
 */
#include "vmm/machine_command.h"

#include "vdpa/soft_console.h"
#include "vmm/exit_status.h"
#include "vmm/guest_line.h"
#include "vmm/log.h"
#include "vmm/machine.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "command"

enum port {
    PORT_CONTROL,
    PORT_STDIN,
    PORT_STDOUT,
    PORT_STDERR,
    PORT_FILES, /* only when there are some to collect */
};

static const char *const port_names[] = {
    [PORT_CONTROL] = "vmm.control", [PORT_STDIN] = "vmm.stdin",
    [PORT_STDOUT] = "vmm.stdout",   [PORT_STDERR] = "vmm.stderr",
    [PORT_FILES] = "vmm.files",
};

static void end(struct machine_command *command, int status)
{
    if (command->phase == GUEST_PHASE_ENDED)
        return;
    command->phase = GUEST_PHASE_ENDED;
    run_phases_reach(&command->machine->phases, RUN_PHASE_COMMAND_ENDED);
    command->status = status;
    soft_console_drain(command->pci.device.backend);
}

static void reach(struct machine_command *command, enum guest_phase phase,
                  enum run_phase run_phase)
{
    command->phase = phase;
    run_phases_reach(&command->machine->phases, run_phase);
}

static void take_line(struct machine_command *command, const char *text)
{
    const struct guest_line line = guest_line_parse(text);

    switch (line.kind) {
    case GUEST_LINE_INIT:
        reach(command, GUEST_PHASE_INIT, RUN_PHASE_INIT);
        machine_ready_tell(&command->machine->ready);
        break;
    case GUEST_LINE_COMMAND:
        reach(command, GUEST_PHASE_COMMAND, RUN_PHASE_COMMAND);
        break;
    case GUEST_LINE_CANNOT_RUN:
        command->was_not_run = true;
        log_error("the guest cannot run %s: %s",
                  command->machine->options->command_argv[0],
                  strerror((int)line.number));
        break;
    case GUEST_LINE_EXIT:
        end(command, (int)line.number);
        break;
    case GUEST_LINE_SIGNAL:
        command->was_killed = true;
        end(command, EXIT_STATUS_SIGNAL + (int)line.number);
        break;
    case GUEST_LINE_FAILED:
        command->phase = GUEST_PHASE_FAILED;
        log_error("the guest gave up: %s", line.text);
        soft_console_drain(command->pci.device.backend);
        break;
    case GUEST_LINE_WARNING:
        log_guest(&command->complaints, "the guest: %s", line.text);
        break;
    case GUEST_LINE_OTHER:
    default:
        log_debug("the guest says: %s", line.text);
        break;
    }
}

static void received(void *owner, unsigned port, const uint8_t *bytes,
                     size_t size)
{
    struct machine_command *command = owner;

    if (port == PORT_FILES)
        collect_receive(&command->collect, bytes, size);
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

/* Our messages begin on lines of their own, whatever the command leaves. */
static void passed(void *owner, unsigned port, uint8_t last)
{
    const struct machine_command *command = owner;

    if (port == PORT_STDERR || (port == PORT_STDOUT && command->out_is_error))
        log_follow((char)last);
}

static bool is_one_file(int a, int b)
{
    struct stat of_a, of_b;

    return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 &&
           of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

/* As a program learns of it whose reader has gone. */
static void out_failed(void *owner, unsigned port, int error)
{
    struct machine_command *command = owner;
    char line[16];

    if (error != EPIPE) {
        command->lost_output = true;
        log_error("%s: write: %s: what the command prints there is lost",
                  port_names[port], strerror(error));
    }
    snprintf(line, sizeof(line), "signal %d\n", SIGPIPE);
    soft_console_answer(command->pci.device.backend, PORT_CONTROL, line,
                        strlen(line));
}

static void drained(void *owner)
{
    struct machine_command *command = owner;

    /* It waits for this before it powers off. */
    soft_console_answer(command->pci.device.backend, PORT_CONTROL, ".\n", 2);
}

static void has_room(void *owner, unsigned port)
{
    struct machine_command *command = owner;

    if (port == PORT_STDIN)
        terminal_resume(&command->machine->terminal);
}

static const struct soft_console_client client = {
    .received = received,
    .passed = passed,
    .out_failed = out_failed,
    .has_room = has_room,
    .drained = drained,
};

/* ---- For the machine ---- */

size_t machine_command_receive(struct machine_command *command,
                               const uint8_t *bytes, size_t size)
{
    return soft_console_send(command->pci.device.backend, PORT_STDIN, bytes,
                             size);
}

void machine_command_window_changed(struct machine_command *command)
{
    struct winsize window;
    char line[64];
    int length;

    if (!command->has_pci || ioctl(STDIN_FILENO, TIOCGWINSZ, &window) != 0)
        return;
    length = snprintf(line, sizeof(line), "window %u %u\n", window.ws_col,
                      window.ws_row);
    soft_console_send(command->pci.device.backend, PORT_CONTROL, line,
                      (size_t)length);
}

int machine_command_init(struct machine_command *command,
                         struct machine *machine)
{
    /* With a terminal, machine_command_receive() has what is typed. */
    const struct soft_console_port_options ports[] = {
        [PORT_CONTROL] = {port_names[PORT_CONTROL], -1, -1},
        [PORT_STDIN] = {port_names[PORT_STDIN],
                        machine->options->has_tty ? -1 : STDIN_FILENO, -1},
        [PORT_STDOUT] = {port_names[PORT_STDOUT], -1, STDOUT_FILENO},
        [PORT_STDERR] = {port_names[PORT_STDERR], -1, STDERR_FILENO},
        [PORT_FILES] = {port_names[PORT_FILES], -1, -1},
    };
    const struct soft_console_options options = {
        .name = NAME,
        .ports = ports,
        .num_ports =
            machine->options->num_collects > 0 ? ARRAY_SIZE(ports) : PORT_FILES,
        .client = &client,
        .owner = command,
    };
    const struct virtio_device_options no_options = {.queue_pairs = 0};
    struct vdpa_backend *backend;
    int error;

    command->out_is_error = is_one_file(STDOUT_FILENO, STDERR_FILENO);
    error = soft_console_open(&options, &backend);
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
    if (!error && machine->options->has_tty)
        machine_command_window_changed(command);
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
