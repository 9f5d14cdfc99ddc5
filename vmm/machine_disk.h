/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_disk.h: the disks of a machine that this process serves from files
 * of the host.
 */
#ifndef VMM_MACHINE_DISK_H
#define VMM_MACHINE_DISK_H

#include "devices/virtio_pci.h"
#include "vmm/compiler.h"

#include <stdbool.h>
#include <stdio.h>

struct machine;

struct machine_disk {
    struct virtio_pci pci;
    bool has_pci;
};

/* Opens and plugs in what the options say, in that order; -errno, logged.
 * Before the guest runs. */
int machine_disk_init_all(struct machine *machine) MUST_CHECK;
void machine_disk_destroy_all(struct machine *machine);

/* Power-on state. While no vCPU runs. */
void machine_disk_reset_all(struct machine *machine);

/* What the guest made of them; for people, and as lines of
 * diskN_NAME=VALUE. */
void machine_disk_print(const struct machine *machine, FILE *file);
void machine_disk_print_counts(const struct machine *machine, FILE *file);

#endif
