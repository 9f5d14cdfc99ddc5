/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_json_device.c: what the JSON report says of each device.
 */
#include "vmm/machine_json_device.h"

#include "vdpa/slirp_forward.h"
#include "vdpa/soft_block.h"
#include "vmm/feature_names.h"
#include "vmm/machine.h"
#include "vmm/machine_report.h"
#include "vmm/net_keys.h"

#include <arpa/inet.h>

static void print_queues(const struct bypass_report *report,
                         struct json_writer *json)
{
    json_writer_begin_array(json, "queues");
    for (unsigned i = 0; i < report->num_queues; i++) {
        const struct bypass_queue *queue = &report->queues[i];

        if (!queue->was_used)
            continue;
        json_writer_begin_object(json, NULL);
        json_writer_number(json, "index", i);
        json_writer_string(json, "role", queue->role);
        json_writer_string(json, "kick_path", bypass_kick_path_name(queue));
        json_writer_string(json, "interrupt_path",
                           bypass_interrupt_path_name(queue));
        if (!queue->has_unseen_kicks)
            json_writer_number(json, "kicks", queue->kicks);
        json_writer_number(json, "kicks_by_vmm", queue->kicks_by_vmm);
        json_writer_number(json, "interrupts_by_vmm", queue->interrupts_by_vmm);
        if (queue->has_used_index)
            json_writer_number(json, "used_index", queue->used_index);
        if (queue->no_page)
            json_writer_string(json, "no_doorbell_page", queue->no_page);
        json_writer_end(json);
    }
    json_writer_end(json);
}

static void print_verdict(const struct bypass_report *report,
                          struct json_writer *json)
{
    char why[160];
    bool is_violated = bypass_report_violation(report, why, sizeof(why));

    json_writer_begin_object(json, "bypass");
    json_writer_bool(json, "holds", !is_violated);
    json_writer_number(json, "wakeups", bypass_report_wakeups(report));
    if (is_violated)
        json_writer_string(json, "why_not", why);
    json_writer_end(json);
}

/* While the device ran. */
static void print_costs(const struct bypass_report *report,
                        struct json_writer *json)
{
    json_writer_begin_object(json, "accesses");
    for (unsigned i = 0; report->runs > 0 && i < report->num_accesses; i++)
        if (report->accesses[i].what)
            json_writer_number(json, report->accesses[i].what,
                               report->accesses[i].count);
    json_writer_end(json);
    json_writer_begin_object(json, "exits");
    if (report->total.has_stats) {
        json_writer_begin_object(json, "kvm");
        for (unsigned i = 0; i < KVM_NUM_STATS; i++)
            if (report->total.known_stats & 1U << i)
                json_writer_number(json, kvm_stat_name((enum kvm_stat)i),
                                   report->total.stats[i]);
        json_writer_end(json);
    }
    json_writer_begin_object(json, "returned");
    for (unsigned i = 0; i <= VCPU_EXIT_SIGNAL; i++)
        if (report->total.returns[i])
            json_writer_number(json, vcpu_exit_name(i),
                               report->total.returns[i]);
    json_writer_end(json);
    json_writer_end(json);
}

static void print_host_side(const struct bypass_report *report,
                            struct json_writer *json)
{
    const struct bypass_host_interrupts *host = &report->host_interrupts;

    if (report->parent[0])
        json_writer_string(json, "parent", report->parent);
    if (!host->is_known)
        return;
    json_writer_begin_object(json, "host_interrupts");
    json_writer_string(json, "device", host->device);
    json_writer_number(json, "count", host->count);
    json_writer_end(json);
}

static void print_soft_counters(const struct machine_device *device,
                                struct json_writer *json)
{
    struct soft_net_counters counters;

    machine_report_get_counters(device, &counters);
    json_writer_begin_object(json, "counters");
    json_writer_number(json, "sent", counters.sent);
    json_writer_number(json, "sent_bytes", counters.sent_bytes);
    json_writer_number(json, "received", counters.received);
    json_writer_number(json, "received_bytes", counters.received_bytes);
    json_writer_number(json, "refused", counters.dropped);
    json_writer_number(json, "kicks", counters.kicks);
    json_writer_number(json, "interrupts", counters.calls);
    json_writer_number(json, "looks", counters.polls);
    json_writer_end(json);
}

/* As they are, with the ports that the kernel chose: net_backend_open(). */
static void print_forwards(const struct net_options *options,
                           struct json_writer *json)
{
    char address[INET6_ADDRSTRLEN], error[OPTIONS_MAX_ERROR];
    struct slirp_forward forward;

    json_writer_begin_array(json, "forwards");
    for (unsigned i = 0; i < options->num_forwards; i++) {
        if (slirp_forward_parse(&forward, options->forwards[i], error,
                                sizeof(error)) != 0)
            continue;
        (void)inet_ntop(forward.is_ipv6 ? AF_INET6 : AF_INET, &forward.host,
                        address, sizeof(address));
        json_writer_begin_object(json, NULL);
        json_writer_string(json, "protocol", forward.is_udp ? "udp" : "tcp");
        json_writer_string(json, "host_address", address);
        json_writer_number(json, "host_port", forward.host_port);
        json_writer_number(json, "guest_port", forward.guest_port);
        json_writer_end(json);
    }
    json_writer_end(json);
}

void machine_json_device(const struct machine_device *device,
                         struct json_writer *json)
{
    const struct bypass_report *report = &device->report;

    json_writer_begin_object(json, NULL);
    json_writer_string(json, "name", device->name);
    json_writer_string(json, "type", device->type);
    json_writer_string(json, "kind", net_kind_key(device->options.kind));
    json_writer_string(json, "backend", report->name);
    json_writer_number(json, "runs", report->runs);
    json_writer_thousandths(json, "seconds",
                            (uint64_t)(report->seconds * 1000));
    json_writer_bits(json, "features", feature_names_get,
                     device->pci.device.identity.device_id, report->features);
    print_queues(report, json);
    print_costs(report, json);
    if (device->is_soft) {
        print_soft_counters(device, json);
    } else {
        print_host_side(report, json);
        print_verdict(report, json);
    }
    if (device->options.kind == NET_USER)
        print_forwards(&device->options, json);
    json_writer_end(json);
}

static void print_disk(const struct machine_disk *disk,
                       const struct disk_options *options,
                       struct json_writer *json)
{
    struct soft_block_counters counters;

    soft_block_get_counters(disk->pci.device.backend, &counters);
    json_writer_begin_object(json, NULL);
    json_writer_string(json, "path", options->path);
    json_writer_bool(json, "read_only", options->is_read_only);
    json_writer_bool(json, "snapshot", options->is_snapshot);
    json_writer_begin_object(json, "counters");
    json_writer_number(json, "reads", counters.reads);
    json_writer_number(json, "read_bytes", counters.read_bytes);
    json_writer_number(json, "writes", counters.writes);
    json_writer_number(json, "written_bytes", counters.written_bytes);
    json_writer_number(json, "flushes", counters.flushes);
    json_writer_number(json, "others", counters.others);
    json_writer_number(json, "failed", counters.failed);
    json_writer_end(json);
    json_writer_end(json);
}

void machine_json_disks(const struct machine *machine, struct json_writer *json)
{
    json_writer_begin_array(json, "disks");
    for (unsigned i = 0; i < machine->options->disk_count; i++)
        print_disk(&machine->disks[i], &machine->options->disks[i], json);
    json_writer_end(json);
}
