/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_device.h: a virtio device of any type, relayed to a vDPA backend.
 *
 * What virtio 1.2, chapters 2 and 3, ask of a device on any transport: the
 * status, feature negotiation, the queues' addresses, the configuration. The
 * transport (virtio_pci.c) turns register accesses into these calls.
 *
 * Every call but init and destroy may come from any vCPU; `lock` serialises
 * them and is held across the backend's calls, which may take long. So nobody
 * but this device's own users, and its own watcher (virtio_watch.h), may wait
 * for it: the I/O thread never does.
 */
#ifndef DEVICES_VIRTIO_DEVICE_H
#define DEVICES_VIRTIO_DEVICE_H

#include "devices/virtio_net_queues.h"
#include "vdpa/vdpa_backend.h"
#include "vmm/compiler.h"
#include "vmm/event_loop.h"
#include "vmm/feature_wishes.h"
#include "vmm/guest_memory.h"
#include "vmm/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A bound on what the interrupt routes and a PCI window can serve. */
#define VIRTIO_DEVICE_MAX_QUEUES 256

/* More than any device type defines; reads beyond the device's own end give
 * zero. Bytes. */
#define VIRTIO_DEVICE_CONFIG_SIZE 256

/* What a device is told to be, beside what it says of itself. Zeroed: that
 * alone. */
struct virtio_device_options {
    /* What depends on a hidden feature is hidden too. */
    struct feature_wishes features;
    unsigned queue_pairs; /* of a network device, at most; 0: all */
};

struct virtio_queue {
    uint16_t max_size, size; /* descriptors */
    bool is_enabled;
    uint64_t desc_gpa, driver_gpa, device_gpa;
    uint32_t position;  /* where a start begins, as of struct vdpa_queue */
    int kick_fd;        /* owned; guest to device */
    int call_fd;        /* borrowed; device to guest */
    uint64_t kicks;     /* taken off kick_fd since power-on, at each reset */
    unsigned own_kicks; /* since it was read: the VMM's, not the guest's */
    atomic_ulong kicks_by_vmm; /* of these, carried by a vCPU thread */
};

struct virtio_device {
    char *name;                   /* owned: a backend may go */
    struct vdpa_backend *backend; /* owned */
    const struct guest_memory *memory;
    struct event_loop *loop;
    struct vdpa_identity identity;
    uint64_t device_features;            /* the backend's */
    uint64_t offered_features;           /* of these, what the guest may see */
    struct virtio_net_queues net_queues; /* zeroed for other types */

    pthread_mutex_t lock; /* everything below, and the backend */
    uint64_t driver_features;
    uint8_t status;
    bool is_suspended;
    struct virtio_queue *queues;
    unsigned num_queues;

    uint8_t config[VIRTIO_DEVICE_CONFIG_SIZE]; /* as last read */
    uint8_t config_generation;
    /* The backend signals config_call; the thread of `loop` marks the copy
     * stale and passes the event on to config_interrupt, which is borrowed. */
    int config_call_fd, config_interrupt_fd;
    struct event_source config_call;
    atomic_bool config_is_stale;
    bool is_watched; /* by virtio_watch.h: `loop` may wait for the lock */

    /* Told in turns, with the lock held, when the device starts and stops
     * moving data; the queues are still as they ran, their kicks counted. May
     * be NULL. */
    bool is_running;
    void (*running_changed)(void *owner, bool running);
    void *owner;
    struct log_limit complaints;
};

/*
 * Takes `backend` over, also when it fails. `memory` is mapped into it whole.
 * The eventfds follow with virtio_device_connect(). -ENOTSUP, logged, when the
 * device cannot be offered as wished; -ERANGE when it has fewer
 * queues than are asked for.
 */
int virtio_device_init(struct virtio_device *device,
                       struct vdpa_backend *backend,
                       const struct virtio_device_options *options,
                       const struct guest_memory *memory,
                       struct event_loop *loop) MUST_CHECK;
void virtio_device_destroy(struct virtio_device *device);

/* Who gets the device's events; before the guest runs. */
void virtio_device_connect_queue(struct virtio_device *device, unsigned index,
                                 int call_fd);
