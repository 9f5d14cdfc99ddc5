/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_net.h: a virtio-net device in this process, as a vdpa_backend; its
 * frames go to and come from a frame_port.
 *
 * One thread of its own runs the data path: the queues, the port, and their
 * timers, on one event loop. The backend's calls come from other threads and
 * take the same lock as every callback of that loop.
 */
#ifndef VDPA_SOFT_NET_H
#define VDPA_SOFT_NET_H

#include "vdpa/frame_port.h"
#include "vdpa/queue_record.h"
#include "vdpa/vdpa_backend.h"
#include "vmm/compiler.h"
#include "vmm/feature_wishes.h"

#include <stdint.h>

/* When the driver's notifications are switched off while the device looks at
 * the transmit queue by itself, every SOFT_NET_POLL_US. */
enum soft_net_polling {
    SOFT_NET_POLLING_AUTO, /* while frames come in numbers, and one way */
    SOFT_NET_POLLING_ON,   /* whenever a frame came */
    SOFT_NET_POLLING_OFF,  /* never: each frame may cost a notification */
};

#define SOFT_NET_POLL_US      200
#define SOFT_NET_POLL_IDLE_US 2000 /* without a frame, until kicks are back */
#define SOFT_NET_NUM_QUEUES   2    /* receive, transmit */
#define SOFT_NET_QUEUE_SIZE   256  /* descriptors, at most */
#define SOFT_NET_MIN_MTU      68   /* virtio 1.2, 5.1.3 */
#define SOFT_NET_DEFAULT_MTU  1500

struct soft_net_options {
    const char *name; /* for messages */
    uint8_t mac[6];
    uint16_t mtu; /* bytes of payload */
    enum soft_net_polling polling;
    /* What depends on a hidden feature is not offered either. */
    struct feature_wishes features;
    /* Tells the driver of queue `index`, on the device's thread, instead of a
     * signal on its call_fd. NULL: the signal. */
    void (*call)(void *owner, uint16_t index);
    void *owner;
    /* Where the device notes how far it is in each queue, for a successor.
     * NULL: nowhere. */
    struct queue_record *records;
};

/* Counts since open(). Frames that could not be delivered are dropped, as on
 * any network. */
struct soft_net_counters {
    uint64_t sent, received, sent_bytes, received_bytes; /* by the guest */
    uint64_t dropped; /* frames whose header or length was not valid */
    uint64_t kicks, calls, polls;
};

/* Takes `port` over, also when it fails. `options` is copied. -ENOTSUP, logged,
 * when the device lacks a feature that it is to hide. */
int soft_net_open(const struct soft_net_options *options,
                  struct frame_port *port,
                  struct vdpa_backend **backend) MUST_CHECK;

void soft_net_get_counters(struct vdpa_backend *backend,
                           struct soft_net_counters *counters);

#endif
