/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * case_virtio_recovers.c: a device that needs a reset says so by its status
 * and a configuration interrupt (virtio 1.2, 2.1.2), and works after one.
 */
#include "guest/bare/guest.h"
#include "guest/bare/virtio_net.h"

#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <machine.h>

#define MAX_WAIT 200000

static struct virtio_net net;

/* Without MSI-X the ISR tells; reading it clears it. */
static bool config_interrupt_comes(void)
{
    unsigned seen = 0;

    for (unsigned i = 0; i < MAX_WAIT && !(seen & VIRTIO_PCI_ISR_CONFIG); i++) {
        visit_host();
        seen |= mmio_read8(net.isr);
    }
    return seen & VIRTIO_PCI_ISR_CONFIG;
}

static bool needs_reset(void)
{
    return virtio_net_status(&net) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

static void check_works(const char *when)
{
    check(virtio_net_start(&net), "the device starts %s", when);
    virtio_net_send(&net);
    check(virtio_net_receive(&net), "a frame comes back %s", when);
}

void run_case(void)
{
    if (!virtio_net_find(&net)) {
        check(false, "there is a virtio network card");
        return;
    }
    check_works("at first");
    for (unsigned round = 1; round <= 2; round++) {
        virtio_net_break(&net);
        check(config_interrupt_comes() && needs_reset(),
              "round %u: the device asks for a reset", round);
        check_works("after a reset");
    }
    check(!needs_reset(), "it does not ask again");
}
