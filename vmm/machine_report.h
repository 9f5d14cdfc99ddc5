/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_report.h: what the reports of a machine's devices say.
 */
#ifndef VMM_MACHINE_REPORT_H
#define VMM_MACHINE_REPORT_H

#include "vmm/machine_device.h"

#include <stdbool.h>
#include <stdio.h>

/* For virtio_pci.running_changed; `owner` is the machine_device. */
void machine_report_running_changed(void *owner, bool running);

/* How the data went; after the guest ended. */
void machine_report_print(const struct machine *machine, FILE *file);
/* The same for scripts, as lines of deviceN_NAME=VALUE. */
void machine_report_print_counts(const struct machine *machine, FILE *file);
/* False, logged for each device whose data path led through the VMM or that
 * never ran; after the guest ended. */
bool machine_report_all_bypass(const struct machine *machine);

/* Of a software device. */
void machine_report_get_counters(const struct machine_device *device,
                                 struct soft_net_counters *counters);

/* Prints and judges the report of a device that leaves before the end, and
 * has stopped. With devices_lock held. */
void machine_report_removed(struct machine_device *device);

#endif
