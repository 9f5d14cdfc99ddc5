/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_net.c: a driver for one virtio network card, as small as can be:
 * polled split queues, one frame at a time.
 */
#include "guest/bare/virtio_net.h"

#include "guest/bare/bytes.h"
#include "guest/bare/guest.h"
#include "guest/bare/pci.h"

#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <machine.h>

#define PCI_ID_VIRTIO_NET 0x10411af4U

#define QUEUE_SIZE  8
#define BUFFER_SIZE 2048
#define HEADER_SIZE sizeof(struct virtio_net_hdr_v1)
#define MAC_SIZE    6

/* An ARP request (RFC 826): a device that loops back returns it, the gateway
 * of QEMU's user-mode network answers it. */
#define FRAME_SIZE       60
#define FRAME_SOURCE     6
#define FRAME_ARP        12
#define FRAME_OPERATION  21
#define FRAME_SENDER     22
#define FRAME_TARGET     32
#define ARP_REPLY        2
#define MAX_OTHER_FRAMES 20

/* Visits to the host, of which each takes some microseconds. */
#define MAX_POLLS 200000

struct queue {
    struct vring_desc desc[QUEUE_SIZE] __attribute__((aligned(16)));
    struct {
        uint16_t flags, index, ring[QUEUE_SIZE], used_event;
    } avail __attribute__((aligned(2)));
    struct {
        uint16_t flags, index;
        struct vring_used_elem ring[QUEUE_SIZE];
        uint16_t avail_event;
    } used __attribute__((aligned(4)));
};

static struct queue queues[VIRTIO_NET_QUEUES];
static uint8_t buffers[VIRTIO_NET_QUEUES][BUFFER_SIZE];
static uint16_t buffers_offered; /* to receive, since the last start */

static void read_structure(struct virtio_net *net, uint8_t at)
{
    uint64_t gpa =
        net->bar_gpa + pci_read32(net->function, at + VIRTIO_PCI_CAP_OFFSET);

    switch (pci_read8(net->function, at + VIRTIO_PCI_CAP_CFG_TYPE)) {
    case VIRTIO_PCI_CAP_COMMON_CFG:
        net->common = gpa;
        break;
    case VIRTIO_PCI_CAP_NOTIFY_CFG:
        net->notify = gpa;
        net->notify_multiplier =
            pci_read32(net->function, at + VIRTIO_PCI_NOTIFY_CAP_MULT);
        break;
    case VIRTIO_PCI_CAP_ISR_CFG:
        net->isr = gpa;
        break;
    case VIRTIO_PCI_CAP_DEVICE_CFG:
        net->config = gpa;
        break;
    case VIRTIO_PCI_CAP_PCI_CFG:
        net->access_capability = at;
        break;
    default:
        break;
    }
}

static void read_capabilities(struct virtio_net *net)
{
    uint8_t at = pci_read8(net->function, PCI_CAPABILITY_LIST);

    for (unsigned i = 0; i < 48 && at != 0; i++) {
        uint8_t id = pci_read8(net->function, at);

        if (id == PCI_CAP_ID_VNDR)
            read_structure(net, at);
        else if (id == PCI_CAP_ID_MSIX)
            net->msix_capability = at;
        at = pci_read8(net->function, at + 1U);
    }
}

