/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vduse.h: serves a vdpa_backend to the kernel, so that it becomes a
 * /dev/vhost-vdpa-N of this host.
 *
 * The kernel's requests are answered on the given event loop; the backend has
 * a thread of its own for its data path. A request that is not answered in
 * time (30 s) makes the kernel give the device up for good, so nothing else
 * that blocks may run on that loop.
 */
#ifndef VDPA_VDUSE_H
#define VDPA_VDUSE_H

#include "vdpa/queue_record.h"
#include "vdpa/vdpa_backend.h"
#include "vdpa/vduse_device.h"
#include "vdpa/vduse_memory.h"
#include "vmm/compiler.h"
#include "vmm/event_loop.h"

#include <stdbool.h>
#include <stdint.h>

#define VDUSE_MAX_QUEUES QUEUE_RECORD_MAX_QUEUES

struct vduse {
    struct vduse_device device;
    struct vdpa_backend *backend; /* borrowed */
    /* Borrowed; the backend's notes of its queues' positions. */
    struct queue_record *records;
    struct event_loop *loop;
    struct vdpa_identity identity;
    struct event_source requests, config_call, ready_timer;
    int kick_fds[VDUSE_MAX_QUEUES];
    bool is_running, waits_for_queues;
    uint8_t status; /* the driver's last word */
    struct vduse_memory memory;
    /* The kernel gave the device up, or went away: called once, on the loop. */
    void (*ended)(void *owner);
    void *owner;
};

/* Zeroes `vduse`, so that vduse_call() may be given to the backend. */
void vduse_init(struct vduse *vduse);

/* For soft_net_options: tells the driver of queue `index`; any thread. */
void vduse_call(void *vduse, uint16_t index);

/*
 * Makes device `name` for `backend`, which takes notes in `records`, and starts
 * to answer for it; with `reconnect`, takes over a device that another process
 * made and no longer serves, a running driver and all. -errno, logged.
 */
int vduse_start(struct vduse *vduse, const char *name, bool reconnect,
                struct vdpa_backend *backend, struct queue_record *records,
                struct event_loop *loop) MUST_CHECK;

/* Stops answering. `remove`: the device too, which must be off the vdpa bus;
 * else it waits for a successor. The backend is stopped, not closed. */
void vduse_stop(struct vduse *vduse, bool remove);

#endif
