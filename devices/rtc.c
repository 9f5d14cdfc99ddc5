/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtc.c: a real-time clock, Arm's PL031, that shows the host's time.
 */
#include "devices/rtc.h"

#include "vmm/compiler.h"

#include <time.h>

#define RTC_SIZE 0x1000 /* bytes */

/* Arm DDI 0224, chapter 3. */
#define REGISTER_DATA    0x00 /* the seconds */
#define REGISTER_CONTROL 0x0c
#define FIRST_ID         0xfe0

#define CONTROL_ENABLED 1

/* By which drivers of PrimeCells find it: part 0x031 of Arm, then what every
 * PrimeCell has. A register each. */
static const uint8_t ids[] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static uint64_t region_read(void *device, uint64_t offset, unsigned size)
{
    const struct rtc *rtc = device;

    (void)size;
    if (offset == REGISTER_DATA)
        return (uint32_t)rtc->now();
    if (offset == REGISTER_CONTROL)
        return CONTROL_ENABLED;
    if (offset >= FIRST_ID && (offset - FIRST_ID) / 4 < ARRAY_SIZE(ids))
        return offset % 4 == 0 ? ids[(offset - FIRST_ID) / 4] : 0;
    return 0;
}

static void region_write(void *device, uint64_t offset, unsigned size,
                         uint64_t value)
{
    (void)device;
    (void)offset;
    (void)size;
    (void)value;
}

static const struct bus_ops region_ops = {
    .read = region_read,
    .write = region_write,
};

void rtc_init(struct rtc *rtc, uint64_t base, int64_t (*now)(void))
{
    *rtc = (struct rtc){
        .region = {.name = "rtc",
                   .base = base,
                   .size = RTC_SIZE,
                   .ops = &region_ops,
                   .device = rtc},
        .now = now,
    };
}

int64_t rtc_host_time(void)
{
    return (int64_t)time(NULL);
}
