/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.c: builds the machine in one visible order, runs it, resets it,
 * takes it down in the reverse order.
 */
#include "vmm/machine.h"

#include "vmm/arch.h"
#include "vmm/fd.h"
#include "vmm/guest_image.h"
#include "vmm/log.h"
#include "vmm/machine_console.h"
#include "vmm/machine_control.h"
#include "vmm/machine_device.h"
#include "vmm/machine_dump.h"
#include "vmm/machine_end.h"
#include "vmm/machine_memory.h"
#include "vmm/machine_pause.h"
#include "vmm/machine_requests.h"

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

/* ---- What devices and vCPUs ask of the machine ---- */

static void vcpu_stopped(void *owner, enum vcpu_stop why)
{
    static const enum machine_request requests[] = {
        [VCPU_STOP_TRIPLE_FAULT] = MACHINE_REQUEST_TRIPLE_FAULT,
        [VCPU_STOP_RESET] = MACHINE_REQUEST_RESET,
        [VCPU_STOP_POWEROFF] = MACHINE_REQUEST_POWER_OFF,
        [VCPU_STOP_CRASH] = MACHINE_REQUEST_PANIC,
        [VCPU_STOP_FAILED] = MACHINE_REQUEST_FAILED,
    };

    machine_request(owner, requests[why], 0);
}

static void power_off_requested(void *owner)
{
    machine_request(owner, MACHINE_REQUEST_POWER_OFF, 0);
}

static void reset_requested(void *owner)
{
    machine_request(owner, MACHINE_REQUEST_RESET, 0);
}

static const struct power_ops power_ops = {
    .power_off = power_off_requested,
    .reset = reset_requested,
};

static void exit_requested(void *owner, uint8_t status)
{
    machine_request(owner, MACHINE_REQUEST_EXIT, status);
}

/* As QEMU does it, so that no guest ends with status 0. */
static void debug_exit_requested(void *owner, uint8_t value)
{
    machine_request(owner, MACHINE_REQUEST_EXIT, (uint8_t)(value << 1 | 1));
}

static void boot_reached(void *owner, enum boot_timer_mark mark)
{
    static const enum run_phase phases[] = {
        [BOOT_TIMER_KERNEL] = RUN_PHASE_KERNEL,
        [BOOT_TIMER_USER_SPACE] = RUN_PHASE_USER_SPACE,
    };
    struct machine *machine = owner;

    run_phases_reach(&machine->phases, phases[mark]);
}

/* ---- Building ---- */

