/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_console.c: the guest's serial port: its bytes go to the terminal or
 * to --kmsg, and are read along for what the kernel says of itself.
 */
#include "vmm/machine_console.h"

#include "vmm/arch.h"
#include "vmm/fd.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/machine_requests.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Said once; a reader who left has read enough. */
static void lose_kmsg(struct machine *machine, int error)
{
    if (error == EPIPE || error == EAGAIN || error == EINTR ||
        machine->has_lost_kmsg)
        return;
    machine->has_lost_kmsg = true;
    log_error("--kmsg %s: %s: it lacks some of what the guest prints",
              machine->options->kmsg, strerror(error));
}

/* On a vCPU's thread. A file that is full, or a reader who left, must not stop
 * the guest; and a signal stops us, as whoever waits for the vCPU sends one. */
static void write_kmsg(struct machine *machine, const uint8_t *bytes,
                       size_t size)
{
    while (machine->kmsg_fd >= 0 && size > 0) {
        ssize_t done = write(machine->kmsg_fd, bytes, size);

        if (done < 0) {
            lose_kmsg(machine, errno);
            return;
        }
        bytes += done;
        size -= (size_t)done;
    }
}

static void serial_transmit(void *owner, const uint8_t *bytes, size_t count)
{
    struct machine *machine = owner;
    bool has_panicked, has_halted;

    run_phases_reach(&machine->phases, RUN_PHASE_CONSOLE);
    pthread_mutex_lock(&machine->kernel_log_lock);
    kernel_log_add(&machine->kernel_log, bytes, count);
    has_panicked = machine->kernel_log.panic_is_complete;
    has_halted = machine->kernel_log.saw_halt;
    pthread_mutex_unlock(&machine->kernel_log_lock);
    if (has_panicked)
        machine_request(machine, MACHINE_REQUEST_PANIC, 0);
    /* A kernel without ACPI cannot power off; nothing would end the run. */
    else if (has_halted && machine->options->command_argv)
        machine_request(machine, MACHINE_REQUEST_POWER_OFF, 0);
    if (machine->options->console == CONSOLE_STDIO)
        terminal_write(&machine->terminal, bytes, count);
    write_kmsg(machine, bytes, count);
}

static void serial_set_irq(void *owner, bool high)
{
    struct machine *machine = owner;
    struct machine_port port = kvm_machine_port(&machine->kvm);

    port.ops->set_irq_level(port.machine, arch_machine_layout()->serial_gsi,
                            high);
}

static void serial_receive_ready(void *owner)
{
    struct machine *machine = owner;

    if (machine->options->console == CONSOLE_STDIO)
        terminal_resume(&machine->terminal);
}

static const struct serial_ops serial_ops = {
    .transmit = serial_transmit,
    .set_irq = serial_set_irq,
    .receive_ready = serial_receive_ready,
};

static size_t terminal_receive(void *owner, const uint8_t *bytes, size_t size)
{
    struct machine *machine = owner;

    if (machine->options->has_tty)
        return machine_command_receive(&machine->command, bytes, size);
    return serial_receive(&machine->serial, bytes, size);
}

static void terminal_break(void *owner)
{
    struct machine *machine = owner;

    serial_receive_break(&machine->serial);
}

static void terminal_quit(void *owner)
{
    machine_request(owner, MACHINE_REQUEST_QUIT, 0);
}

static const struct terminal_client terminal_client = {
    .receive = terminal_receive,
    .send_break = terminal_break,
    .quit = terminal_quit,
};

void machine_console_init_serial(struct machine *machine)
{
    pthread_mutex_init(&machine->kernel_log_lock, NULL);
    kernel_log_init(&machine->kernel_log, &machine->allowed_splats);
    serial_init(&machine->serial, arch_machine_layout()->serial_base,
                &serial_ops, machine);
}

static int open_kmsg(struct machine *machine)
{
    const char *path = machine->options->kmsg;

    if (strcmp(path, "none") == 0)
        return 0;
    if (strcmp(path, "stderr") == 0)
        machine->kmsg_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    else
        machine->kmsg_fd =
            open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (machine->kmsg_fd < 0) {
        int error = -errno;

        log_error("--kmsg %s: %s: give a file that can be written", path,
                  strerror(-error));
        return error;
    }
    return 0;
}

static bool uses_terminal(const struct options *options)
{
    return options->console == CONSOLE_STDIO || options->has_tty;
}

int machine_console_open(struct machine *machine)
{
    int error = machine->options->kmsg ? open_kmsg(machine) : 0;

    if (!error && uses_terminal(machine->options))
        error = terminal_init(&machine->terminal, &machine->loop, STDIN_FILENO,
                              STDOUT_FILENO, &terminal_client, machine);
    if (!error && uses_terminal(machine->options))
        terminal_set_escape_key(&machine->terminal,
                                machine->options->escape_key);
    return error;
}

void machine_console_close(struct machine *machine)
{
    if (machine->terminal.client)
        terminal_destroy(&machine->terminal);
    close_fd(&machine->kmsg_fd);
}
