/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_device.h: what the devices of this process have in common: the
 * vdpa_backend with its status, features, memory and queues, and the thread
 * that moves the data. Embedded in a device of some type, which gives its
 * own part as soft_device_ops.
 *
 * One thread runs the data path on one event loop. The backend's calls come
 * from other threads and take the lock that every callback of that loop holds;
 * so what a type does in its callbacks and its soft_device_ops needs no other.
 */
#ifndef VDPA_SOFT_DEVICE_H
#define VDPA_SOFT_DEVICE_H

#include "vdpa/iova_map.h"
#include "vdpa/vdpa_backend.h"
#include "vdpa/virtqueue.h"
#include "vmm/compiler.h"
#include "vmm/event_loop.h"
#include "vmm/log.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct soft_device;

struct soft_queue {
    struct soft_device *device;
    struct vdpa_queue setup;
    bool is_set, is_enabled;
    bool is_started;   /* the device runs, and its type wanted this one */
    bool is_suspended; /* was started, and will be when the device goes on */
    struct virtqueue ring;
    struct event_source kick;
    bool must_signal; /* something was returned in this burst */
};

struct soft_device_ops {
    /* DRIVER_OK: starts the queues that the type has use for. -errno refuses;
     * stop() follows. */
    int (*start)(struct soft_device *device);
    /* The device does not run any more. */
    void (*stop)(struct soft_device *device);
    /* A device that was suspended goes on; a notification of each queue
     * follows. */
    void (*resumed)(struct soft_device *device);
    /* A notification of queue `index`, already taken off its eventfd. */
    void (*kicked)(struct soft_device *device, unsigned index);
    /* Frees the type's part, calls soft_device_destroy() and frees `device`:
     * its thread is gone, the loop is not. Also of a half-opened device. */
    void (*destroy)(struct soft_device *device);
};

struct soft_device {
    struct vdpa_backend backend;
    const struct soft_device_ops *ops;
    struct vdpa_identity identity; /* set by the type */
    pthread_t thread;
    bool has_thread;
    struct event_loop loop;

    pthread_mutex_t lock; /* everything below; held in every callback */
    struct iova_map map;
    uint64_t device_features, features; /* the first set by the type */
    uint8_t status;
    const uint8_t *config; /* identity.config_size bytes of the type's */
    int config_call_fd;    /* borrowed; -1 for none */
    struct soft_queue *queues;
    bool is_running;   /* DRIVER_OK, and the started rings are good */
    bool is_suspended; /* it was, and no queue is started for now */
    struct log_limit complaints;
};

/*
 * Everything but what the type sets; `identity` is copied, `name` and `config`
 * are borrowed. The loop may be used from now on. Call the backend's close()
 * whatever happens next, also when it fails.
 */
int soft_device_init(struct soft_device *device,
                     const struct soft_device_ops *ops, const char *name,
                     const struct vdpa_identity *identity,
                     const uint8_t *config) MUST_CHECK;

/* The last thing of ops->destroy(). */
void soft_device_destroy(struct soft_device *device);

/* Begins to serve the loop on a thread of that name. Without it, whoever
 * serves the loop has the device do its work. */
int soft_device_start_thread(struct soft_device *device,
                             const char *name) MUST_CHECK;

/* The rest is called with the lock held. */

/* For ops->start(): the ring as set up. -errno (logged) when it is none. */
int soft_device_start_queue(struct soft_device *device,
                            unsigned index) MUST_CHECK;

/* At the end of a burst: whether the driver is to be told of what was returned,
 * asked once. soft_device_signal() tells it. */
bool soft_device_wants_signal(struct soft_device *device, unsigned index);
void soft_device_signal(struct soft_device *device, unsigned index);

/* After anything that reads a ring: a broken one stops the device. */
void soft_device_check_rings(struct soft_device *device);
/* The device cannot go on with its driver: DEVICE_NEEDS_RESET, and a
 * configuration interrupt (virtio 1.2, 2.1.2). */
void soft_device_need_reset(struct soft_device *device);
/* The configuration changed. */
void soft_device_signal_config(struct soft_device *device);

#endif
