/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.c: builds the machine in one visible order, runs it, resets it,
 * takes it down in the reverse order.
 */
#include "vmm/machine.h"

#include "vmm/arch.h"
#include "vmm/exit_status.h"
#include "vmm/fd.h"
#include "vmm/guest_image.h"
#include "vmm/log.h"
#include "vmm/machine_control.h"
#include "vmm/machine_device.h"
#include "vmm/machine_memory.h"
#include "vmm/machine_report.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* ---- Requests: from any thread, served on the I/O thread ---- */

/* A request and its detail, exit status or signal number, in one atomic. */
#define REQUEST_BITS 8

static int pack_request(enum machine_request what, int detail)
{
    return (int)what | detail << REQUEST_BITS;
}

static enum machine_request request_of(int packed)
{
    return (enum machine_request)(packed & ((1 << REQUEST_BITS) - 1));
}

static bool asks_for_reset(enum machine_request what)
{
    return what == MACHINE_REQUEST_RESET ||
           what == MACHINE_REQUEST_TRIPLE_FAULT;
}

/* The first to ask is served, but who wants the end comes before a reset: a
 * guest that resets itself again and again must not keep the user out. */
static bool comes_before(enum machine_request what,
                         enum machine_request waiting)
{
    return waiting == MACHINE_REQUEST_NONE ||
           (asks_for_reset(waiting) && !asks_for_reset(what));
}

static void request(struct machine *machine, enum machine_request what,
                    int detail)
{
    const uint64_t one = 1;
    int waiting = atomic_load(&machine->request);

    do {
        if (!comes_before(what, request_of(waiting)))
            return;
    } while (!atomic_compare_exchange_weak(&machine->request, &waiting,
                                           pack_request(what, detail)));
    /* A vCPU that waits for the reader of stdout could not be stopped. */
    if (!asks_for_reset(what))
        terminal_stop_waiting(&machine->terminal);
    vcpu_group_stop_entering(&machine->vcpus);
    if (write(machine->request_source.fd, &one, sizeof(one)) < 0)
        log_error("eventfd: write: %s", strerror(errno));
}

static void vcpu_stopped(void *owner, enum vcpu_stop why)
{
    static const enum machine_request requests[] = {
        [VCPU_STOP_RESET] = MACHINE_REQUEST_TRIPLE_FAULT,
        [VCPU_STOP_POWEROFF] = MACHINE_REQUEST_POWER_OFF,
        [VCPU_STOP_FAILED] = MACHINE_REQUEST_FAILED,
    };

    request(owner, requests[why], 0);
}

static void power_off_requested(void *owner)
{
    request(owner, MACHINE_REQUEST_POWER_OFF, 0);
}

static void reset_requested(void *owner)
{
    request(owner, MACHINE_REQUEST_RESET, 0);
}

static const struct power_ops power_ops = {
    .power_off = power_off_requested,
    .reset = reset_requested,
};

static void exit_requested(void *owner, uint8_t status)
{
    request(owner, MACHINE_REQUEST_EXIT, status);
}

static void signal_ready(void *owner, uint32_t events)
{
    struct machine *machine = owner;
    struct signalfd_siginfo info;

    (void)events;
    if (read(machine->signal_source.fd, &info, sizeof(info)) ==
        (ssize_t)sizeof(info))
        request(machine, MACHINE_REQUEST_SIGNAL, (int)info.ssi_signo);
}

/* ---- The console: serial port and terminal ---- */

static void serial_transmit(void *owner, const uint8_t *bytes, size_t count)
{
    struct machine *machine = owner;

    if (machine->options->console == CONSOLE_STDIO)
        terminal_write(&machine->terminal, bytes, count);
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

    return serial_receive(&machine->serial, bytes, size);
}

static void terminal_break(void *owner)
{
    struct machine *machine = owner;

    serial_receive_break(&machine->serial);
}

static void terminal_quit(void *owner)
{
    request(owner, MACHINE_REQUEST_QUIT, 0);
}

static const struct terminal_client terminal_client = {
    .receive = terminal_receive,
    .send_break = terminal_break,
    .quit = terminal_quit,
};

/* ---- Building ---- */

static int init_vm(struct machine *machine)
{
    int error = kvm_open(&machine->kvm, arch_machine_type());

    if (!error)
        error = kvm_add_memory(&machine->kvm, &machine->memory);
    if (!error)
        error = arch_init_interrupts(&machine->kvm);
    if (!error)
        error = vcpu_group_init(&machine->vcpus, &machine->kvm,
                                machine->options->cpus, &machine->ports,
                                &machine->mmio);
    if (!error)
        error = arch_init_vcpus(&machine->kvm, &machine->vcpus);
    machine->vcpus.stopped = vcpu_stopped;
    machine->vcpus.owner = machine;
    return error;
}

