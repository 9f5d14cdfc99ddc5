/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * power.h: the registers by which a guest switches off and restarts.
 *
 * The sleep control and status registers of hardware-reduced ACPI (ACPI 6.4,
 * 4.8.3.7) and the reset register (4.8.3.6). A byte each; the machine's
 * tables name their addresses and the values below.
 */
#ifndef DEVICES_POWER_H
#define DEVICES_POWER_H

#include "vmm/bus.h"
#include "vmm/log.h"

/* Offsets from `base`. */
#define POWER_SLEEP_CONTROL 0
#define POWER_SLEEP_STATUS  1
#define POWER_RESET         2
#define POWER_SIZE          4

#define POWER_SLEEP_TYPE_S5 5 /* SLP_TYP of the \_S5 object */
#define POWER_RESET_VALUE   1 /* RESET_VALUE of the FADT */

/* Both on the vCPU's thread; the guest runs on until its vCPUs are stopped. */
struct power_ops {
    void (*power_off)(void *owner);
    void (*reset)(void *owner);
};

struct power {
    struct bus_region region; /* for the caller to add to a bus */
    const struct power_ops *ops;
    void *owner;
    struct log_limit complaints;
};

/* `base`: its first port or address. `ops` and `owner` are borrowed. Without
 * state or resources: there is nothing to reset or destroy. */
void power_init(struct power *power, uint64_t base, const struct power_ops *ops,
                void *owner);

#endif
