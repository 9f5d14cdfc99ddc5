/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_net_private.h: what soft_net.c (the device), soft_net_features.c (what
 * it offers), soft_net_queues.c and soft_net_receive.c (its data path) share.
 */
#ifndef VDPA_SOFT_NET_PRIVATE_H
#define VDPA_SOFT_NET_PRIVATE_H

#include "vdpa/soft_device.h"
#include "vdpa/soft_net.h"

#include <linux/virtio_net.h>
#include <stdbool.h>

#define SOFT_NET_RX 0
#define SOFT_NET_TX 1

struct soft_net {
    struct soft_device device;
    struct soft_net_options options;
    struct frame_port *port; /* owned */

    /* Under the device's lock, as all that follows. */
    struct virtio_net_config config;

    struct event_source poll_timer; /* timerfd */
    bool must_look;                 /* at both queues when the timer expires */
    /* Polling of the transmit queue. */
    bool is_polling;
    unsigned idle_polls;
    uint64_t window_start_ns;
    unsigned window_sent, window_received; /* frames */

    struct soft_net_counters counters;
    /* Too large for a stack. */
    struct virtqueue_chain chain, first_chain;
};

/* As soft_net_open(), but without a thread: whoever serves the loop has the
 * device do its work. */
int soft_net_prepare(const struct soft_net_options *options,
                     struct frame_port *port,
                     struct soft_net **prepared) MUST_CHECK;

/* Sets device_features from the port and the options; while there is no thread
 * yet. -ENOTSUP, logged, when they cannot be as wished. */
int soft_net_init_features(struct soft_net *net) MUST_CHECK;
/* FRAME_OFFLOAD_* that a driver of these features takes. */
unsigned soft_net_receive_offloads(uint64_t features);

/* The data path; soft_net.c calls these with the lock held. */

int soft_net_init_queues(struct soft_net *net) MUST_CHECK;
void soft_net_destroy_queues(struct soft_net *net);
/* The rings as set up, from DRIVER_OK on; -errno when one is not usable. */
int soft_net_start_queues(struct soft_net *net) MUST_CHECK;
void soft_net_stop_queues(struct soft_net *net);
/* They go on: a timer may have passed meanwhile. */
void soft_net_resume_queues(struct soft_net *net);
/* The driver's notification. */
void soft_net_kicked(struct soft_net *net, unsigned index);

/* Everything goes back to the driver through here; see queue_record.h. */
void soft_net_return_buffers(struct soft_net *net, unsigned index,
                             const struct virtqueue_buffer *buffers,
                             unsigned count);
/* At the end of a burst. */
void soft_net_signal_queue(struct soft_net *net, uint16_t index);
void soft_net_link_changed(void *owner, bool up);

extern const struct frame_client soft_net_client;

#endif
