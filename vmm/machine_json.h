/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_json.h: the report of a run as one JSON object, as of
 * docs/report.schema.json.
 */
#ifndef VMM_MACHINE_JSON_H
#define VMM_MACHINE_JSON_H

#include "vmm/machine_device.h"

#include <stdbool.h>
#include <stdio.h>

/* Whether the report goes to a file that is to be JSON: by its name. */
bool machine_json_is_wanted(const struct options *options);

/* The object; after the guest ended, before the machine is destroyed. */
void machine_json_print(struct machine *machine, FILE *file);

/* The part of it on a device that leaves before the end, and has stopped; into
 * the same file. With devices_lock held. */
void machine_json_removed(struct machine_device *device, FILE *file);

#endif
