/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vdpa_backend.h: a vDPA device as its driver side sees it.
 *
 * Mirrors the kernel's own vDPA operations. Implemented by the kernel device
 * behind /dev/vhost-vdpa-N (vhost_vdpa.h) and by the scripted fake of the
 * tests; used by devices/virtio_device.c. Memory reaches a device only through
 * map(), signals only through eventfds, so the data path never passes through
 * this interface.
 *
 * The order that every implementation may rely on, and the contract suite
 * (tests/contract) checks:
 *
 *   state         entered by               what may be called besides get_*
 *   reset         open, set_status(0)      map, unmap, set_status, set_config
 *   negotiating   set_status(DRIVER)       the same, set_features
 *   features set  set_status(FEATURES_OK)  map, unmap, set_status, set_config,
 *                                          set_queue, enable_queue,
 *                                          set_config_call
 *   running       set_status(DRIVER_OK)    map, set_status, set_config,
 *                                          suspend
 *   suspended     suspend                  map, set_status(0), resume
 *
 * - map() is legal in every state and must cover whatever the device is to
 *   touch before DRIVER_OK. Mappings live until unmap() or close(): no reset
 *   drops them.
 * - set_status() takes a superset of the present status, or 0. Its success
 *   proves nothing: read get_status() back to see what the device accepted.
 * - A reset forgets features, queues, their enabling and the config call.
 * - VIRTIO_F_ACCESS_PLATFORM must be set in set_features() wherever the
 *   device offers it: an IOVA here is a guest-physical address.
 *
 * Not thread-safe: the caller serialises. A call may take long (a device in
 * another process may be asked, up to 30 s): hold no lock that others need.
 */
#ifndef VDPA_VDPA_BACKEND_H
#define VDPA_VDPA_BACKEND_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a device is; fixed while it is open. */
struct vdpa_identity {
    uint32_t device_id;      /* VIRTIO_ID_* of <linux/virtio_ids.h> */
    uint32_t config_size;    /* bytes */
    uint16_t num_queues;     /* virtqueues, 1 or more */
    uint16_t max_queue_size; /* descriptors, of the largest queue */
    uint64_t first_iova;     /* lowest and highest address the device */
    uint64_t last_iova;      /* can use, both inclusive */
    bool can_suspend, can_resume;
};

/* A range of memory that the device may read and write. */
struct vdpa_mapping {
    uint64_t iova; /* page-aligned */
    uint64_t size; /* bytes, page-aligned, not 0 */
    void *host;    /* page-aligned, MAP_SHARED, stays mapped until unmap() */
};

/* All that a virtqueue needs to run. */
struct vdpa_queue {
    uint16_t size; /* descriptors, a power of two */
    uint64_t desc_iova;
    uint64_t driver_iova; /* available ring, or driver event suppression */
    uint64_t device_iova; /* used ring, or device event suppression */
    /* Eventfds, borrowed until close(). One pair serves a queue for the life
     * of the device. */
    int kick_fd; /* driver to device */
    int call_fd; /* device to driver */
    /* Where to start, as VHOST_SET_VRING_BASE counts: the next available
     * index (split), or next available and next used index with their wrap
     * counters (packed). vdpa_queue_start() for a ring that has never run. */
    uint32_t position;
};

/* A fresh ring: 0, or for a packed one both wrap counters at 1 (virtio 1.2,
 * 2.8.1). */
static inline uint32_t vdpa_queue_start(bool is_packed)
{
    return is_packed ? 0x80008000U : 0;
}

struct vdpa_backend;

/* Every call returns 0 or -errno, is logged where it fails, and none is
 * optional. `index` must be below num_queues, else -EINVAL. */
struct vdpa_backend_ops {
    int (*identify)(struct vdpa_backend *backend,
                    struct vdpa_identity *identity);
    /* The largest size, in descriptors, of one queue; 0 when it cannot be
     * used. Another after set_status(FEATURES_OK), perhaps. */
    int (*get_queue_max_size)(struct vdpa_backend *backend, uint16_t index,
                              uint16_t *size);

