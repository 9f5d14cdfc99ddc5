/* SPDX-License-Identifier: BSD-2-Clause */
/* absent_control.c: a control queue on which every command fails. */
#include "vdpa/absent_control.h"

#include <linux/virtio_net.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* The answer is the last byte that the device may write. */
static void refuse(struct absent_control *control)
{
    const uint8_t ack = VIRTIO_NET_ERR;
    struct virtqueue_chain *chain = &control->chain;

    if (chain->writable_size > 0)
        (void)virtqueue_write(chain, chain->writable_size - 1, &ack, 1);
    chain->buffer.written = (uint32_t)chain->writable_size;
    virtqueue_return(&control->queue, &chain->buffer, 1);
}

/* The next command, or else the next kick is asked for. */
static bool take(struct absent_control *control)
{
    struct virtqueue *queue = &control->queue;

    return virtqueue_take(queue, &control->chain) ||
           (virtqueue_want_kicks(queue, true) &&
            virtqueue_take(queue, &control->chain));
}

/* As many as the ring holds; a driver that adds more meanwhile waits for the
 * next round. */
static void serve(struct absent_control *control)
{
    const struct vdpa_queue *setup = &control->queue.setup;
    unsigned left = setup->size;

    for (; left > 0 && take(control); left--)
        refuse(control);
    if (left == 0)
        (void)eventfd_write(setup->kick_fd, 1);
    if (virtqueue_should_signal(&control->queue))
        (void)eventfd_write(setup->call_fd, 1);
}

static void kicked(void *owner, uint32_t events)
{
    struct absent_control *control = owner;
    eventfd_t count;

    (void)events;
    pthread_mutex_lock(&control->lock);
    if (control->is_served && eventfd_read(control->kick.fd, &count) == 0)
        serve(control);
    pthread_mutex_unlock(&control->lock);
}

void absent_control_init(struct absent_control *control,
                         struct event_loop *loop)
{
    *control = (struct absent_control){.loop = loop};
    pthread_mutex_init(&control->lock, NULL);
}

void absent_control_destroy(struct absent_control *control)
{
    absent_control_stop(control);
    pthread_mutex_destroy(&control->lock);
}

void absent_control_start(struct absent_control *control,
                          const struct vdpa_queue *setup, uint64_t features,
                          const struct iova_map *memory)
{
    pthread_mutex_lock(&control->lock);
    control->kick = (struct event_source){.fd = setup->kick_fd,
                                          .events = EPOLLIN,
                                          .ready = kicked,
                                          .owner = control};
    control->is_served = virtqueue_init(&control->queue, setup, features,
                                        setup->position, memory) == 0 &&
                         event_loop_add(control->loop, &control->kick) == 0;
    pthread_mutex_unlock(&control->lock);
}

void absent_control_stop(struct absent_control *control)
{
    pthread_mutex_lock(&control->lock);
    if (control->is_served)
        event_loop_remove(control->loop, &control->kick);
    control->is_served = false;
    pthread_mutex_unlock(&control->lock);
}
