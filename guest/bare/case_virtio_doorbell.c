/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_virtio_doorbell.c: a driver that does with doorbells what none may: it
 * reads them, and writes elsewhere in their pages. The device goes on.
 *
 * A page that nobody has written to yet is not mapped into the VMM, and
 * reading it fails with EFAULT there; later the device itself may answer.
 */
#include "guest/bare/bytes.h"
#include "guest/bare/guest.h"
#include "guest/bare/virtio_net.h"

#include <machine.h>

#define PAGE 4096U

static struct virtio_net net;
static uint8_t copy[PAGE];

static uint64_t doorbell(unsigned queue)
{
    return net.notify + queue * net.notify_multiplier;
}

static bool carries_a_frame(void)
{
    virtio_net_send(&net);
    return virtio_net_receive(&net);
}

static void read_all_sizes(uint64_t at)
{
    (void)mmio_read8(at + 3);
    (void)mmio_read16(at + 2);
    (void)mmio_read32(at);
    (void)mmio_read64(at);
    (void)mmio_read32(at + PAGE - 4);
}

static void write_elsewhere(uint64_t page)
{
    for (unsigned offset = 8; offset < PAGE; offset += 0x1f8) {
        mmio_write8(page + offset, 0xff);
        mmio_write16(page + offset, 0);
        mmio_write32(page + offset, 0xffffffff);
        mmio_write64(page + offset, 0);
        mmio_write16(page + offset + 1, 1);
    }
}

void run_case(void)
{
    check(virtio_net_find(&net), "there is a network card");
    check(net.notify_multiplier == PAGE, "each queue has a page");
    check(virtio_net_start(&net), "it starts");
    read_all_sizes(doorbell(VIRTIO_NET_TRANSMIT));
    check(carries_a_frame(), "a frame comes back after a read of a doorbell");
    check(virtio_net_start(&net) && carries_a_frame(),
          "and once it was started again");
    for (unsigned queue = 0; queue < VIRTIO_NET_QUEUES; queue++)
        write_elsewhere(doorbell(queue));
    check(carries_a_frame(), "and after writes elsewhere in the pages");
    for (unsigned queue = 0; queue < VIRTIO_NET_QUEUES; queue++)
        device_copy(copy, doorbell(queue), PAGE);
    check(carries_a_frame(), "and after reads of the whole pages");
    for (unsigned i = 0; i < 20; i++) {
        virtio_net_start(&net);
        read_all_sizes(doorbell(VIRTIO_NET_RECEIVE));
    }
    check(carries_a_frame(), "and after 20 starts and reads");
}