static int init_vm(struct machine *machine)
{
    int error = kvm_open(&machine->kvm, arch_machine_type);

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

    machine_console_init_serial(machine);
    power_init(&machine->power, layout->power_base, &power_ops, machine);
    rtc_init(&machine->rtc, layout->rtc_base, rtc_host_time);
    exit_port_init(&machine->exit_port, layout->exit_port_base, 1,
                   exit_requested, machine);
    exit_port_init(&machine->debug_exit, layout->debug_exit_base,
                   layout->debug_exit_size, debug_exit_requested, machine);
    boot_timer_init(&machine->boot_timer, layout->boot_timer_base,
                    layout->debug_port_base, boot_reached, machine);
    pvpanic_init(&machine->pvpanic, layout->pvpanic_base, machine_panic_event,
                 machine);
    error = bus_add(bus, &machine->serial.region);
    if (!error && layout->power_base)
        error = bus_add(bus, &machine->power.region);
    if (!error && layout->rtc_base)
        error = bus_add(bus, &machine->rtc.region);
    if (!error)
        error = bus_add(bus, &machine->exit_port.region);
    if (!error && machine->options->has_debug_exit)
        error = bus_add(bus, &machine->debug_exit.region);
    if (!error && layout->boot_timer_base)
        error = bus_add(&machine->mmio, &machine->boot_timer.memory);
    if (!error && layout->debug_port_base)
        error = bus_add(&machine->ports, &machine->boot_timer.port);
    if (!error)
        error = bus_add(bus, &machine->pvpanic.region);
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

/* For a guest that runs a command. A kernel that panics has no reason to wait;
 * and where nobody looks but after a bad end, each byte that it prints is a VM
 * exit or two for nothing. */
static void append_for_command(struct machine *machine)
{
    const struct options *options = machine->options;
    bool is_watched = options->kmsg != NULL || options->fails_on_splat;

    snprintf(machine->command_line, sizeof(machine->command_line),
             "%s panic=-1 rdinit=%s%s%s%s",
             arch_machine_layout()->kernel_append, GUEST_IMAGE_INIT,
             is_watched ? "" : " loglevel=5", options->append[0] ? " " : "",
             options->append);
}

/* All but the initramfs of a guest that runs a command. */
static int init_boot_files(struct machine *machine)
{
    const struct options *options = machine->options;
    bool has_command = options->command_argv != NULL;
    struct kernel_places places;
    int error;

    kernel_places_init(&places);
    error = kernel_choose(&places, options->kernel, machine->kernel_path);
    if (error)
        return error;
    if (has_command)
        append_for_command(machine);
    else
        snprintf(machine->command_line, sizeof(machine->command_line), "%s",
                 options->append);
    return boot_files_open(&machine->files, machine->kernel_path,
                           has_command ? NULL : options->initrd,
                           machine->command_line);
}

/* Once the cards have their places, which the image names. */
static int init_guest_image(struct machine *machine)
{
    uint8_t slots[OPTIONS_MAX_NETS];
    int error, fd;

    if (!machine->options->command_argv)
        return 0;
    for (unsigned i = 0; i < machine->num_devices; i++)
        slots[i] = machine->devices[i]->pci.function.slot;
    error =
        guest_image_build(machine->options, &machine->files.kernel, slots, &fd);
    if (!error)
        error = boot_files_set_initrd(&machine->files, fd, "the guest's image");
    return error;
}

static int init_loop(struct machine *machine)
{
    return event_loop_init(&machine->loop);
}

static int read_allowed_splats(struct machine *machine)
{
    const char *path = machine->options->allowed_splats;

    return path ? splat_list_read(&machine->allowed_splats, path) : 0;
}

static int open_collect(struct machine *machine)
{
    return collect_open(&machine->command.collect, machine->options);
}

static int add_devices(struct machine *machine)
{
    const struct options *options = machine->options;
    int error = 0;

    for (unsigned i = 0; i < options->net_count && !error; i++)
        error = machine_device_add(machine, &options->nets[i]);
    return error;
}

static int add_command(struct machine *machine)
{
    if (!machine->options->command_argv)
        return 0;
    return machine_command_init(&machine->command, machine);
}

static int load_guest(struct machine *machine)
{
    return arch_load_guest(&machine->memory, &machine->vcpus, &machine->files);
}

static int init_ready(struct machine *machine)
{
    return machine_ready_init(&machine->ready, machine->options);
}

/* The order of start-up. Each returns -errno, logged. */
static int (*const steps[])(struct machine *machine) = {
    init_loop,
    machine_requests_init,
    machine_timeouts_begin,
    machine_panic_init,
    read_allowed_splats,
    open_collect,
    init_boot_files,
    machine_memory_init,
    init_vm,
    init_small_devices,
    init_pci,
    machine_hotplug_init,
    machine_memory_reserve,
    add_devices,
    machine_disk_init_all,
    add_command,
    init_guest_image,
    load_guest,
    machine_dump_device_tree,
    machine_control_init,
    init_ready,
    /* Last, so that an error above is not printed to a raw terminal. */
    machine_console_open,
};

int machine_init(struct machine *machine, const struct options *options)
{
    memset(machine, 0, sizeof(*machine));
    machine->options = options;
    machine->outcome = outcome_failed();
    run_phases_init(&machine->phases, "/proc/self/stat");
    run_phases_reach(&machine->phases, RUN_PHASE_MAIN);
    pthread_mutex_init(&machine->pause_lock, NULL);
    machine->memory.fd = machine->kmsg_fd = -1;
    machine->timeouts.timer.fd = machine->panic.timer.fd = -1;
    machine->kvm.vm_fd = machine->kvm.system_fd = -1;
    machine->files.kernel.fd = machine->files.initrd.fd = -1;
    machine->request_source.fd = machine->signal_source.fd = -1;
    bus_init(&machine->ports, "port");
    bus_init(&machine->mmio, "mmio");
    pthread_mutex_init(&machine->devices_lock, NULL);

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        int error = steps[i](machine);

        if (error) {
            machine_destroy(machine);
            return error;
        }
    }
    return 0;
}

