/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtc.h: a real-time clock, Arm's PL031, that shows the host's time.
 *
 * Arm DDI 0224. A guest can read it; it cannot set it, nor an alarm.
 */
#ifndef DEVICES_RTC_H
#define DEVICES_RTC_H

#include "vmm/bus.h"

#include <stdint.h>

struct rtc {
    struct bus_region region; /* for the caller to add to a bus */
    int64_t (*now)(void);     /* seconds since 1970, UTC */
};

/* `base`: guest-physical. `now` may be called on any vCPU's thread. Without
 * state or resources: there is nothing to reset or destroy. */
void rtc_init(struct rtc *rtc, uint64_t base, int64_t (*now)(void));

/* The host's clock. */
int64_t rtc_host_time(void);

#endif
