/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * absent_control.h: the control queue of a network device that is not there:
 * every command fails (virtio 1.2, 5.1.6.5).
 *
 * Linux waits for the answer to a command for as long as it takes, with a lock
 * held that all of its networking needs.
 */
#ifndef VDPA_ABSENT_CONTROL_H
#define VDPA_ABSENT_CONTROL_H

#include "vdpa/iova_map.h"
#include "vdpa/vdpa_backend.h"
#include "vdpa/virtqueue.h"
#include "vmm/event_loop.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct absent_control {
    pthread_mutex_t lock; /* everything below, and the memory */
    struct event_loop *loop;
    bool is_served;
    struct event_source kick;
    struct virtqueue queue;
    struct virtqueue_chain chain; /* scratch */
};

void absent_control_init(struct absent_control *control,
                         struct event_loop *loop);
void absent_control_destroy(struct absent_control *control);

/* Serves the queue on the loop's thread. One that does not make sense is left
 * alone. `memory` may change while `lock` is held, or nothing is served. */
void absent_control_start(struct absent_control *control,
                          const struct vdpa_queue *setup, uint64_t features,
                          const struct iova_map *memory);
/* The ring is not touched after that. */
void absent_control_stop(struct absent_control *control);

#endif
