/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_virtio_pci.c: a guest that does anything to a virtio device, which
 * does anything itself.
 *
 * Input: one byte for the device, then steps of 8 bytes: what, size, offset
 * (16 bits), value (32 bits). Whatever comes, the backend's contract is kept,
 * every eventfd connected is disconnected, and a reset helps.
 */
#include "tests/support/log_capture.h"
#include "tests/support/loop_steps.h"
#include "tests/support/virtio_bench.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_pci.h>
#include <stdlib.h>

#define STEP_SIZE 8U
#define RUNNING   15U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct virtio_bench bench;
static struct log_capture capture;

/* Unlike assert(), not compiled out and seen by the fuzzer as a crash. */
static void require(bool claim)
{
    if (!claim)
        abort();
}

static void set_common(unsigned offset, unsigned size, uint64_t value)
{
    virtio_bench_write(&bench, 0, offset, size, value);
}

/* What a random guest would take long to get right. */
static void negotiate(void)
{
    set_common(VIRTIO_PCI_COMMON_STATUS, 1, 0);
    set_common(VIRTIO_PCI_COMMON_STATUS, 1, 3);
    set_common(VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
    set_common(VIRTIO_PCI_COMMON_GF, 4, 1);
    set_common(VIRTIO_PCI_COMMON_STATUS, 1, 11);
}

static void place_queue(unsigned index)
{
    set_common(VIRTIO_PCI_COMMON_Q_SELECT, 2, index);
    set_common(VIRTIO_PCI_COMMON_Q_SIZE, 2, 64);
    set_common(VIRTIO_PCI_COMMON_Q_DESCLO, 8, 0x10000);
    set_common(VIRTIO_PCI_COMMON_Q_AVAILLO, 8, 0x20000);
    set_common(VIRTIO_PCI_COMMON_Q_USEDLO, 8, 0x30000);
    set_common(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
}

static void use_msix(uint32_t value)
{
    unsigned at = virtio_bench_find_capability(&bench, PCI_CAP_ID_MSIX, 0);

    virtio_bench_config_write(&bench, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    virtio_bench_config_write(&bench, at + PCI_MSIX_FLAGS, 2,
                              value & 1 ? PCI_MSIX_FLAGS_ENABLE : 0);
    set_common(VIRTIO_PCI_COMMON_Q_MSIX, 2, value >> 1 & 7);
    set_common(VIRTIO_PCI_COMMON_MSIX, 2, value >> 4 & 7);
}

static void shortcut(uint32_t value)
{
    switch (value % 5) {
    case 0:
        virtio_bench_config_write(&bench, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
        break;
    case 1:
        negotiate();
        break;
    case 2:
        place_queue(value >> 8 & 7);
        break;
    case 3:
        use_msix(value >> 8);
        break;
    default:
        set_common(VIRTIO_PCI_COMMON_STATUS, 1, RUNNING);
        break;
    }
}

static void act_as_device(uint32_t value)
{
    uint8_t byte = (uint8_t)(value >> 16);

    switch (value % 8) {
    case 0:
        fake_backend_signal(&bench.fake, value >> 8 & 7);
        break;
    case 1:
        fake_backend_change_config(
            &bench.fake, (value >> 8) % bench.fake.identity.config_size, &byte,
            1);
        break;
    case 2:
        fake_backend_break(&bench.fake);
        break;
    case 3:
        fake_backend_fail_nth(&bench.fake, value >> 8 & 15, -EIO);
        break;
    case 4:
        bench.fake.refuses_features_ok = value >> 8 & 1;
        break;
    case 5:
        bench.fake.refuses_driver_ok = value >> 8 & 1;
        break;
    case 6:
        fake_machine_drop_pages(&bench.machine);
        break;
    default:
        fake_machine_fail(&bench.machine, value >> 8 & 7, -ENOSPC);
        break;
    }
}

/* The fake machine remembers so many messages, so that there are 8 in each
 * entry: any bytes in the mask, one bit in each of the other words. */
static void write_table(uint32_t offset, unsigned size, uint32_t value)
{
    if (offset % 16 < 12) {
        offset -= offset % 4;
        size = 4;
        value &= 1;
    }
    virtio_bench_write(&bench, 2, offset, size, value);
}

static void step(const uint8_t *bytes)
{
    unsigned size = 1U << (bytes[1] % 4);
    unsigned config_size = size > 4 ? 4 : size;
    unsigned config_offset = bytes[2] & ~(config_size - 1);
    uint32_t offset = load_le16(bytes + 2);
    uint32_t value = load_le32(bytes + 4);

    fake_backend_clear_log(&bench.fake);
    switch (bytes[0] % 10) {
    case 0:
        (void)virtio_bench_config_read(&bench, config_offset, config_size);
        break;
    case 1:
        virtio_bench_config_write(&bench, config_offset, config_size, value);
        break;
    case 2:
        (void)virtio_bench_read(&bench, 0, offset, size);
        break;
    case 3:
        virtio_bench_write(&bench, 0, offset, size, value);
        break;
    case 4:
        set_common(offset % 56, size, value);
        break;
    case 5:
        (void)virtio_bench_read(&bench, 2, offset % 8192, size);
        break;
    case 6:
        write_table(offset % 128, config_size, value);
        break;
    case 7:
        act_as_device(value);
        break;
    case 8:
        (void)loop_serve_ready(&bench.loop);
        break;
    default:
        shortcut(value);
        break;
    }
    require(fake_backend_violation(&bench.fake)[0] == '\0');
}

/* What the machine has agrees with what the device thinks it has. */
static void check_connections(void)
{
    unsigned connected = 0, doorbells = 0, pages = 0;

    for (unsigned i = 0; i < bench.pci.interrupts.count; i++)
        if (virtio_interrupts_is_connected(&bench.pci.interrupts, i))
            connected++;
    for (unsigned i = 0; i < bench.pci.device.num_queues; i++) {
        doorbells += bench.pci.doorbells.queues[i].has_eventfd;
        pages += virtio_pci_kicks(&bench.pci, i).path == VIRTIO_KICK_BY_PAGE;
    }
    require(pages == 0 || bench.is_running);
    require(bench.machine.num_pages == pages);
    require(bench.machine.num_connections == connected);
    require(bench.machine.num_doorbells == doorbells);
}

static void check_that_a_reset_helps(void)
{
    bench.fake.fail_at = 0;
    bench.fake.refuses_features_ok = bench.fake.refuses_driver_ok = false;
    fake_machine_fail(&bench.machine, 0, 0);
    fake_backend_clear_log(&bench.fake);
    virtio_pci_reset(&bench.pci);
    require(bench.machine.num_connections == 0);
    require(bench.machine.num_doorbells == 0);
    require(bench.machine.num_pages == 0);
    virtio_bench_config_write(&bench, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    require(bench.machine.num_doorbells == bench.pci.device.num_queues);
    negotiate();
    place_queue(0);
    set_common(VIRTIO_PCI_COMMON_STATUS, 1, RUNNING);
    require(virtio_bench_read(&bench, 0, VIRTIO_PCI_COMMON_STATUS, 1) ==
            RUNNING);
    require(bench.fake.status == RUNNING && bench.is_running);
    require(bench.fake.queues[0].is_enabled);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    log_capture_start(&capture);
    virtio_bench_init(&bench);
    bench.fake.identity.num_queues = 1 + data[0] % FAKE_BACKEND_MAX_QUEUES;
    bench.fake.identity.config_size = 1 + data[0] % FAKE_BACKEND_CONFIG_SIZE;
    if (data[0] & 0x80)
        bench.fake.offered |= 1ULL << VIRTIO_F_RING_PACKED;
    bench.fake.has_doorbells = (data[0] & 0x40) != 0;
    require(virtio_bench_plug(&bench) == 0);
    virtio_pci_use_pages(&bench.pci);
    for (data++, size--; size >= STEP_SIZE;
         size -= STEP_SIZE, data += STEP_SIZE) {
        step(data);
        check_connections();
    }
    check_that_a_reset_helps();
    virtio_bench_unplug(&bench);
    require(fake_backend_violation(&bench.fake)[0] == '\0');
    require(bench.machine.num_connections == 0);
    require(bench.machine.num_doorbells == 0);
    require(bench.machine.num_pages == 0);
    virtio_bench_destroy(&bench);
    log_capture_stop();
    return 0;
}
