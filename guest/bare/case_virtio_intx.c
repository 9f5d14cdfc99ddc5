/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_virtio_intx.c: a driver without MSI-X gets its interrupts by INTA#,
 * level-triggered through the
 * interrupt controller, until it reads the ISR.
 */
#include "guest/bare/bytes.h"
#include "guest/bare/guest.h"
#include "guest/bare/pci.h"
#include "guest/bare/platform.h"
#include "guest/bare/virtio_net.h"

#include <linux/pci_regs.h>
#include <machine.h>

#define MAX_WAIT      200000
#define SETTLE_VISITS 1000

static struct virtio_net net;
static volatile unsigned interrupts, isr_seen;

/* Reading the ISR lets go of the line; without that a level-triggered
 * interrupt would come again for ever. */
static void handle_interrupt(void)
{
    interrupts++;
    isr_seen |= mmio_read8(net.isr);
}

static bool wait_for(unsigned count)
{
    for (unsigned i = 0; i < MAX_WAIT && interrupts < count; i++)
        visit_host();
    return interrupts >= count;
}

static bool line_status(void)
{
    return pci_read16(net.function, PCI_STATUS) & PCI_STATUS_INTERRUPT;
}

/* Until both queues have raised what they had to raise. */
static void settle(void)
{
    for (unsigned i = 0; i < MAX_WAIT && !virtio_net_has_sent(); i++)
        visit_host();
    for (unsigned i = 0; i < SETTLE_VISITS; i++)
        visit_host();
}

/* With interrupts off the ISR tells, and reading it clears it. */
static void check_polled(void)
{
    virtio_net_send(&net);
    check(virtio_net_receive(&net), "a frame comes back");
    settle();
    check(line_status(), "PCI status shows the interrupt");
    check(mmio_read8(net.isr) == 1, "the ISR shows a queue's interrupt");
    check(mmio_read8(net.isr) == 0 && !line_status(), "reading it clears it");
}

static void check_handled(void)
{
    unsigned before;

    platform_set_handler(pci_read8(net.function, PCI_INTERRUPT_LINE),
                         handle_interrupt);
    platform_allow_interrupts(true);
    for (unsigned round = 0; round < 3; round++) {
        before = interrupts;
        virtio_net_send(&net);
        check(virtio_net_receive(&net) && wait_for(before + 1),
              "frame %u comes back with an interrupt", round + 1);
    }
    check(isr_seen == 1, "each was a queue's interrupt; ISR 0x%x", isr_seen);
    check(interrupts <= 6, "the line falls when the ISR is read: %u came",
          interrupts);
}

static void check_disabled(void)
{
    unsigned before;

    settle();
    before = interrupts;
    pci_write16(net.function, PCI_COMMAND,
                PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
                    PCI_COMMAND_INTX_DISABLE);
    virtio_net_send(&net);
    check(virtio_net_receive(&net), "a frame comes back without interrupts");
    settle();
    check(interrupts == before, "INTx disable keeps the line low");
    pci_write16(net.function, PCI_COMMAND,
                PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    check(wait_for(before + 1), "the interrupt comes when it is allowed");
}

void run_case(void)
{
    if (!virtio_net_find(&net)) {
        check(false, "there is a virtio network card");
        return;
    }
    check(pci_read8(net.function, PCI_INTERRUPT_PIN) == 1,
          "the card has INTA#");
    check(pci_read8(net.function, PCI_INTERRUPT_LINE) ==
              PCI_FIRST_GSI + (net.function >> 3) % PCI_NUM_GSIS,
          "the interrupt line is that of its slot");
    check(virtio_net_start(&net), "the device starts");
    check_polled();
    check_handled();
    check_disabled();
    platform_allow_interrupts(false);
    check(virtio_net_reset(&net), "the device resets");
}
