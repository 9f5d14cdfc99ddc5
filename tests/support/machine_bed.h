/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_bed.h: what of a machine needs no KVM: its options, event loop,
 * serial port and requests; no vCPU, no device and no thread.
 */
#ifndef TESTS_SUPPORT_MACHINE_BED_H
#define TESTS_SUPPORT_MACHINE_BED_H

#include "tests/support/options_bed.h"
#include "vmm/machine.h"
#include "vmm/machine_requests.h"

#include <stdbool.h>

struct machine_bed {
    struct machine machine;
    struct options_bed line;
    char log[16384]; /* all lines since begin(), each ends with \n */
};

/* A machine of such a command line: "run K --timeout 1". */
void machine_bed_begin(struct machine_bed *bed, const char *line);
void machine_bed_end(struct machine_bed *bed);

/* Claims that this was asked of the machine, and that the I/O thread was woken
 * for it; or that nothing was. */
void machine_bed_expect_request(struct machine_bed *bed,
                                enum machine_request what, int detail);
/* Waits until a source of the loop is ready, and serves all that are. */
void machine_bed_serve(struct machine_bed *bed);
/* Has a timerfd expire now. */
void machine_bed_expire(int timer_fd);

/* How often `text` is in the log. */
unsigned machine_bed_said(const struct machine_bed *bed, const char *text);

#endif