void machine_destroy(struct machine *machine)
{
    machine_console_close(machine);
    machine_ready_destroy(&machine->ready);
    arch_destroy_vcpus(&machine->vcpus);
    vcpu_group_destroy(&machine->vcpus);
    machine_hotplug_stop(machine);
    control_destroy(&machine->control);
    machine_command_destroy(&machine->command);
    machine_disk_destroy_all(machine);
    machine_device_close_all(machine);
    machine_hotplug_destroy(machine);
    if (machine->pci_host.mmio)
        pci_host_destroy(&machine->pci_host);
    if (machine->serial.ops)
        serial_destroy(&machine->serial);
    arch_destroy_interrupts(&machine->kvm);
    kvm_close(&machine->kvm);
    guest_memory_destroy(&machine->memory);
    boot_files_close(&machine->files);
    collect_close(&machine->command.collect);
    splat_list_destroy(&machine->allowed_splats);
    machine_panic_destroy(&machine->panic);
    machine_timeouts_destroy(&machine->timeouts);
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
    machine_disk_reset_all(machine);
    machine_command_reset(&machine->command);
    machine->command.phase = GUEST_PHASE_KERNEL;
    collect_reset(&machine->command.collect);
    pci_host_reset(&machine->pci_host);
    serial_reset(&machine->serial);
    error = arch_reset(&machine->kvm, &machine->vcpus);
    return error ? error : load_guest(machine);
}

/* Serves a request for a reset; one of a paused guest when it goes on. */
static void restart(struct machine *machine, int served)
{
    if (!machine_pause_block(machine))
        return;
    vcpu_group_pause(&machine->vcpus);
    if (reset(machine) != 0) {
        machine_request(machine, MACHINE_REQUEST_FAILED, 0);
        event_loop_stop(&machine->loop);
        machine_pause_unblock(machine);
        return;
    }
    log_guest(&machine->reset_log, "the guest was reset");
    /* Unless it was outranked meanwhile, by one that comes here next. */
    if (atomic_compare_exchange_strong(&machine->request, &served,
                                       MACHINE_REQUEST_NONE))
        vcpu_group_resume(&machine->vcpus);
    machine_pause_unblock(machine);
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
    what = machine_request_of(packed);
    /* Already served: two asked before we came. */
    if (what == MACHINE_REQUEST_NONE)
        return;
    if (machine->options->on_reset == ON_RESET_RESTART &&
        machine_asks_for_reset(what)) {
        if (what == MACHINE_REQUEST_TRIPLE_FAULT)
            log_guest(&machine->reset_log, "the guest had a triple fault");
        restart(machine, packed);
        return;
    }
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

void machine_run(struct machine *machine)
{
    int error;

    machine->request_source.ready = request_ready;
    machine->request_source.owner = machine;
    error = event_loop_add(&machine->loop, &machine->request_source);
    if (!error)
        error = vcpu_group_start(&machine->vcpus);
    if (error)
        return;
    log_start_cost();
    run_phases_reach(&machine->phases, RUN_PHASE_FIRST_RUN);
    vcpu_group_resume(&machine->vcpus);
    if (!machine->options->command_argv)
        machine_ready_tell(&machine->ready);
    error = event_loop_run(&machine->loop);
    control_stop(&machine->control);
    machine_hotplug_stop(machine);
    vcpu_group_pause(&machine->vcpus);
    run_phases_reach(&machine->phases, RUN_PHASE_GUEST_END);
    /* Stops the devices, which closes their reports. */
    machine_device_reset_all(machine);
    if (error)
        machine_request(machine, MACHINE_REQUEST_FAILED, 0);
    machine_disk_reset_all(machine);
    machine_command_reset(&machine->command);
    machine_end(machine);
}
