/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_stats.h: a statistics file as KVM lays it out (KVM api.rst,
 * KVM_GET_STATS_FD): header, id, descriptors, values.
 */
#ifndef TESTS_SUPPORT_FAKE_STATS_H
#define TESTS_SUPPORT_FAKE_STATS_H

#include <stdint.h>

struct fake_stat {
    const char *name;
    uint64_t value;
};

/* How the file deviates from what it should be. */
struct fake_stats_fault {
    uint32_t name_size;   /* 0: 48, as KVM has it */
    uint32_t more_descs;  /* in the header alone */
    uint64_t cut;         /* bytes that are missing at the end */
    uint32_t data_offset; /* added to the right one */
};

/* A descriptor of the file, the caller's to close. `fault` may be NULL. */
int fake_stats_open(const struct fake_stat *stats, unsigned count,
                    const struct fake_stats_fault *fault);
/* Changes the value of the `index`-th of `count`. */
void fake_stats_set(int fd, unsigned count, unsigned index, uint64_t value);

#endif
