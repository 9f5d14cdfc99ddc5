/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * collect.h: writes the files that a guest sends back to where --collect wants
 * them, and nowhere else.
 */
#ifndef VMM_COLLECT_H
#define VMM_COLLECT_H

#include "vmm/collect_input.h"
#include "vmm/compiler.h"
#include "vmm/options.h"

#include <stdbool.h>
#include <stdint.h>

#define COLLECT_MAX_BYTES   (UINT64_C(16) << 30) /* of a run */
#define COLLECT_MAX_ENTRIES 1000000

/* One --collect. */
struct collect_item {
    const char *option; /* "GUESTPATH:HOSTPATH", for messages */
    char *name;         /* in the folder `parent`; NULL: none */
    int parent;         /* a descriptor, as the next two */
    int folder, file;   /* that are written; -1: none */
    bool has_begun, has_ended, has_failed;
    unsigned failures; /* that the guest told */
};

struct collect {
    struct collect_item items[OPTIONS_MAX_COLLECTS];
    unsigned num_items;
    uint64_t bytes, entries; /* so far */
    struct collect_input input;
};

/* Opens the folders that options->collects are to be in, and looks whether
 * they can be written: nothing is made yet. -errno, logged. In either case
 * collect_close() follows. */
int collect_open(struct collect *collect,
                 const struct options *options) MUST_CHECK;

/* What the guest sends, in any pieces. Failures are logged. */
void collect_receive(struct collect *collect, const uint8_t *bytes,
                     size_t size);

/* The guest begins anew: all comes again. */
void collect_reset(struct collect *collect);

/* Nothing comes any more. Whether everything is there; logs what is not. */
bool collect_finish(struct collect *collect);

void collect_close(struct collect *collect);

#endif
