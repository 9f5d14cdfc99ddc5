/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_disk.c: the disks that this process serves: each a virtio PCI device
 * over a software disk. They stay for as long as the machine.
 */
#include "vmm/machine_disk.h"

#include "vdpa/soft_block.h"
#include "vmm/machine.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

static int init(struct machine *machine, struct machine_disk *disk,
                const struct disk_options *options)
{
    const struct disk_image_options image = {
        .path = options->path,
        .is_read_only = options->is_read_only,
        .is_snapshot = options->is_snapshot,
    };
    const struct virtio_device_options no_options = {.queue_pairs = 0};
    struct vdpa_backend *backend;
    int error = soft_block_open(&image, &backend);

    if (!error)
        error = virtio_pci_init(
            &disk->pci, backend, &no_options, &machine->memory, &machine->mmio,
            kvm_machine_port(&machine->kvm), &machine->loop);
    if (error)
        return error;
    error = pci_host_add(&machine->pci_host, &disk->pci.function);
    if (error)
        virtio_pci_destroy(&disk->pci);
    disk->has_pci = error == 0;
    return error;
}

int machine_disk_init_all(struct machine *machine)
{
    const struct options *options = machine->options;
    int error = 0;

    for (unsigned i = 0; i < options->disk_count && !error; i++)
        error = init(machine, &machine->disks[i], &options->disks[i]);
    return error;
}

void machine_disk_destroy_all(struct machine *machine)
{
    for (unsigned i = 0; i < OPTIONS_MAX_DISKS; i++) {
        struct machine_disk *disk = &machine->disks[i];

        if (!disk->has_pci)
            continue;
        pci_host_remove(&machine->pci_host, &disk->pci.function);
        virtio_pci_destroy(&disk->pci);
        disk->has_pci = false;
    }
}

void machine_disk_reset_all(struct machine *machine)
{
    for (unsigned i = 0; i < OPTIONS_MAX_DISKS; i++)
        if (machine->disks[i].has_pci)
            virtio_pci_reset(&machine->disks[i].pci);
}

void machine_disk_print(const struct machine *machine, FILE *file)
{
    struct soft_block_counters counters;

    for (unsigned i = 0; i < OPTIONS_MAX_DISKS; i++) {
        const struct machine_disk *disk = &machine->disks[i];

        if (!disk->has_pci)
            continue;
        soft_block_get_counters(disk->pci.device.backend, &counters);
        fprintf(file,
                "report of %s (virtio-blk, software): served by this process\n"
                "  read:     %" PRIu64 " requests, %" PRIu64 " bytes\n"
                "  written:  %" PRIu64 " requests, %" PRIu64 " bytes\n"
                "  others:   %" PRIu64 " flushes, %" PRIu64 " more\n"
                "  failed:   %" PRIu64 " requests\n",
                disk->pci.device.name, counters.reads, counters.read_bytes,
                counters.writes, counters.written_bytes, counters.flushes,
                counters.others, counters.failed);
    }
}

static const struct {
    const char *name;
    size_t offset;
} counts[] = {
    {"reads", offsetof(struct soft_block_counters, reads)},
    {"read_bytes", offsetof(struct soft_block_counters, read_bytes)},
    {"writes", offsetof(struct soft_block_counters, writes)},
    {"written_bytes", offsetof(struct soft_block_counters, written_bytes)},
    {"flushes", offsetof(struct soft_block_counters, flushes)},
    {"others", offsetof(struct soft_block_counters, others)},
    {"failed", offsetof(struct soft_block_counters, failed)},
};

static uint64_t count_of(const struct soft_block_counters *counters,
                         unsigned which)
{
    uint64_t value;

    memcpy(&value, (const char *)counters + counts[which].offset,
           sizeof(value));
    return value;
}

void machine_disk_print_counts(const struct machine *machine, FILE *file)
{
    struct soft_block_counters counters;

    for (unsigned i = 0; i < OPTIONS_MAX_DISKS; i++) {
        const struct machine_disk *disk = &machine->disks[i];

        if (!disk->has_pci)
            continue;
        soft_block_get_counters(disk->pci.device.backend, &counters);
        for (unsigned k = 0; k < ARRAY_SIZE(counts); k++)
            fprintf(file, "disk%u_%s=%" PRIu64 "\n", i, counts[k].name,
                    count_of(&counters, k));
    }
}
