/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_json.c: the report of a run as one JSON object, as of
 * docs/report.schema.json. A member that does not apply is left out.
 *
 * Devices come first, so that one that leaves early can be written then.
 */
#include "vmm/machine_json.h"

#include "vmm/exit_status.h"
#include "vmm/machine.h"
#include "vmm/machine_json_device.h"
#include "vmm/memory_use.h"
#include "vmm/thread_times.h"
#include "vmm/usage.h"

#include <string.h>
#include <sys/resource.h>

#define SCHEMA "vmm-report/1"
#define ENDING ".json"

bool machine_json_is_wanted(const struct options *options)
{
    size_t length = options->report ? strlen(options->report) : 0;

    return length > strlen(ENDING) &&
           strcmp(options->report + length - strlen(ENDING), ENDING) == 0;
}

static void begin(struct machine *machine, FILE *file)
{
    struct json_writer *json = &machine->json;

    if (json->file)
        return;
    json->file = file;
    json_writer_begin_object(json, NULL);
    json_writer_string(json, "schema", SCHEMA);
    json_writer_string(json, "vmm", VMM_VERSION);
    json_writer_begin_array(json, "devices");
}

void machine_json_removed(struct machine_device *device, FILE *file)
{
    begin(device->machine, file);
    machine_json_device(device, &device->machine->json);
}

static void print_guest(const struct machine *machine, struct json_writer *json)
{
    const struct options *options = machine->options;

    json_writer_begin_object(json, "guest");
    json_writer_string(json, "kernel", machine->kernel_path);
    if (options->initrd)
        json_writer_string(json, "initrd", options->initrd);
    json_writer_string(json, "command_line", machine->command_line);
    json_writer_number(json, "memory_bytes", machine->memory.size);
    json_writer_number(json, "cpus", options->cpus);
    json_writer_end(json);
}

static const char *how_command_ended(const struct machine_command *command)
{
    if (command->phase != GUEST_PHASE_ENDED)
        return "unknown";
    if (command->was_not_run)
        return "not-run";
    return command->was_killed ? "killed" : "exit";
}

static void print_command(const struct machine *machine,
                          struct json_writer *json)
{
    const struct options *options = machine->options;
    const struct machine_command *command = &machine->command;

    json_writer_begin_object(json, "command");
    json_writer_begin_array(json, "arguments");
    for (int i = 0; i < options->command_argc; i++)
        json_writer_string(json, NULL, options->command_argv[i]);
    json_writer_end(json);
    json_writer_string(json, "end", how_command_ended(command));
    if (command->phase == GUEST_PHASE_ENDED) {
        json_writer_number(json, "status", (uint64_t)command->status);
        if (command->was_killed)
            json_writer_number(json, "signal",
                               (uint64_t)command->status - EXIT_STATUS_SIGNAL);
    }
    json_writer_end(json);
}

static void print_phases(const struct run_phases *phases,
                         struct json_writer *json)
{
    uint64_t us;

    json_writer_begin_object(json, "phases_ms");
    for (unsigned i = 0; i < RUN_NUM_PHASES; i++)
        if (run_phases_get(phases, (enum run_phase)i, &us))
            json_writer_thousandths(json, run_phases_name((enum run_phase)i),
                                    us);
    json_writer_end(json);
}

static void print_exits(const struct vcpu_group *vcpus,
                        struct json_writer *json)
{
    struct vcpu_counts counts;

    vcpu_counts_read(&counts, vcpus);
    json_writer_begin_object(json, "exits");
    if (counts.has_stats) {
        json_writer_begin_object(json, "kvm");
        for (unsigned i = 0; i < KVM_NUM_STATS; i++)
            if (counts.known_stats & 1U << i)
                json_writer_number(json, kvm_stat_name((enum kvm_stat)i),
                                   counts.stats[i]);
        json_writer_end(json);
    }
    json_writer_begin_object(json, "returned");
    for (unsigned i = 0; i <= VCPU_EXIT_SIGNAL; i++)
        if (counts.returns[i])
            json_writer_number(json, vcpu_exit_name(i), counts.returns[i]);
    json_writer_end(json);
    json_writer_end(json);
}