static int init_small_devices(struct machine *machine)
{
    const struct machine_layout *layout = arch_machine_layout();
    struct bus *bus = layout->has_ports ? &machine->ports : &machine->mmio;
    int error;

    serial_init(&machine->serial, layout->serial_base, &serial_ops, machine);
    power_init(&machine->power, layout->power_base, &power_ops, machine);
    exit_port_init(&machine->exit_port, layout->exit_port_base, exit_requested,
                   machine);
    error = bus_add(bus, &machine->serial.region);
    if (!error)
        error = bus_add(bus, &machine->power.region);
    if (!error)
        error = bus_add(bus, &machine->exit_port.region);
    return error;
}

static int init_pci(struct machine *machine)
{
    const struct machine_layout *layout = arch_machine_layout();
    const struct pci_host_layout pci = {
        .ecam_base = layout->pci_ecam_base,
        .window32_base = layout->pci_window32_base,
        .window32_size = layout->pci_window32_size,
        .window64_base = layout->pci_window64_base,
        .window64_size = layout->pci_window64_size,
        .first_gsi = layout->pci_first_gsi,
        .num_gsis = layout->pci_num_gsis,
    };

    return pci_host_init(&machine->pci_host, &pci, &machine->mmio,
                         layout->has_ports ? &machine->ports : NULL);
}

static int init_requests(struct machine *machine)
{
    sigset_t signals;
    int error;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    machine->request_source = (struct event_source){
        .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .events = EPOLLIN};
    machine->signal_source = (struct event_source){
        .fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK),
        .events = EPOLLIN,
        .ready = signal_ready,
        .owner = machine};
    if (machine->request_source.fd < 0 || machine->signal_source.fd < 0) {
        error = -errno;
        log_error("eventfd and signalfd: %s", strerror(-error));
        return error;
    }
    return event_loop_add(&machine->loop, &machine->signal_source);
}

/* With a command, the initramfs is made for it. */
static int init_boot_files(struct machine *machine)
{
    const struct options *options = machine->options;
    bool has_command = options->command_argv != NULL;
    int error, fd;

    snprintf(machine->command_line, sizeof(machine->command_line), "%s%s%s",
             has_command ? "rdinit=" GUEST_IMAGE_INIT : "",
             has_command && options->append[0] ? " " : "", options->append);
    error = boot_files_open(&machine->files, options->kernel,
                            has_command ? NULL : options->initrd,
                            machine->command_line);
    if (error || !has_command)
        return error;
    error = guest_image_build(options, &fd);
    if (!error)
        error = boot_files_set_initrd(&machine->files, fd, "the guest's image");
    return error;
}

int machine_init(struct machine *machine, const struct options *options)
{
    int error;

    memset(machine, 0, sizeof(*machine));
    machine->options = options;
    machine->memory.fd = -1;
    machine->kvm.vm_fd = machine->kvm.system_fd = -1;
    machine->files.kernel.fd = machine->files.initrd.fd = -1;
    machine->request_source.fd = machine->signal_source.fd = -1;
    bus_init(&machine->ports, "port");
    bus_init(&machine->mmio, "mmio");
    pthread_mutex_init(&machine->devices_lock, NULL);

    error = event_loop_init(&machine->loop);
    if (!error)
        error = init_requests(machine);
    if (!error)
        error = init_boot_files(machine);
    if (!error)
        error = machine_memory_init(machine);
    if (!error)
        error = init_vm(machine);
    if (!error)
        error = init_small_devices(machine);
    if (!error)
        error = init_pci(machine);
    if (!error)
        error = machine_hotplug_init(machine);
    if (!error)
        error = machine_memory_reserve(machine);
    for (unsigned i = 0; i < options->net_count && !error; i++)
        error = machine_device_add(machine, &options->nets[i]);
    if (!error && options->command_argv)
        error = machine_command_init(&machine->command, machine);
    if (!error)
        error =
            arch_load_guest(&machine->memory, &machine->vcpus, &machine->files);
    if (!error)
        error = machine_control_init(machine);
    /* Last, so that an error above is not printed to a raw terminal. */
    if (!error && options->console == CONSOLE_STDIO)
        error = terminal_init(&machine->terminal, &machine->loop, STDIN_FILENO,
                              STDOUT_FILENO, &terminal_client, machine);
    if (error)
        machine_destroy(machine);
    return error;
}

void machine_destroy(struct machine *machine)
{
    if (machine->terminal.client)
        terminal_destroy(&machine->terminal);
    arch_destroy_vcpus(&machine->vcpus);
    vcpu_group_destroy(&machine->vcpus);
    machine_hotplug_stop(machine);
    control_destroy(&machine->control);
    machine_command_destroy(&machine->command);
    machine_device_close_all(machine);
    machine_hotplug_destroy(machine);
    if (machine->pci_host.mmio)
        pci_host_destroy(&machine->pci_host);
    if (machine->serial.ops)
        serial_destroy(&machine->serial);
    kvm_close(&machine->kvm);
    guest_memory_destroy(&machine->memory);
    boot_files_close(&machine->files);
    close_fd(&machine->signal_source.fd);
    close_fd(&machine->request_source.fd);
    event_loop_destroy(&machine->loop);
    bus_destroy(&machine->mmio);
    bus_destroy(&machine->ports);
}

