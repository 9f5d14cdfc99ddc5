/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_virtio_hostile.c: a driver that does everything wrong. After each
 * abuse the device must still carry a frame once it has been reset.
 */
#include "guest/bare/bytes.h"
#include "guest/bare/guest.h"
#include "guest/bare/pci.h"
#include "guest/bare/virtio_net.h"

#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <machine.h>

#define MSIX_BAR   2
#define COMMAND_ON (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)
#define NO_VECTOR  0xffff

static struct virtio_net net;
static uint64_t bar_gpa, msix_gpa;
static uint8_t scratch[4096] __attribute__((aligned(4096)));

static void set16(unsigned reg, uint16_t value)
{
    mmio_write16(net.common + reg, value);
}

static uint16_t get16(unsigned reg)
{
    return mmio_read16(net.common + reg);
}

static void set_status(uint8_t status)
{
    mmio_write8(net.common + VIRTIO_PCI_COMMON_STATUS, status);
}

static bool needs_reset(void)
{
    return virtio_net_status(&net) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

static bool carries_a_frame(void)
{
    if (!virtio_net_start(&net))
        return false;
    virtio_net_send(&net);
    return virtio_net_receive(&net);
}

static void check_recovers(const char *abuse)
{
    check(carries_a_frame(), "after %s a frame comes back", abuse);
}

/* ---- Status ---- */

static void abuse_status(void)
{
    virtio_net_reset(&net);
    set_status(VIRTIO_CONFIG_S_DRIVER_OK);
    check(!(virtio_net_status(&net) & VIRTIO_CONFIG_S_DRIVER_OK),
          "DRIVER_OK alone does not stay");
    virtio_net_reset(&net);
    set_status(0xff);
    set_status(0x0f);
    set_status(0xf0);
    check_recovers("status 0xff");

    carries_a_frame();
    set_status(VIRTIO_CONFIG_S_ACKNOWLEDGE);
    check(virtio_net_status(&net) & VIRTIO_CONFIG_S_DRIVER_OK,
          "status bits cannot be cleared");
    virtio_net_send(&net);
    check(virtio_net_receive(&net), "and the device runs on");
    for (unsigned i = 0; i < 256; i++)
        set_status((uint8_t)(i * 37));
    check_recovers("every status in turn");
    for (unsigned i = 0; i < 20; i++) {
        set_status(0);
        set_status(VIRTIO_CONFIG_S_ACKNOWLEDGE);
    }
    check_recovers("20 resets");
}

static void abuse_features(void)
{
    uint64_t offered = virtio_net_features(&net);

    virtio_net_reset(&net);
    set_status(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
    virtio_net_accept(&net, ~0ULL);
    virtio_net_add_status(&net, VIRTIO_CONFIG_S_FEATURES_OK);
    check(!(virtio_net_status(&net) & VIRTIO_CONFIG_S_FEATURES_OK),
          "features that were not offered are refused");
    virtio_net_accept(&net, offered & ~(1ULL << VIRTIO_F_VERSION_1));
    virtio_net_add_status(&net, VIRTIO_CONFIG_S_FEATURES_OK);
    check(!(virtio_net_status(&net) & VIRTIO_CONFIG_S_FEATURES_OK),
          "a driver older than virtio 1.0 is refused");

    virtio_net_negotiate(&net);
    virtio_net_accept(&net, ~0ULL);
    check(virtio_net_status(&net) & VIRTIO_CONFIG_S_FEATURES_OK,
          "features cannot change after FEATURES_OK");
    mmio_write32(net.common + VIRTIO_PCI_COMMON_DFSELECT, 0xffffffff);
    check(mmio_read32(net.common + VIRTIO_PCI_COMMON_DF) == 0,
          "a feature word that does not exist is empty");
    mmio_write32(net.common + VIRTIO_PCI_COMMON_GFSELECT, 0x80000000);
    mmio_write32(net.common + VIRTIO_PCI_COMMON_GF, 0xffffffff);
    check_recovers("bad features");
}

/* ---- Queues ---- */

static void abuse_queue_sizes(void)
{
    static const uint16_t sizes[] = {0, 3, 7, 0x7fff, 0x8000, 0xffff};
    uint16_t size;

    virtio_net_negotiate(&net);
    set16(VIRTIO_PCI_COMMON_Q_SELECT, 0);
    size = get16(VIRTIO_PCI_COMMON_Q_SIZE);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        set16(VIRTIO_PCI_COMMON_Q_SIZE, sizes[i]);
        expect(get16(VIRTIO_PCI_COMMON_Q_SIZE) == size,
               "queue size %u is refused", sizes[i]);
    }
    set16(VIRTIO_PCI_COMMON_Q_SELECT, 0xffff);
    check(get16(VIRTIO_PCI_COMMON_Q_SIZE) == 0,
          "a queue that does not exist has size 0");
    set16(VIRTIO_PCI_COMMON_Q_SIZE, 8);
    set16(VIRTIO_PCI_COMMON_Q_MSIX, 0);
    set16(VIRTIO_PCI_COMMON_Q_ENABLE, 1);
    virtio_net_set_address(&net, VIRTIO_PCI_COMMON_Q_DESCLO, 0x1000);
    check(get16(VIRTIO_PCI_COMMON_Q_ENABLE) == 0 &&
              get16(VIRTIO_PCI_COMMON_Q_MSIX) == NO_VECTOR,
          "and cannot be set up");
    check_recovers("bad queue sizes");
}

static void abuse_queue_addresses(void)
{
    static const uint64_t addresses[] = {
        1,
        0x1001,
        0x2008,
        PCI_WINDOW32_BASE,
        PCI_WINDOW64_BASE,
        NO_RAM_GPA - 16,
        0xfffffffffffff000,
        0xfffffffffffffff0,
        0x8000000000000000,
    };
    static const uint8_t registers[] = {VIRTIO_PCI_COMMON_Q_DESCLO,
                                        VIRTIO_PCI_COMMON_Q_AVAILLO,
                                        VIRTIO_PCI_COMMON_Q_USEDLO};
    bool refused = true;

    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(registers); j++) {
            /* 0x2008 is aligned well enough for all but descriptors. */
            if (addresses[i] == 0x2008 && j > 0)
                continue;
            virtio_net_negotiate(&net);
            set16(VIRTIO_PCI_COMMON_Q_SELECT, 0);
            set16(VIRTIO_PCI_COMMON_Q_SIZE, 8);
            for (size_t k = 0; k < ARRAY_SIZE(registers); k++)
                virtio_net_set_address(&net, registers[k],
                                       (uintptr_t)scratch + 1024 * k);
            virtio_net_set_address(&net, registers[j], addresses[i]);
            set16(VIRTIO_PCI_COMMON_Q_ENABLE, 1);
            refused &= expect(get16(VIRTIO_PCI_COMMON_Q_ENABLE) == 0,
                              "ring at 0x%lx is refused", addresses[i]);
            refused &= expect(needs_reset(), "and the device needs a reset");
            virtio_net_add_status(&net, VIRTIO_CONFIG_S_DRIVER_OK);
            refused &=
                expect(!(virtio_net_status(&net) & VIRTIO_CONFIG_S_DRIVER_OK),
                       "and does not start");
        }
    }
    check(refused, "rings outside of memory or misaligned are refused");
    check_recovers("bad ring addresses");
}

