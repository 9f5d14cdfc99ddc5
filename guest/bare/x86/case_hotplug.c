/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_hotplug.c: a card comes, works, and goes by the registers that the
 * methods of the DSDT use (devices/pci_hotplug.h), while another CPU never
 * leaves it alone.
 *
 * Rounds, each announced to who plugs the cards: an orderly removal, one of a
 * card that its driver did not stop, one that nobody asked for, and one of a
 * card whose device was taken by force.
 */
#include "guest/bare/bytes.h"
#include "guest/bare/guest.h"
#include "guest/bare/pci.h"
#include "guest/bare/platform.h"
#include "guest/bare/virtio_net.h"

#include <linux/pci_regs.h>
#include <machine.h>

#define ROUNDS     4
#define UNSTOPPED  2
#define UNASKED    3 /* the fourth is orderly, too */
#define SLOT       1
#define CHECK_PORT (HOTPLUG_PORT + 0)
#define ASK_PORT   (HOTPLUG_PORT + 4)
#define EJECT_PORT (HOTPLUG_PORT + 8)
#define MAX_VISITS 200000

static struct virtio_net net;
static volatile uint64_t structures; /* of the card, once there was one */
static volatile uint32_t num_running;

/* Whatever the first CPU does, this one is inside the card. */
static void meddle(void)
{
    __atomic_fetch_add(&num_running, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        (void)pci_read32(PCI_FUNCTION(SLOT, 0), PCI_VENDOR_ID);
        if (structures)
            (void)mmio_read8(structures);
        visit_host();
    }
}

static void start_other(void)
{
    platform_start_cpus(2, meddle);
    for (unsigned i = 0; i < MAX_VISITS && num_running == 0; i++)
        visit_host();
    check(num_running == 1, "another CPU runs");
}

/* As long as the host takes; it gives up in the end. */
static uint32_t wait_for_slots(uint16_t port)
{
    uint32_t slots;

    do {
        slots = in32(port);
    } while (slots == 0);
    return slots;
}

static bool is_there(void)
{
    return pci_read32(PCI_FUNCTION(SLOT, 0), PCI_VENDOR_ID) != 0xffffffff;
}

/* The host closes the card behind the guest's back, in its own time. */
static bool registers_vanish(void)
{
    for (unsigned i = 0; i < MAX_VISITS; i++)
        if (mmio_read32(structures) == 0xffffffff)
            return true;
    return false;
}

static void take_card(unsigned round)
{
    check(wait_for_slots(CHECK_PORT) == 1U << SLOT,
          "round %u: the host names the slot", round);
    check(in32(CHECK_PORT) == 0, "round %u: it does so once", round);
    check(virtio_net_find(&net) && net.function == PCI_FUNCTION(SLOT, 0),
          "round %u: a card is there", round);
    structures = net.common;
    check(virtio_net_start(&net), "round %u: it starts", round);
    virtio_net_send(&net);
    for (unsigned i = 0; i < MAX_VISITS && !virtio_net_has_sent(); i++)
        visit_host();
    check(virtio_net_has_sent(), "round %u: it sends", round);
}

static void give_card(unsigned round)
{
    if (round == UNASKED)
        check(in32(ASK_PORT) == 0, "nobody asks for the card");
    else
        check(wait_for_slots(ASK_PORT) == 1U << SLOT,
              "round %u: the host asks for the card", round);
    if (round != UNSTOPPED)
        check(virtio_net_reset(&net), "round %u: the card stops", round);
    out32(EJECT_PORT, 1U << SLOT);
    check(!is_there(), "round %u: once ejected it is not there", round);
    check(registers_vanish(), "round %u: nor are its registers", round);
}

void run_case(void)
{
    check(in32(CHECK_PORT) == 0 && in32(ASK_PORT) == 0,
          "at the start the host wants nothing");
    check(!is_there(), "the slot is empty");
    /* The bridge, and slots with nothing in them, cannot be ejected. */
    out32(EJECT_PORT, 0xffffffff);
    check(pci_read32(PCI_FUNCTION(0, 0), PCI_VENDOR_ID) != 0xffffffff,
          "the host bridge stays");
    start_other();
    for (unsigned round = 1; round <= ROUNDS; round++) {
        print("hotplug: waits %u\n", round);
        take_card(round);
        print("hotplug: works %u\n", round);
        give_card(round);
        print("hotplug: gone %u\n", round);
    }
}
