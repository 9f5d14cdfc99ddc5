/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_watch.h: a thread that notices what happens to a virtio device behind
 * its guest's back: its configuration changes, it asks for a reset, it stops,
 * the host takes it away.
 *
 * One thread a device, since it waits for that device's lock, which may be
 * held for as long as a hung device takes to answer.
 */
#ifndef DEVICES_VIRTIO_WATCH_H
#define DEVICES_VIRTIO_WATCH_H

#include "devices/virtio_device.h"
#include "vmm/compiler.h"
#include "vmm/event_loop.h"

#include <pthread.h>
#include <stdbool.h>

/* How often the status of a device that runs is read, seconds: devices are to
 * interrupt when they need a reset, so this is for those that do not. */
#define VIRTIO_WATCH_SECONDS 10

/* Zero-initialised watches nothing. */
struct virtio_watch {
    struct virtio_device *device; /* borrowed */
    struct event_loop loop;
    struct event_source node, timer;
    pthread_t thread;
    bool has_thread;
    void (*removed)(void *owner);
    void *owner;
};

/*
 * Watches `device`, whose configuration events move to this thread, from
 * before the guest runs. `removed` is called on this thread, once, when the
 * host took the device away; it may call virtio_device_replace(), and what it
 * puts there may use `loop`. -errno, logged; destroy undoes it either way.
 */
int virtio_watch_init(struct virtio_watch *watch, struct virtio_device *device,
                      void (*removed)(void *owner), void *owner) MUST_CHECK;
/* Waits for the thread's end; before the device is destroyed. */
void virtio_watch_stop(struct virtio_watch *watch);
/* After the device was destroyed. */
void virtio_watch_destroy(struct virtio_watch *watch);

#endif