static void abuse_enabling(void)
{
    virtio_net_reset(&net);
    set16(VIRTIO_PCI_COMMON_Q_SELECT, 0);
    set16(VIRTIO_PCI_COMMON_Q_ENABLE, 1);
    check(get16(VIRTIO_PCI_COMMON_Q_ENABLE) == 0,
          "a queue is not enabled before FEATURES_OK");

    carries_a_frame();
    set16(VIRTIO_PCI_COMMON_Q_SELECT, 2);
    set16(VIRTIO_PCI_COMMON_Q_ENABLE, 1);
    check(get16(VIRTIO_PCI_COMMON_Q_ENABLE) == 0, "nor after DRIVER_OK");
    for (uint16_t queue = 0; queue < 2; queue++) {
        set16(VIRTIO_PCI_COMMON_Q_SELECT, queue);
        set16(VIRTIO_PCI_COMMON_Q_ENABLE, 0);
        set16(VIRTIO_PCI_COMMON_Q_ENABLE, 0xffff);
        set16(VIRTIO_PCI_COMMON_Q_SIZE, 2);
        virtio_net_set_address(&net, VIRTIO_PCI_COMMON_Q_DESCLO, ~0ULL);
        virtio_net_set_address(&net, VIRTIO_PCI_COMMON_Q_AVAILLO, ~0ULL);
        virtio_net_set_address(&net, VIRTIO_PCI_COMMON_Q_USEDLO, ~0ULL);
    }
    virtio_net_send(&net);
    check(virtio_net_receive(&net), "a running queue cannot be changed");
    check_recovers("changes of running queues");

    virtio_net_negotiate(&net);
    virtio_net_add_status(&net, VIRTIO_CONFIG_S_DRIVER_OK);
    virtio_net_notify(&net, VIRTIO_NET_TRANSMIT);
    check_recovers("a start without queues");
}