    /* All or nothing. -EEXIST when a mapping overlaps another, -ERANGE when
     * it leaves [first_iova, last_iova], -EINVAL when it is unaligned or
     * empty, -ENOMEM when the device cannot pin so much. */
    int (*map)(struct vdpa_backend *backend,
               const struct vdpa_mapping *mappings, size_t count);
    /* Exactly ranges that were mapped; -ENOENT otherwise. Never while the
     * device runs. */
    int (*unmap)(struct vdpa_backend *backend,
                 const struct vdpa_mapping *mappings, size_t count);

    int (*get_features)(struct vdpa_backend *backend, uint64_t *features);
    /* A subset of get_features(). -EBUSY after FEATURES_OK, -EINVAL when the
     * device does not take the set. */
    int (*set_features)(struct vdpa_backend *backend, uint64_t features);
    int (*get_status)(struct vdpa_backend *backend, uint8_t *status);
    /* 0 resets. -EINVAL when a set bit would be cleared by another value. */
    int (*set_status)(struct vdpa_backend *backend, uint8_t status);

    /* -EINVAL unless [offset, offset + length) lies inside config_size; the
     * buffer is then left as it was. */
    int (*get_config)(struct vdpa_backend *backend, uint32_t offset,
                      void *buffer, uint32_t length);
    int (*set_config)(struct vdpa_backend *backend, uint32_t offset,
                      const void *buffer, uint32_t length);
    /* The eventfd that the device signals when its configuration changes, and
     * when a queue that is set up after this call cannot go on;
     * borrowed until the next call or reset; -1 for none. Before DRIVER_OK. */
    int (*set_config_call)(struct vdpa_backend *backend, int call_fd);

    /* After FEATURES_OK, before DRIVER_OK. -EINVAL for a bad size or a
     * misaligned address. */
    int (*set_queue)(struct vdpa_backend *backend, uint16_t index,
                     const struct vdpa_queue *queue);
    /* After set_queue(), before DRIVER_OK. */
    int (*enable_queue)(struct vdpa_backend *backend, uint16_t index,
                        bool enable);
    /* Where the queue stands, as vdpa_queue's `position`. -EOPNOTSUPP, not
     * logged, from a device that cannot tell. */
    int (*get_queue_position)(struct vdpa_backend *backend, uint16_t index,
                              uint32_t *position);

    /*
     * A page of the host's to which a write is a kick of the queue, for a
     * guest to write to. Shared with the device; nobody may read it. In every
     * state; the same page each time, until close(), before which no guest
     * may reach it any more. -ENOTSUP, not logged, where the device has none.
     */
    int (*map_doorbell)(struct vdpa_backend *backend, uint16_t index,
                        void **page);

    /* The descriptor of the device's node, borrowed until close(), for who
     * waits for the node's inode to change; -1 where there is none. */
    int (*get_node_fd)(struct vdpa_backend *backend);
    /* Whether the host has taken the device away. It answers until close(),
     * for which whoever took it away waits. */
    bool (*is_removed)(struct vdpa_backend *backend);

    /*
     * From its return on a running device touches no memory and calls no
     * queue, and its queues' positions stand: what it took off a ring, it
     * returned. The status stays as it is. In other states nothing happens.
     * -EOPNOTSUPP, not logged, unless the device can_suspend.
     */
    int (*suspend)(struct vdpa_backend *backend);
    /* A suspended device goes on; in other states nothing happens. Then kick
     * each queue. -EOPNOTSUPP, not logged, unless it can_resume: such a one
     * must be reset, and may be started where its queues stood. */
    int (*resume)(struct vdpa_backend *backend);

    /* Resets the device, unmaps everything and frees `backend`. */
    void (*close)(struct vdpa_backend *backend);
};

/* Embedded as the first member of each implementation. */
struct vdpa_backend {
    const struct vdpa_backend_ops *ops;
    const char *name; /* for messages: "/dev/vhost-vdpa-0" */
};

#endif