bool virtio_net_find(struct virtio_net *net)
{
    memset(net, 0, sizeof(*net));
    for (unsigned slot = 0; slot < PCI_SLOTS; slot++) {
        unsigned function = PCI_FUNCTION(slot, 0);

        if (pci_read32(function, PCI_VENDOR_ID) != PCI_ID_VIRTIO_NET)
            continue;
        net->function = function;
        net->bar_gpa = pci_bar_gpa(function, 0);
        map_gib(net->bar_gpa);
        read_capabilities(net);
        pci_write16(function, PCI_COMMAND,
                    PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
        return net->common && net->notify && net->isr && net->config;
    }
    return false;
}

uint8_t virtio_net_status(const struct virtio_net *net)
{
    return mmio_read8(net->common + VIRTIO_PCI_COMMON_STATUS);
}

void virtio_net_add_status(const struct virtio_net *net, uint8_t bits)
{
    mmio_write8(net->common + VIRTIO_PCI_COMMON_STATUS,
                virtio_net_status(net) | bits);
}

bool virtio_net_reset(const struct virtio_net *net)
{
    mmio_write8(net->common + VIRTIO_PCI_COMMON_STATUS, 0);
    for (unsigned i = 0; i < MAX_POLLS; i++)
        if (virtio_net_status(net) == 0)
            return true;
    return false;
}

uint64_t virtio_net_features(const struct virtio_net *net)
{
    uint64_t features;

    mmio_write32(net->common + VIRTIO_PCI_COMMON_DFSELECT, 1);
    features = (uint64_t)mmio_read32(net->common + VIRTIO_PCI_COMMON_DF) << 32;
    mmio_write32(net->common + VIRTIO_PCI_COMMON_DFSELECT, 0);
    return features | mmio_read32(net->common + VIRTIO_PCI_COMMON_DF);
}

void virtio_net_accept(const struct virtio_net *net, uint64_t features)
{
    for (unsigned word = 0; word < 2; word++) {
        mmio_write32(net->common + VIRTIO_PCI_COMMON_GFSELECT, word);
        mmio_write32(net->common + VIRTIO_PCI_COMMON_GF,
                     (uint32_t)(features >> (32 * word)));
    }
}

bool virtio_net_negotiate(const struct virtio_net *net)
{
    const uint64_t wanted = 1ULL << VIRTIO_F_VERSION_1 |
                            1ULL << VIRTIO_NET_F_MAC |
                            1ULL << VIRTIO_F_ACCESS_PLATFORM;

    if (!virtio_net_reset(net))
        return false;
    virtio_net_add_status(net, VIRTIO_CONFIG_S_ACKNOWLEDGE);
    virtio_net_add_status(net, VIRTIO_CONFIG_S_DRIVER);
    virtio_net_accept(net, virtio_net_features(net) & wanted);
    virtio_net_add_status(net, VIRTIO_CONFIG_S_FEATURES_OK);
    return virtio_net_status(net) & VIRTIO_CONFIG_S_FEATURES_OK;
}

void virtio_net_set_address(const struct virtio_net *net, unsigned offset,
                            uint64_t gpa)
{
    mmio_write32(net->common + offset, (uint32_t)gpa);
    mmio_write32(net->common + offset + 4, (uint32_t)(gpa >> 32));
}

bool virtio_net_set_up_queue(const struct virtio_net *net, unsigned index)
{
    struct queue *queue = &queues[index];

    memset(queue, 0, sizeof(*queue));
    mmio_write16(net->common + VIRTIO_PCI_COMMON_Q_SELECT, (uint16_t)index);
    mmio_write16(net->common + VIRTIO_PCI_COMMON_Q_SIZE, QUEUE_SIZE);
    virtio_net_set_address(net, VIRTIO_PCI_COMMON_Q_DESCLO,
                           (uintptr_t)queue->desc);
    virtio_net_set_address(net, VIRTIO_PCI_COMMON_Q_AVAILLO,
                           (uintptr_t)&queue->avail);
    virtio_net_set_address(net, VIRTIO_PCI_COMMON_Q_USEDLO,
                           (uintptr_t)&queue->used);
    mmio_write16(net->common + VIRTIO_PCI_COMMON_Q_ENABLE, 1);
    return mmio_read16(net->common + VIRTIO_PCI_COMMON_Q_ENABLE) == 1;
}

bool virtio_net_start(const struct virtio_net *net)
{
    buffers_offered = 0;
    if (!virtio_net_negotiate(net) ||
        !virtio_net_set_up_queue(net, VIRTIO_NET_RECEIVE) ||
        !virtio_net_set_up_queue(net, VIRTIO_NET_TRANSMIT))
        return false;
    virtio_net_add_status(net, VIRTIO_CONFIG_S_DRIVER_OK);
    return virtio_net_status(net) ==
           (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
            VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
}

void virtio_net_notify(const struct virtio_net *net, unsigned index)
{
    uint16_t offset;

    mmio_write16(net->common + VIRTIO_PCI_COMMON_Q_SELECT, (uint16_t)index);
    offset = mmio_read16(net->common + VIRTIO_PCI_COMMON_Q_NOFF);
    mmio_write16(net->notify + (uint64_t)offset * net->notify_multiplier,
                 (uint16_t)index);
}

/* Descriptor 0 alone: a queue holds one buffer at a time. */
static void offer(unsigned index, uint32_t size, uint16_t flags)
{
    struct queue *queue = &queues[index];

    queue->desc[0] = (struct vring_desc){
        .addr = (uintptr_t)buffers[index], .len = size, .flags = flags};
    queue->avail.ring[queue->avail.index % QUEUE_SIZE] = 0;
    /* After the ring entry; the device reads them in the other order. */
    __atomic_store_n(&queue->avail.index, (uint16_t)(queue->avail.index + 1),
                     __ATOMIC_RELEASE);
}

static void offer_to_receive(const struct virtio_net *net)
{
    buffers_offered++;
    offer(VIRTIO_NET_RECEIVE, BUFFER_SIZE, VRING_DESC_F_WRITE);
    virtio_net_notify(net, VIRTIO_NET_RECEIVE);
}

void virtio_net_send(const struct virtio_net *net)
{
    static const uint8_t arp_request[] = {0x08, 0x06, 0, 1, 8, 0, 6,  4, 0, 1,
                                          0,    0,    0, 0, 0, 0, 10, 0, 2, 15,
                                          0,    0,    0, 0, 0, 0, 10, 0, 2, 2};
    uint8_t *frame = buffers[VIRTIO_NET_TRANSMIT] + HEADER_SIZE;

    memset(buffers, 0, sizeof(buffers));
    memset(frame, 0xff, MAC_SIZE);
    memcpy(frame + FRAME_ARP, arp_request, sizeof(arp_request));
    for (unsigned i = 0; i < MAC_SIZE; i++)
        frame[FRAME_SOURCE + i] = frame[FRAME_SENDER + i] =
            mmio_read8(net->config + i);
    offer_to_receive(net);
    offer(VIRTIO_NET_TRANSMIT, HEADER_SIZE + FRAME_SIZE, 0);
    virtio_net_notify(net, VIRTIO_NET_TRANSMIT);
}

bool virtio_net_has_sent(void)
{
    const struct queue *queue = &queues[VIRTIO_NET_TRANSMIT];

    return __atomic_load_n(&queue->used.index, __ATOMIC_ACQUIRE) ==
           queue->avail.index;
}

void virtio_net_break(const struct virtio_net *net)
{
    struct queue *queue = &queues[VIRTIO_NET_TRANSMIT];

    offer(VIRTIO_NET_TRANSMIT, HEADER_SIZE + FRAME_SIZE, 0);
    queue->avail.ring[(queue->avail.index - 1) % QUEUE_SIZE] = QUEUE_SIZE;
    virtio_net_notify(net, VIRTIO_NET_TRANSMIT);
}

bool virtio_net_has_frame(void)
{
    return __atomic_load_n(&queues[VIRTIO_NET_RECEIVE].used.index,
                           __ATOMIC_ACQUIRE) == buffers_offered;
}

static bool is_answer(void)
{
    const uint8_t *sent = buffers[VIRTIO_NET_TRANSMIT] + HEADER_SIZE;
    const uint8_t *got = buffers[VIRTIO_NET_RECEIVE] + HEADER_SIZE;

    return memcmp(got, sent, FRAME_SIZE) == 0 ||
           (memcmp(got + FRAME_ARP, sent + FRAME_ARP, 2) == 0 &&
            got[FRAME_OPERATION] == ARP_REPLY &&
            memcmp(got + FRAME_TARGET, sent + FRAME_SENDER, MAC_SIZE) == 0);
}

bool virtio_net_receive(const struct virtio_net *net)
{
    for (unsigned other = 0; other < MAX_OTHER_FRAMES; other++) {
        for (unsigned i = 0; i < MAX_POLLS && !virtio_net_has_frame(); i++)
            visit_host();
        if (!virtio_net_has_frame())
            return false;
        if (is_answer())
            return true;
        /* A real network talks unasked. */
        offer_to_receive(net);
    }
    return false;
}
