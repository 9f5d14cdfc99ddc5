/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost_trace.h: a table of system calls that traces those of another one.
 *
 * What goes to the vhost-vdpa file is written to the trace (vmm/trace.h), a
 * line a call, by name and with its arguments. A descriptor is shown by its
 * role, "call0" for what queue 0 calls, and "call0#2" for the second that came
 * to play it; "none" for -1. Host addresses, and where the guest has its
 * rings, differ from run to run and stand behind the line's second tab.
 *
 * For one file and, as that, for one thread at a time.
 */
#ifndef VDPA_VHOST_TRACE_H
#define VDPA_VHOST_TRACE_H

#include "vdpa/vhost_syscalls.h"

#include <stdint.h>

struct vhost_trace_file;

struct vhost_trace {
    struct vhost_syscalls syscalls; /* to be used; its context is this */
    const struct vhost_syscalls *inner;
    const char *name;   /* borrowed: the file's path */
    uint32_t device_id; /* VIRTIO_ID_*, once known: names features */
    struct vhost_trace_file *files; /* owned */
    size_t num_files;
    unsigned long opens, ioctls, writes, mmaps, munmaps, closes;
};

/* `inner` and `name` must outlive it. Traces nothing while the trace is off.
 * At close the number of calls is noted. */
void vhost_trace_init(struct vhost_trace *trace,
                      const struct vhost_syscalls *inner, const char *name);
void vhost_trace_destroy(struct vhost_trace *trace);

/* "EINVAL". The errno is positive; a number for one without a name. */
const char *vhost_trace_error_name(int error, char room[static 16]);

#endif
