/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_json_device.h: what the JSON report says of each device.
 */
#ifndef VMM_MACHINE_JSON_DEVICE_H
#define VMM_MACHINE_JSON_DEVICE_H

#include "vmm/json_writer.h"
#include "vmm/machine_device.h"

/* An item of the array of devices, one that has stopped. */
void machine_json_device(const struct machine_device *device,
                         struct json_writer *json);

/* A member: the disks that this process serves. */
void machine_json_disks(const struct machine *machine,
                        struct json_writer *json);

#endif
