/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_report.c: what the report of a device says, asked of the parts of
 * the machine that know.
 *
 * The device tells when it starts and stops, under its lock and on the thread
 * that made it so; counts are taken then.
 */
#include "vmm/machine_report.h"

#include "vdpa/soft_net.h"
#include "vdpa/vhost_vdpa.h"
#include "vmm/bytes.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/machine_json.h"

#include <inttypes.h>
#include <linux/virtio_config.h>

/* Split rings hold the used index 2 bytes into the device's part (2.7.8);
 * packed rings have none. */
static void read_used_index(const struct virtio_device *device,
                            const struct virtio_queue *queue,
                            struct bypass_queue *report)
{
    const uint8_t *used = guest_memory_at(device->memory, queue->device_gpa, 4);

    report->has_used_index =
        used && !(device->driver_features & 1ULL << VIRTIO_F_RING_PACKED);
    if (report->has_used_index)
        report->used_index = load_le16(used + 2);
}

static enum bypass_path kick_path(const struct virtio_kicks *kicks)
{
    static const enum bypass_path paths[] = {
        [VIRTIO_KICK_BY_VMM] = BYPASS_PATH_VMM,
        [VIRTIO_KICK_BY_EVENTFD] = BYPASS_PATH_KERNEL,
        [VIRTIO_KICK_BY_PAGE] = BYPASS_PATH_DEVICE,
    };

    return paths[kicks->path];
}

static enum bypass_path interrupt_path(struct machine_device *device,
                                       unsigned index)
{
    struct virtio_interrupts *interrupts = &device->pci.interrupts;
    unsigned source = VIRTIO_INTERRUPT_QUEUE(index);

    if (virtio_interrupts_is_connected(interrupts, source))
        return BYPASS_PATH_KERNEL;
    return virtio_interrupts_is_polled(interrupts, source) ? BYPASS_PATH_VMM
                                                           : BYPASS_PATH_NONE;
}

static void take_longer(enum bypass_path *path, enum bypass_path other)
{
    if (other > *path)
        *path = other;
}

/* With the device's lock held; kicks have been counted. */
static void fill_report(struct machine_device *device)
{
    struct virtio_device *virtio = &device->pci.device;

    for (unsigned i = 0; i < virtio->num_queues; i++) {
        struct virtio_queue *queue = &virtio->queues[i];
        struct bypass_queue *report = &device->report.queues[i];
        const struct virtio_kicks kicks = virtio_pci_kicks(&device->pci, i);
        unsigned source = VIRTIO_INTERRUPT_QUEUE(i);

        if (!queue->is_enabled)
            continue;
        report->was_used = true;
        report->role = virtio_device_queue_role(virtio, i);
        take_longer(&report->kick_path, kick_path(&kicks));
        take_longer(&report->interrupt_path, interrupt_path(device, i));
        if (kicks.why_not && !device->is_soft)
            report->no_page = kicks.why_not;
        /* One in software takes its kicks, and counts them itself. */
        report->has_unseen_kicks |= kicks.may_be_unseen || device->is_soft;
        report->kicks = queue->kicks;
        report->kicks_by_vmm = atomic_load(&queue->kicks_by_vmm);
        report->interrupts_by_vmm =
            virtio_interrupts_by_vmm(&device->pci.interrupts, source);
        read_used_index(virtio, queue, report);
    }
}

static uint64_t region_accesses(const struct bus_region *region)
{
    return __atomic_load_n(&region->accesses, __ATOMIC_RELAXED);
}

/* Everything that can stop a vCPU and bring it to the VMM. */
static void read_accesses(const struct machine_device *device,
                          struct bypass_moment *now)
{
    static const char *const structures[VIRTIO_NUM_STRUCTURES] = {
        [VIRTIO_STRUCTURE_COMMON] = "device registers",
        [VIRTIO_STRUCTURE_ISR] = "interrupt status",
        [VIRTIO_STRUCTURE_CONFIG] = "device configuration",
        [VIRTIO_STRUCTURE_NOTIFY] = "notifications",
        [VIRTIO_STRUCTURE_MSIX] = "MSI-X table",
    };
    const struct machine *machine = device->machine;
    const struct pci_host *pci = &machine->pci_host;
    struct bypass_access *accesses = now->accesses;
    unsigned count = 0;

    accesses[count++] = (struct bypass_access){
        "serial port", region_accesses(&machine->serial.region)};
    accesses[count++] = (struct bypass_access){
        "power", region_accesses(&machine->power.region)};
    accesses[count++] =
        (struct bypass_access){"clock", region_accesses(&machine->rtc.region)};
    accesses[count++] = (struct bypass_access){
        "PCI configuration", region_accesses(&pci->ecam) +
                                 region_accesses(&pci->config_address) +
                                 region_accesses(&pci->config_data)};
    accesses[count++] = (struct bypass_access){
        "hot-plug", region_accesses(&machine->hotplug.registers.region)};
    accesses[count++] = (struct bypass_access){
        "boot timer", region_accesses(&machine->boot_timer.memory) +
                          region_accesses(&machine->boot_timer.port)};
    for (unsigned i = 0; i < VIRTIO_NUM_STRUCTURES; i++)
        accesses[count++] = (struct bypass_access){
            structures[i], virtio_pci_accesses(&device->pci, i)};
    now->num_accesses = count;
}