/* ---- Running ---- */

static int reset(struct machine *machine)
{
    int error;

    machine_hotplug_reset(machine);
    machine_device_reset_all(machine);
    machine_command_reset(&machine->command);
    pci_host_reset(&machine->pci_host);
    serial_reset(&machine->serial);
    error = arch_reset(&machine->kvm, &machine->vcpus);
    if (!error)
        error =
            arch_load_guest(&machine->memory, &machine->vcpus, &machine->files);
    return error;
}

/* Serves a request for a reset. */
static void restart(struct machine *machine, int served)
{
    vcpu_group_pause(&machine->vcpus);
    if (reset(machine) != 0) {
        machine->exit_status = EXIT_STATUS_FAILED;
        event_loop_stop(&machine->loop);
        return;
    }
    log_guest(&machine->reset_log, "the guest was reset");
    /* Unless it was outranked meanwhile, by one that comes here next. */
    if (atomic_compare_exchange_strong(&machine->request, &served,
                                       MACHINE_REQUEST_NONE))
        vcpu_group_resume(&machine->vcpus);
}

static int status_of(enum machine_request what, int detail)
{
    switch (what) {
    case MACHINE_REQUEST_TRIPLE_FAULT:
        log_error("the guest ended by a triple fault");
        return EXIT_STATUS_TRIPLE_FAULT;
    case MACHINE_REQUEST_EXIT:
        return detail;
    case MACHINE_REQUEST_SIGNAL:
        log_error("ended by signal %d (%s)", detail, strsignal(detail));
        return EXIT_STATUS_SIGNAL + detail;
    case MACHINE_REQUEST_FAILED:
        return EXIT_STATUS_FAILED;
    case MACHINE_REQUEST_NONE:
    case MACHINE_REQUEST_RESET:
    case MACHINE_REQUEST_POWER_OFF:
    case MACHINE_REQUEST_QUIT:
    default:
        return 0;
    }
}

/* On the I/O thread. */
static void request_ready(void *owner, uint32_t events)
{
    struct machine *machine = owner;
    enum machine_request what;
    uint64_t count;
    int packed;

    (void)events;
    if (read(machine->request_source.fd, &count, sizeof(count)) < 0)
        return;
    packed = atomic_load(&machine->request);
    what = request_of(packed);
    /* Already served: two asked before we came. */
    if (what == MACHINE_REQUEST_NONE)
        return;
    if (machine->options->on_reset == ON_RESET_RESTART &&
        asks_for_reset(what)) {
        if (what == MACHINE_REQUEST_TRIPLE_FAULT)
            log_guest(&machine->reset_log, "the guest had a triple fault");
        restart(machine, packed);
        return;
    }
    machine->exit_status = status_of(what, packed >> REQUEST_BITS);
    if (what == MACHINE_REQUEST_POWER_OFF && machine->options->command_argv)
        machine->exit_status = machine->command.status;
    event_loop_stop(&machine->loop);
}

/* The processor time that start-up cost this process, in all threads. */
static void log_start_cost(void)
{
    struct timespec used;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0)
        log_debug("start-up took %.1f ms of processor time",
                  (double)used.tv_sec * 1e3 + (double)used.tv_nsec / 1e6);
}

/* A fault, a signal or a failure says more than what the run did not show. */
static bool ended_well(struct machine *machine)
{
    switch (request_of(atomic_load(&machine->request))) {
    case MACHINE_REQUEST_POWER_OFF:
    case MACHINE_REQUEST_RESET:
    case MACHINE_REQUEST_EXIT:
    case MACHINE_REQUEST_QUIT:
        return true;
    case MACHINE_REQUEST_NONE:
    case MACHINE_REQUEST_TRIPLE_FAULT:
    case MACHINE_REQUEST_SIGNAL:
    case MACHINE_REQUEST_FAILED:
    default:
        return false;
    }
}

static int status_of_run(struct machine *machine)
{
    if (machine->options->required & REQUIRE_BYPASS && ended_well(machine) &&
        !machine_report_all_bypass(machine))
        return EXIT_STATUS_NO_BYPASS;
    return machine->exit_status;
}

int machine_run(struct machine *machine)
{
    int error;

    machine->request_source.ready = request_ready;
    machine->request_source.owner = machine;
    error = event_loop_add(&machine->loop, &machine->request_source);
    if (!error)
        error = vcpu_group_start(&machine->vcpus);
    if (error)
        return EXIT_STATUS_FAILED;
    log_start_cost();
    vcpu_group_resume(&machine->vcpus);
    error = event_loop_run(&machine->loop);
    control_stop(&machine->control);
    machine_hotplug_stop(machine);
    vcpu_group_pause(&machine->vcpus);
    /* Stops the devices, which closes their reports. */
    machine_device_reset_all(machine);
    machine_command_reset(&machine->command);
    return error ? EXIT_STATUS_FAILED : status_of_run(machine);
}