/* ---- Notifications ---- */

static void notify_everywhere(void)
{
    uint64_t size = pci_bar_size(net.function, 0);

    for (uint64_t at = net.notify; at < bar_gpa + size; at += 0x400) {
        mmio_write8(at, 0xff);
        mmio_write16(at, 0xffff);
        mmio_write32(at, 0xffffffff);
        mmio_write64(at, ~0ULL);
        mmio_write16(at + 1, 0);
        (void)mmio_read32(at);
    }
}

static void abuse_notifications(void)
{
    virtio_net_reset(&net);
    notify_everywhere();
    check_recovers("notifications of a device that is off");
    notify_everywhere();
    virtio_net_send(&net);
    check(virtio_net_receive(&net), "while it runs they change nothing");
    for (unsigned i = 0; i < 2000; i++)
        mmio_write16(net.notify, 0);
    check_recovers("2000 notifications");
}

/* ---- The BARs' contents ---- */

/* A generator of Knuth's, TAOCP volume 2, 3.3.4: the same numbers each run. */
static uint32_t next_random(void)
{
    static uint64_t state = 1;

    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(state >> 33);
}

static void write_any(uint64_t gpa)
{
    uint64_t value = (uint64_t)next_random() << 33 | next_random();

    switch (next_random() % 4) {
    case 0:
        mmio_write8(gpa, (uint8_t)value);
        (void)mmio_read8(gpa);
        break;
    case 1:
        mmio_write16(gpa, (uint16_t)value);
        (void)mmio_read16(gpa);
        break;
    case 2:
        mmio_write32(gpa, (uint32_t)value);
        (void)mmio_read32(gpa);
        break;
    default:
        mmio_write64(gpa, value);
        (void)mmio_read64(gpa);
        break;
    }
}

static void abuse_registers(void)
{
    for (unsigned i = 0; i < 1000; i++)
        write_any(net.common + next_random() % 70);
    check_recovers("1000 random writes to the common configuration");
    for (unsigned i = 0; i < 300; i++)
        write_any(net.config + 8 + next_random() % 4096);
    for (unsigned i = 0; i < 100; i++)
        write_any(net.isr + next_random() % 4096);
    check_recovers("random writes to the device's configuration");
}

static void abuse_msix(void)
{
    static const uint16_t vectors[] = {0, 1, 2, 100, 0x7ff, 0x800, 0xfffe};
    unsigned flags = net.msix_capability + (unsigned)PCI_MSIX_FLAGS;

    carries_a_frame();
    for (unsigned at = 0; at < 64; at += 4)
        mmio_write32(msix_gpa + at, 0xffffffff);
    pci_write16(net.function, flags, PCI_MSIX_FLAGS_ENABLE);
    for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
        set16(VIRTIO_PCI_COMMON_MSIX, vectors[i]);
        for (uint16_t queue = 0; queue < 4; queue++) {
            set16(VIRTIO_PCI_COMMON_Q_SELECT, queue);
            set16(VIRTIO_PCI_COMMON_Q_MSIX, vectors[i]);
        }
    }
    check(get16(VIRTIO_PCI_COMMON_MSIX) == NO_VECTOR,
          "a vector beyond the table is refused");
    for (unsigned i = 0; i < 300; i++)
        write_any(msix_gpa + next_random() % 8192);
    /* Messages to nowhere, unmasked. */
    for (unsigned vector = 0; vector < 3; vector++) {
        mmio_write64(msix_gpa + 16 * vector, 0xdeadbeef00000000);
        mmio_write64(msix_gpa + 16 * vector + 8, 0);
        set16(VIRTIO_PCI_COMMON_Q_SELECT, (uint16_t)vector);
        set16(VIRTIO_PCI_COMMON_Q_MSIX, (uint16_t)vector);
    }
    virtio_net_send(&net);
    check(virtio_net_receive(&net), "frames move with garbage as vectors");
    for (unsigned i = 0; i < 50; i++)
        pci_write16(net.function, flags, (uint16_t)(next_random() << 14));
    pci_write16(net.function, flags, 0);
    check_recovers("garbage in the MSI-X table");
}

/* ---- Configuration space ---- */

/* virtio 1.2, 4.1.4.9 */
static uint32_t read_by_window(uint8_t bar, uint32_t offset, uint32_t length)
{
    unsigned at = net.access_capability;

    pci_write8(net.function, at + VIRTIO_PCI_CAP_BAR, bar);
    pci_write32(net.function, at + VIRTIO_PCI_CAP_OFFSET, offset);
    pci_write32(net.function, at + VIRTIO_PCI_CAP_LENGTH, length);
    return pci_read32(net.function, at + 16);
}