/* What only a device of the host has. */
static void ask_host(struct machine_device *device, struct bypass_moment *now)
{
    struct vdpa_backend *backend = device->pci.device.backend;
    struct bypass_report *report = &device->report;
    struct vhost_vdpa_info info;

    now->host_interrupts.is_known = vhost_vdpa_count_interrupts(
        backend, now->host_interrupts.device, &now->host_interrupts.count);
    vhost_vdpa_get_info(backend, &info);
    (void)snprintf(report->parent, sizeof(report->parent), "%s%s%s",
                   info.device_name, info.driver[0] ? " of " : "", info.driver);
}

void machine_report_running_changed(void *owner, bool running)
{
    struct machine_device *device = owner;
    struct bypass_moment now = {.vcpus = &device->machine->vcpus};

    /* What stands in for a device that is gone moves no data. */
    if (atomic_load(&device->is_gone))
        return;
    read_accesses(device, &now);
    if (!device->is_soft)
        ask_host(device, &now);
    if (running) {
        bypass_report_start(&device->report, &now);
    } else {
        bypass_report_stop(&device->report, &now);
        device->report.features = device->pci.device.driver_features;
        fill_report(device);
    }
}

void machine_report_get_counters(const struct machine_device *device,
                                 struct soft_net_counters *counters)
{
    if (atomic_load(&device->is_gone))
        *counters = device->counters;
    else
        soft_net_get_counters(device->pci.device.backend, counters);
}

/* There is no bypass to prove where this process carries the frames. */
static void print_soft_report(const struct machine_device *device, FILE *file)
{
    struct soft_net_counters counters;

    machine_report_get_counters(device, &counters);
    fprintf(file,
            "report of %s (%s, software): carried by this process\n"
            "  sent:     %" PRIu64 " frames, %" PRIu64 " bytes\n"
            "  received: %" PRIu64 " frames, %" PRIu64 " bytes\n"
            "  refused:  %" PRIu64 " frames\n"
            "  signals:  %" PRIu64 " kicks taken, %" PRIu64
            " interrupts sent, %" PRIu64 " looks by timer\n",
            device->report.name, device->report.type, counters.sent,
            counters.sent_bytes, counters.received, counters.received_bytes,
            counters.dropped, counters.kicks, counters.calls, counters.polls);
    bypass_report_print_costs(&device->report, file);
}

static void print_soft_counts(const struct machine_device *device,
                              const char *prefix, FILE *file)
{
    struct soft_net_counters counters;

    machine_report_get_counters(device, &counters);
    fprintf(file,
            "%ssent=%" PRIu64 "\n%ssent_bytes=%" PRIu64 "\n%sreceived=%" PRIu64
            "\n%sreceived_bytes=%" PRIu64 "\n%srefused=%" PRIu64
            "\n%skicks=%" PRIu64 "\n%sinterrupts=%" PRIu64 "\n%slooks=%" PRIu64
            "\n",
            prefix, counters.sent, prefix, counters.sent_bytes, prefix,
            counters.received, prefix, counters.received_bytes, prefix,
            counters.dropped, prefix, counters.kicks, prefix, counters.calls,
            prefix, counters.polls);
}

static void print_counts(const struct machine_device *device, FILE *file)
{
    char prefix[24];

    (void)snprintf(prefix, sizeof(prefix), "device%u_", device->number);
    bypass_report_print_counts(&device->report, prefix, file);
    if (device->is_soft)
        print_soft_counts(device, prefix, file);
}

void machine_report_print_counts(const struct machine *machine, FILE *file)
{
    for (unsigned i = 0; i < machine->num_devices; i++)
        print_counts(machine->devices[i], file);
    machine_disk_print_counts(machine, file);
}

static void print_report(const struct machine_device *device, FILE *file)
{
    if (device->is_soft)
        print_soft_report(device, file);
    else
        bypass_report_print(&device->report, file);
}

void machine_report_print(const struct machine *machine, FILE *file)
{
    for (unsigned i = 0; i < machine->num_devices; i++)
        print_report(machine->devices[i], file);
    machine_disk_print(machine, file);
}

static bool is_bypass(const struct machine_device *device)
{
    char what[160];

    if (!bypass_report_violation(&device->report, what, sizeof(what)))
        return true;
    log_error("%s: --require bypass: %s", device->report.name, what);
    return false;
}

bool machine_report_all_bypass(const struct machine *machine)
{
    bool all = !machine->removed_without_bypass;

    for (unsigned i = 0; i < machine->num_devices; i++)
        all &= is_bypass(machine->devices[i]);
    return all;
}

void machine_report_removed(struct machine_device *device)
{
    struct machine *machine = device->machine;

    if (machine->options->log_level >= LOG_LEVEL_INFO)
        print_report(device, stderr);
    if (machine->report_file && machine_json_is_wanted(machine->options))
        machine_json_removed(device, machine->report_file);
    else if (machine->report_file)
        print_report(device, machine->report_file);
    if (machine->counts_file)
        print_counts(device, machine->counts_file);
    if (machine->options->required & REQUIRE_BYPASS && !is_bypass(device))
        machine->removed_without_bypass = true;
}
