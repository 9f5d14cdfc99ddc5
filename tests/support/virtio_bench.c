/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_bench.c: a virtio PCI device over a fake backend, in a fake machine.
 */
#include "tests/support/virtio_bench.h"

#include "vmm/bytes.h"

#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>
#include <stdlib.h>

static const struct pci_host_layout layout = {
    .ecam_base = VIRTIO_BENCH_ECAM,
    .window32_base = 0xc0000000,
    .window32_size = 0x20000000,
    .window64_base = VIRTIO_BENCH_WINDOW64,
    .window64_size = 0x800000000,
    .first_gsi = 16,
    .num_gsis = 8,
};

static void require(bool claim)
{
    if (!claim)
        abort();
}

void virtio_bench_init(struct virtio_bench *bench)
{
    const struct guest_memory_range range = {.size = VIRTIO_BENCH_MEMORY_SIZE};

    *bench = (struct virtio_bench){.is_running = false};
    bus_init(&bench->mmio, "mmio");
    bus_init(&bench->ports, "ports");
    fake_backend_init(&bench->fake);
    fake_machine_init(&bench->machine);
    require(guest_memory_init(&bench->memory, &range, 1, 0) == 0);
    require(event_loop_init(&bench->loop) == 0);
    require(pci_host_init(&bench->host, &layout, &bench->mmio, &bench->ports) ==
            0);
}

void virtio_bench_destroy(struct virtio_bench *bench)
{
    pci_host_destroy(&bench->host);
    event_loop_destroy(&bench->loop);
    guest_memory_destroy(&bench->memory);
    fake_machine_destroy(&bench->machine);
    bus_destroy(&bench->ports);
    bus_destroy(&bench->mmio);
}

static void running_changed(void *owner, bool running)
{
    struct virtio_bench *bench = owner;

    require(bench->is_running != running);
    bench->is_running = running;
    for (unsigned i = 0; i < bench->pci.device.num_queues; i++) {
        (void)virtio_pci_kicks(&bench->pci, i);
        (void)virtio_interrupts_is_connected(&bench->pci.interrupts,
                                             VIRTIO_INTERRUPT_QUEUE(i));
        (void)virtio_interrupts_by_vmm(&bench->pci.interrupts,
                                       VIRTIO_INTERRUPT_QUEUE(i));
    }
}

int virtio_bench_plug(struct virtio_bench *bench)
{
    int error = virtio_pci_init(
        &bench->pci, &bench->fake.backend, &bench->options, &bench->memory,
        &bench->mmio, fake_machine_port(&bench->machine), &bench->loop);

    if (error)
        return error;
    bench->is_running = false;
    bench->pci.running_changed = running_changed;
    bench->pci.owner = bench;
    error = pci_host_add(&bench->host, &bench->pci.function);
    if (error)
        virtio_pci_destroy(&bench->pci);
    return error;
}

void virtio_bench_unplug(struct virtio_bench *bench)
{
    pci_host_remove(&bench->host, &bench->pci.function);
    virtio_pci_destroy(&bench->pci);
}

static uint64_t config_gpa(unsigned offset)
{
    return VIRTIO_BENCH_ECAM + (VIRTIO_BENCH_SLOT << 15) + offset;
}

uint32_t virtio_bench_config_read(struct virtio_bench *bench, unsigned offset,
                                  unsigned size)
{
    uint8_t bytes[4];

    bus_read(&bench->mmio, config_gpa(offset), bytes, size);
    return (uint32_t)load_le(bytes, size);
}

void virtio_bench_config_write(struct virtio_bench *bench, unsigned offset,
                               unsigned size, uint32_t value)
{
    uint8_t bytes[4];

    store_le(bytes, size, value);
    bus_write(&bench->mmio, config_gpa(offset), bytes, size);
}

uint64_t virtio_bench_bar_gpa(struct virtio_bench *bench, unsigned index)
{
    unsigned offset = PCI_BASE_ADDRESS_0 + 4 * index;
    uint64_t low = virtio_bench_config_read(bench, offset, 4);
    uint64_t gpa = low & ~UINT64_C(0xf);

    if (low & PCI_BASE_ADDRESS_MEM_TYPE_64)
        gpa |= (uint64_t)virtio_bench_config_read(bench, offset + 4, 4) << 32;
    return gpa;
}

uint64_t virtio_bench_read(struct virtio_bench *bench, unsigned bar,
                           uint64_t offset, unsigned size)
{
    uint8_t bytes[8];

    bus_read(&bench->mmio, virtio_bench_bar_gpa(bench, bar) + offset, bytes,
             size);
    return load_le(bytes, size);
}

void virtio_bench_write(struct virtio_bench *bench, unsigned bar,
                        uint64_t offset, unsigned size, uint64_t value)
{
    uint8_t bytes[8];

    store_le(bytes, size, value);
    bus_write(&bench->mmio, virtio_bench_bar_gpa(bench, bar) + offset, bytes,
              size);
}

unsigned virtio_bench_find_capability(struct virtio_bench *bench, uint8_t id,
                                      uint8_t type)
{
    unsigned at = virtio_bench_config_read(bench, PCI_CAPABILITY_LIST, 1);

    for (unsigned ttl = 48; at >= 0x40 && ttl > 0; ttl--) {
        if (virtio_bench_config_read(bench, at + PCI_CAP_LIST_ID, 1) == id &&
            (id != PCI_CAP_ID_VNDR ||
             virtio_bench_config_read(bench, at + VIRTIO_PCI_CAP_CFG_TYPE, 1) ==
                 type))
            return at;
        at = virtio_bench_config_read(bench, at + PCI_CAP_LIST_NEXT, 1);
    }
    return 0;
}
