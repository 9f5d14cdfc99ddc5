/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * power.c: the registers by which a guest switches off and restarts.
 */
#include "devices/power.h"

/* ACPI 6.4, 4.8.3.7.1: sleep control register. */
#define SLEEP_TYPE_SHIFT 2
#define SLEEP_TYPE_MASK  7U
#define SLEEP_ENABLE     (1U << 5)

/* SLP_EN reads as zero, and WAK_STS is never set: the only sleep is S5. */
static uint64_t region_read(void *device, uint64_t offset, unsigned size)
{
    (void)device;
    (void)offset;
    (void)size;
    return 0;
}

static void write_sleep_control(struct power *power, uint64_t value)
{
    unsigned type = (unsigned)(value >> SLEEP_TYPE_SHIFT) & SLEEP_TYPE_MASK;

    if (!(value & SLEEP_ENABLE))
        return;
    if (type == POWER_SLEEP_TYPE_S5)
        power->ops->power_off(power->owner);
    else
        log_guest(&power->complaints,
                  "power: guest asked for sleep type %u; there is only %d, "
                  "power-off",
                  type, POWER_SLEEP_TYPE_S5);
}

static void write_reset(struct power *power, uint64_t value)
{
    if (value == POWER_RESET_VALUE)
        power->ops->reset(power->owner);
}

static void region_write(void *device, uint64_t offset, unsigned size,
                         uint64_t value)
{
    struct power *power = device;

    if (size != 1)
        return;
    if (offset == POWER_SLEEP_CONTROL)
        write_sleep_control(power, value);
    else if (offset == POWER_RESET)
        write_reset(power, value);
}

static const struct bus_ops region_ops = {
    .read = region_read,
    .write = region_write,
};

void power_init(struct power *power, uint64_t base, const struct power_ops *ops,
                void *owner)
{
    *power = (struct power){
        .region = {.name = "power",
                   .base = base,
                   .size = POWER_SIZE,
                   .ops = &region_ops,
                   .device = power},
        .ops = ops,
        .owner = owner,
    };
}
