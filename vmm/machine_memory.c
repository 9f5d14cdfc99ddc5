/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_memory.c: guest RAM as the options want it.
 */
#include "vmm/machine_memory.h"

#include "vmm/arch.h"
#include "vmm/bytes.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/memory_placement.h"
#include "vmm/net_backend.h"

#include <errno.h>
#include <inttypes.h>

/* Private memory may come in pages of 2 MiB, which take fewer faults and
 * shorter tables, of KVM as of an IOMMU. Shared it must be for some vDPA
 * devices, one of which may also be plugged in later. Huge pages are a file's.
 */
static int make_memory(struct machine *machine,
                       const struct guest_memory_range *ranges, unsigned count)
{
    const struct options *options = machine->options;
    bool is_shared;
    int error = net_backend_find_shared_memory_need(
        options->nets, options->net_count, &is_shared);

    if (error)
        return error;
    if (is_shared || options->page_size || options->control_socket)
        return guest_memory_init(&machine->memory, ranges, count,
                                 options->page_size);
    return guest_memory_init_private(&machine->memory, ranges, count);
}

int machine_memory_init(struct machine *machine)
{
    struct guest_memory_range ranges[GUEST_MEMORY_MAX_REGIONS];
    uint64_t size = machine->options->memory;
    unsigned count = arch_memory_ranges(size, ranges);
    int error;

    if (count == 0) {
        log_error("--memory: %" PRIu64 " MiB are more than this machine has "
                  "addresses for: give up to %" PRIu64 " MiB",
                  size / MIB, arch_memory_limit() / MIB);
        return -EINVAL;
    }
    error = make_memory(machine, ranges, count);
    if (!error && machine->options->numa_node >= 0)
        error = memory_placement_bind(&machine->memory,
                                      (unsigned)machine->options->numa_node);
    if (!error && machine->options->is_preallocated)
        error = memory_placement_populate(&machine->memory);
    return error;
}

int machine_memory_reserve(struct machine *machine)
{
    const struct options *options = machine->options;

    return net_backend_reserve_memory(options->nets, options->net_count,
                                      options->memory);
}