int virtio_device_connect_config(struct virtio_device *device,
                                 int interrupt_fd) MUST_CHECK;

/* Lets `loop` serve the events of the configuration instead; its thread may
 * wait for the lock. Before it and the guest run; on the thread of the loop of
 * before, or while that does not run either. */
int virtio_device_move_events(struct virtio_device *device,
                              struct event_loop *loop) MUST_CHECK;

/* Looks at the status of a device that runs: that it asks for a reset, or
 * stopped by itself, is said once and passed to the guest. */
void virtio_device_check(struct virtio_device *device);
/* Whether the host has taken the device behind it away. */
bool virtio_device_is_removed(struct virtio_device *device);

/*
 * Closes the backend and goes on with the one that `open` gives, of the same
 * identity and features: it gets the memory and everything that the driver
 * has set up, who hears of it as of a changed configuration. `open` may ask
 * `gone`, under the lock. Packed rings do not tell where they stand and are
 * left out until the driver starts anew. Fails as `open` does, and is then
 * as it was, but for its report.
 */
typedef int virtio_device_open(void *owner, struct vdpa_backend *gone,
                               struct vdpa_backend **backend);
int virtio_device_replace(struct virtio_device *device,
                          virtio_device_open *open, void *owner) MUST_CHECK;

/* The device status field. Writing 0 resets, and always reads back as 0. */
uint8_t virtio_device_get_status(struct virtio_device *device);
void virtio_device_set_status(struct virtio_device *device, uint8_t status);
/* The same as status 0, but by the machine. */
void virtio_device_reset(struct virtio_device *device);

/* 32 bits of the features: `word` 0 or 1, others read as 0. */
uint32_t virtio_device_get_offered(struct virtio_device *device, uint32_t word);
uint32_t virtio_device_get_accepted(struct virtio_device *device,
                                    uint32_t word);
void virtio_device_accept(struct virtio_device *device, uint32_t word,
                          uint32_t bits);

enum virtio_queue_field {
    VIRTIO_QUEUE_SIZE,
    VIRTIO_QUEUE_ENABLE,
    VIRTIO_QUEUE_DESC,
    VIRTIO_QUEUE_DRIVER,
    VIRTIO_QUEUE_DEVICE,
};

/* A queue that does not exist reads as 0 and ignores writes. Addresses are
 * read and written as 64 bits. */
uint64_t virtio_device_get_queue(struct virtio_device *device, unsigned index,
                                 enum virtio_queue_field field);
void virtio_device_set_queue(struct virtio_device *device, unsigned index,
                             enum virtio_queue_field field, uint64_t value);

/* The backend's number of the guest's queue `index`, which depends on what
 * was negotiated. With the lock held. */
uint16_t virtio_device_backend_index(const struct virtio_device *device,
                                     unsigned index);
/* What the queue is for: "receive", "control", "request"; "" when there is
 * nothing to say. With the lock held. */
const char *virtio_device_queue_role(const struct virtio_device *device,
                                     unsigned index);

/* A notification that came to a vCPU thread instead of the kernel. */
void virtio_device_kick(struct virtio_device *device, unsigned index);

/* Why the device could not be suspended, in words that follow its name, or
 * NULL. */
const char *virtio_device_suspend_obstacle(struct virtio_device *device);
/*
 * Has the device stand still: between the return of one and the call of the
 * other it touches no memory, and nothing is lost. While no vCPU runs. When it
 * does not suspend, -errno, logged unless there is an obstacle, and it goes on.
 * One that does not resume is left for the guest to reset; -errno, logged.
 */
int virtio_device_suspend(struct virtio_device *device) MUST_CHECK;
int virtio_device_resume(struct virtio_device *device) MUST_CHECK;

/* `size` is 1, 2, 4 or 8 bytes. */
uint64_t virtio_device_read_config(struct virtio_device *device,
                                   uint64_t offset, unsigned size);
void virtio_device_write_config(struct virtio_device *device, uint64_t offset,
                                unsigned size, uint64_t value);
uint8_t virtio_device_get_generation(struct virtio_device *device);

#endif