static void abuse_access_window(void)
{
    static const uint32_t lengths[] = {0, 3, 5, 8, 0x80000000, 0xffffffff};
    static const uint32_t offsets[] = {0, 1, 0x7fffffff, 0xfffffffc,
                                       0xffffffff};
    uint32_t status_at =
        (uint32_t)(net.common - bar_gpa) + VIRTIO_PCI_COMMON_STATUS;

    carries_a_frame();
    check((read_by_window(0, status_at, 1) & 0xff) == virtio_net_status(&net),
          "the access window shows the status");
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(offsets); j++) {
            (void)read_by_window(0, offsets[j], lengths[i]);
            pci_write32(net.function, net.access_capability + 16U, ~0U);
        }
    }
    for (unsigned bar = 0; bar < 256; bar += 5) {
        (void)read_by_window((uint8_t)bar, 0xfffffffe, 4);
        (void)read_by_window((uint8_t)bar, 2, 4);
        pci_write16(net.function, net.access_capability + 17U, 0xffff);
    }
    virtio_net_send(&net);
    check(virtio_net_receive(&net), "bad windows change nothing");
    check_recovers("bad windows");
}

static void restore_function(void)
{
    pci_write16(net.function, PCI_COMMAND, 0);
    pci_move_bar(net.function, 0, bar_gpa);
    pci_move_bar(net.function, MSIX_BAR, msix_gpa);
    pci_write16(net.function, net.msix_capability + (unsigned)PCI_MSIX_FLAGS,
                0);
    pci_write16(net.function, PCI_COMMAND, COMMAND_ON);
}

/* While the device runs. */
static void abuse_bars(void)
{
    const uint64_t places[] = {
        0,
        PROGRAM_GPA,
        msix_gpa, /* the other BAR */
        PCI_ECAM_BASE,
        INTERRUPT_CHIP_GPA & ~0xffffULL,
        0xfffffffffff00000,
        0x8000000000000000,
        NO_RAM_GPA,
        PCI_WINDOW64_BASE + 0x10000000,
    };

    carries_a_frame();
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        pci_move_bar(net.function, 0, places[i]);
        pci_move_bar(net.function, MSIX_BAR, places[i]);
    }
    restore_function();
    virtio_net_send(&net);
    check(virtio_net_receive(&net), "a device outlives moves of its BARs");
    for (unsigned i = 0; i < 50; i++) {
        pci_write16(net.function, PCI_COMMAND, 0);
        pci_write16(net.function, PCI_COMMAND, COMMAND_ON);
    }
    virtio_net_send(&net);
    check(virtio_net_receive(&net), "and memory decoding off and on");
    check_recovers("moves of its BARs");
}

static void move_elsewhere(void)
{
    uint64_t offset_of_common = net.common - bar_gpa;
    struct virtio_net moved = net;
    uint64_t elsewhere = PCI_WINDOW32_BASE + 0x8000000;
    struct virtio_net here = net;

    pci_move_bar(net.function, 0, elsewhere);
    moved.bar_gpa = elsewhere;
    moved.common = elsewhere + offset_of_common;
    moved.notify = elsewhere + (net.notify - bar_gpa);
    moved.isr = elsewhere + (net.isr - bar_gpa);
    moved.config = elsewhere + (net.config - bar_gpa);
    net = moved;
    check_recovers("a move of its BAR, at the new place,");
    net = here;
    restore_function();
    check_recovers("the move back");
}

static void abuse_config_space(void)
{
    carries_a_frame();
    for (unsigned i = 0; i < 1000; i++) {
        unsigned at = next_random() % 0x1000 & ~3U;

        pci_write32(net.function, i % 4 ? at % 0x100 : at, next_random() << 1);
        (void)pci_read32(net.function, at);
    }
    restore_function();
    check_recovers("1000 random writes to configuration space");
}

void run_case(void)
{
    if (!virtio_net_find(&net)) {
        check(false, "there is a virtio network card");
        return;
    }
    bar_gpa = net.bar_gpa;
    msix_gpa = pci_bar_gpa(net.function, MSIX_BAR);
    check(carries_a_frame(), "a frame comes back");
    abuse_status();
    abuse_features();
    abuse_queue_sizes();
    abuse_queue_addresses();
    abuse_enabling();
    abuse_notifications();
    abuse_registers();
    abuse_msix();
    abuse_access_window();
    abuse_bars();
    move_elsewhere();
    abuse_config_space();
    check(virtio_net_reset(&net), "the device resets");
}
