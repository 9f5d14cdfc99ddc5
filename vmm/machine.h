/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.h: the whole virtual machine: owns every part, knows the order.
 */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include "devices/boot_timer.h"
#include "devices/exit_port.h"
#include "devices/pci_host.h"
#include "devices/power.h"
#include "devices/pvpanic.h"
#include "devices/rtc.h"
#include "devices/serial.h"
#include "vmm/boot_files.h"
#include "vmm/bus.h"
#include "vmm/compiler.h"
#include "vmm/control.h"
#include "vmm/event_loop.h"
#include "vmm/guest_memory.h"
#include "vmm/json_writer.h"
#include "vmm/kernel_choice.h"
#include "vmm/kernel_log.h"
#include "vmm/kvm.h"
#include "vmm/log.h"
#include "vmm/machine_command.h"
#include "vmm/machine_device.h"
#include "vmm/machine_disk.h"
#include "vmm/machine_hotplug.h"
#include "vmm/machine_panic.h"
#include "vmm/machine_ready.h"
#include "vmm/machine_timeouts.h"
#include "vmm/options.h"
#include "vmm/outcome.h"
#include "vmm/run_phases.h"
#include "vmm/terminal.h"
#include "vmm/vcpu.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Threads: one a vCPU, and the I/O thread, which is the one that calls
 * machine_run(). No lock is common to all: the buses have theirs, each device
 * has its own (docs/architecture.md).
 */
struct machine {
    const struct options *options; /* borrowed */
    struct event_loop loop;
    char kernel_path[KERNEL_CHOICE_MAX_PATH];
    struct boot_files files;
    char command_line[OPTIONS_MAX_APPEND + 128]; /* of the kernel */
    struct guest_memory memory;
    struct kvm kvm;
    struct bus ports, mmio;
    struct vcpu_group vcpus;

    struct terminal terminal;
    struct serial serial;
    struct power power; /* where the layout has one, as the clock */
    struct rtc rtc;
    struct exit_port exit_port, debug_exit; /* the latter if asked for */
    struct boot_timer boot_timer;
    struct pvpanic pvpanic;
    struct machine_panic panic;
    struct pci_host pci_host;
    /* Which devices there are; may be held for as long as one of them takes
     * to answer. Nobody waits for vCPUs with it. */
    pthread_mutex_t devices_lock;
    struct machine_device *devices[OPTIONS_MAX_NETS];
    unsigned num_devices, next_device;
    struct machine_hotplug hotplug;
    struct machine_disk disks[OPTIONS_MAX_DISKS];
    /* Where the reports and counts of devices go that leave before the end;
     * NULL for nowhere. Borrowed. */
    FILE *report_file, *counts_file;
    struct json_writer json; /* of report_file, once it was begun */
    struct run_phases phases;
    struct machine_ready ready;
    bool removed_without_bypass; /* one of them had led its data through us */
    struct control control;
    struct machine_timeouts timeouts;
    struct machine_command command; /* with options->command_argv */

    /* What is to be done, and its detail; see machine_requests.c. */
    atomic_int request;
    struct log_limit reset_log; /* a guest may reset itself all the time */
    struct event_source request_source, signal_source;
    int kmsg_fd;        /* -1: none */
    bool has_lost_kmsg; /* some of what the guest printed is not there */
    struct splat_list allowed_splats;
    pthread_mutex_t kernel_log_lock;
    struct kernel_log kernel_log;
    struct outcome outcome; /* once it ended */
    /* Who stops and starts vCPUs: the I/O thread or the control thread, which
     * may hold it for as long as devices take; is_paused. */
    pthread_mutex_t pause_lock;
    bool is_paused;
};

/*
 * Builds the machine that `options` describe, ready to run. Call with
 * SIGINT, SIGTERM and SIGHUP blocked. On failure, logged, everything is
 * undone and -errno returned.
 */
int machine_init(struct machine *machine,
                 const struct options *options) MUST_CHECK;
void machine_destroy(struct machine *machine);

/* Runs the guest until it ends or is ended, which is then machine->outcome. */
void machine_run(struct machine *machine);

#endif
