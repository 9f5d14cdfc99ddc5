/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_bench.h: a virtio PCI device over a fake backend, in a fake machine,
 * reached as a guest reaches it: by accesses on the buses.
 */
#ifndef TESTS_SUPPORT_VIRTIO_BENCH_H
#define TESTS_SUPPORT_VIRTIO_BENCH_H

#include "devices/pci_host.h"
#include "devices/virtio_pci.h"
#include "tests/support/fake_backend.h"
#include "tests/support/fake_machine.h"
#include "vmm/event_loop.h"
#include "vmm/guest_memory.h"

#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_BENCH_ECAM        UINT64_C(0xe0000000)
#define VIRTIO_BENCH_WINDOW64    UINT64_C(0x4000000000)
#define VIRTIO_BENCH_MEMORY_SIZE (UINT64_C(1) << 20)
#define VIRTIO_BENCH_SLOT        1U

struct virtio_bench {
    struct fake_backend fake;
    struct virtio_device_options options;
    struct fake_machine machine;
    struct guest_memory memory; /* from 0 on */
    struct event_loop loop;
    struct bus mmio, ports;
    struct pci_host host;
    struct virtio_pci pci;
    bool is_running; /* as the device told last */
};

/* Everything but the device, whose fake backend and options may then be
 * changed. */
void virtio_bench_init(struct virtio_bench *bench);
void virtio_bench_destroy(struct virtio_bench *bench);

/* The device, in slot 1; what virtio_pci_init() returns. Whenever it starts
 * and stops it is asked what a report would ask. */
int virtio_bench_plug(struct virtio_bench *bench) MUST_CHECK;
void virtio_bench_unplug(struct virtio_bench *bench);

/* Configuration space of the device, by ECAM. */
uint32_t virtio_bench_config_read(struct virtio_bench *bench, unsigned offset,
                                  unsigned size);
void virtio_bench_config_write(struct virtio_bench *bench, unsigned offset,
                               unsigned size, uint32_t value);

/* Where BAR `index` is, and accesses there. */
uint64_t virtio_bench_bar_gpa(struct virtio_bench *bench, unsigned index);
uint64_t virtio_bench_read(struct virtio_bench *bench, unsigned bar,
                           uint64_t offset, unsigned size);
void virtio_bench_write(struct virtio_bench *bench, unsigned bar,
                        uint64_t offset, unsigned size, uint64_t value);

/* Offset of the first capability `id` in the list, of virtio's own (vendor)
 * those of `type`; 0 when there is none. */
unsigned virtio_bench_find_capability(struct virtio_bench *bench, uint8_t id,
                                      uint8_t type);

#endif