static void print_memory(struct json_writer *json,
                         const struct guest_memory *memory)
{
    struct memory_use use;

    if (memory_use_read(&use, "/proc/self", memory) != 0)
        return;
    json_writer_begin_object(json, "memory");
    json_writer_number(json, "guest_resident_kib", use.guest);
    json_writer_number(json, "beyond_guest_kib", use.beyond);
    json_writer_number(json, "peak_beyond_guest_kib", use.peak_beyond);
    json_writer_number(json, "peak_resident_kib", use.peak);
    json_writer_end(json);
}

static uint64_t timeval_ms(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * 1000 + (uint64_t)time->tv_usec / 1000;
}

/* The sums have the threads, too, that ended before. */
static void print_cpu_time(struct json_writer *json)
{
    struct thread_times threads = {0};
    struct rusage usage;

    json_writer_begin_object(json, "cpu_time");
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        json_writer_number(json, "user_ms", timeval_ms(&usage.ru_utime));
        json_writer_number(json, "system_ms", timeval_ms(&usage.ru_stime));
    }
    json_writer_begin_array(json, "threads");
    if (thread_times_read(&threads, "/proc/self/task") == 0) {
        for (unsigned i = 0; i < threads.count; i++) {
            const struct thread_time *thread = &threads.threads[i];

            json_writer_begin_object(json, NULL);
            json_writer_string(json, "name", thread->name);
            json_writer_number(json, "user_ms", thread->user_ms);
            json_writer_number(json, "system_ms", thread->system_ms);
            json_writer_number(json, "guest_ms", thread->guest_ms);
            json_writer_end(json);
        }
    }
    thread_times_destroy(&threads);
    json_writer_end(json);
    json_writer_end(json);
}

static void print_splat(const struct kernel_log *log, struct json_writer *json)
{
    json_writer_begin_object(json, "splat");
    json_writer_string(json, "kind", log->splat_kind);
    json_writer_begin_array(json, "frames");
    for (unsigned i = 0; i < log->num_frames; i++)
        json_writer_string(json, NULL, log->frames[i]);
    json_writer_end(json);
    json_writer_bytes(json, "text", log->block, log->block_size);
    json_writer_end(json);
}

static void print_kernel_log(const struct machine *machine,
                             struct json_writer *json)
{
    static char tail[KERNEL_LOG_MAX_TAIL];
    const struct kernel_log *log = &machine->kernel_log;
    int status = machine->outcome.status;

    if (log->saw_splat)
        print_splat(log, json);
    if (status >= EXIT_STATUS_PANIC && status != EXIT_STATUS_NO_BYPASS)
        json_writer_bytes(json, "kernel_log_tail", tail,
                          kernel_log_tail(log, tail, sizeof(tail)));
}

void machine_json_print(struct machine *machine, FILE *file)
{
    struct json_writer *json = &machine->json;

    begin(machine, file);
    for (unsigned i = 0; i < machine->num_devices; i++)
        machine_json_device(machine->devices[i], json);
    json_writer_end(json);
    json_writer_string(json, "outcome", machine->outcome.name);
    json_writer_number(json, "status", (uint64_t)machine->outcome.status);
    machine_json_disks(machine, json);
    print_guest(machine, json);
    if (machine->options->command_argv)
        print_command(machine, json);
    print_exits(&machine->vcpus, json);
    print_memory(json, &machine->memory);
    print_cpu_time(json);
    print_kernel_log(machine, json);
    run_phases_reach(&machine->phases, RUN_PHASE_PROCESS_END);
    print_phases(&machine->phases, json);
    json_writer_end(json);
}
