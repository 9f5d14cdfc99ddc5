/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_net.h: the network cards of a machine.
 */
#ifndef VMM_MACHINE_NET_H
#define VMM_MACHINE_NET_H

#include "devices/virtio_pci.h"
#include "vmm/bypass_report.h"
#include "vmm/compiler.h"
#include "vmm/options.h"

#include <stdbool.h>
#include <stdio.h>

struct machine;

struct machine_net {
    struct machine *machine;
    struct virtio_pci pci;
    struct bypass_report report;
    bool has_pci;
    bool is_soft; /* its frames pass through this process */
};

/* Opens the backend and plugs the card in; -errno, logged. While no vCPU
 * runs; machine_net_remove_all() undoes it, also when it failed. */
int machine_net_add(struct machine *machine,
                    const struct net_options *options) MUST_CHECK;
void machine_net_remove_all(struct machine *machine);

/* How the data went; after the guest ended. */
void machine_net_print_report(const struct machine_net *net, FILE *file);

#endif
