/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_doorbells.c: how a guest's notifications of queues reach the device:
 * virtio 1.2, 4.1.4.4.
 *
 * A page is only there while the device runs: a guest that looks around
 * before, and reads, does not lose it, and a device that is reset hears of
 * no kick.
 */
#include "devices/virtio_doorbells.h"

#include <errno.h>
#include <stdlib.h>

int virtio_doorbells_init(struct virtio_doorbells *doorbells, unsigned count,
                          struct machine_port port)
{
    *doorbells = (struct virtio_doorbells){.port = port};
    pthread_mutex_init(&doorbells->lock, NULL);
    doorbells->queues = calloc(count, sizeof(*doorbells->queues));
    if (!doorbells->queues)
        return -ENOMEM;
    doorbells->count = count;
    for (unsigned i = 0; i < count; i++)
        doorbells->queues[i] =
            (struct virtio_doorbell){.kick_fd = -1, .why_not = "switched off"};
    return 0;
}

void virtio_doorbells_destroy(struct virtio_doorbells *doorbells)
{
    free(doorbells->queues);
    doorbells->queues = NULL;
    doorbells->count = 0;
}

/* The functions from here on are called with the lock held. */

static uint64_t gpa_of(const struct virtio_doorbells *doorbells, unsigned index)
{
    return doorbells->gpa + index * VIRTIO_DOORBELL_SIZE;
}

static void attach_eventfds(struct virtio_doorbells *doorbells)
{
    const struct machine_port *port = &doorbells->port;

    for (unsigned i = 0; i < doorbells->count; i++) {
        struct virtio_doorbell *queue = &doorbells->queues[i];

        /* Without one the notification comes to a vCPU's thread: slower, and
         * the report says so. */
        queue->has_eventfd =
            port->ops->attach_doorbell(port->machine, gpa_of(doorbells, i),
                                       queue->kick_fd) == 0;
    }
}

static void detach_eventfds(struct virtio_doorbells *doorbells)
{
    const struct machine_port *port = &doorbells->port;

    for (unsigned i = 0; i < doorbells->count; i++) {
        struct virtio_doorbell *queue = &doorbells->queues[i];

        if (queue->has_eventfd)
            port->ops->detach_doorbell(port->machine, gpa_of(doorbells, i),
                                       queue->kick_fd);
        queue->has_eventfd = false;
    }
}

static void attach_page(struct virtio_doorbells *doorbells, unsigned index)
{
    const struct machine_port *port = &doorbells->port;
    struct virtio_doorbell *queue = &doorbells->queues[index];
    int error;

    if (!queue->page || queue->has_page)
        return;
    error = port->ops->attach_page(port->machine, gpa_of(doorbells, index),
                                   queue->page);
    queue->has_page = error == 0;
    queue->had_page |= queue->has_page;
    if (error == 0)
        queue->why_not = NULL;
    else if (error == -ENOSPC)
        queue->why_not = VIRTIO_DOORBELL_NO_SLOT;
    else
        queue->why_not = "KVM refused it a memory slot";
}

static void detach_page(struct virtio_doorbells *doorbells, unsigned index)
{
    const struct machine_port *port = &doorbells->port;
    struct virtio_doorbell *queue = &doorbells->queues[index];

    if (!queue->has_page)
        return;
    port->ops->detach_page(port->machine, gpa_of(doorbells, index),
                           queue->page);
    queue->has_page = false;
}

static void attach_pages(struct virtio_doorbells *doorbells)
{
    if (!doorbells->is_mapped || !doorbells->is_running)
        return;
    for (unsigned i = 0; i < doorbells->count; i++)
        attach_page(doorbells, i);
}

static void detach_pages(struct virtio_doorbells *doorbells)
{
    for (unsigned i = 0; i < doorbells->count; i++)
        detach_page(doorbells, i);
}

/* The functions from here on take the lock. */

void virtio_doorbells_set_eventfd(struct virtio_doorbells *doorbells,
                                  unsigned index, int kick_fd)
{
    pthread_mutex_lock(&doorbells->lock);
    doorbells->queues[index].kick_fd = kick_fd;
    pthread_mutex_unlock(&doorbells->lock);
}

void virtio_doorbells_set_page(struct virtio_doorbells *doorbells,
                               unsigned index, void *page, const char *why_not)
{
    pthread_mutex_lock(&doorbells->lock);
    doorbells->queues[index].page = page;
    doorbells->queues[index].why_not = why_not;
    pthread_mutex_unlock(&doorbells->lock);
}

void virtio_doorbells_map(struct virtio_doorbells *doorbells, uint64_t gpa)
{
    pthread_mutex_lock(&doorbells->lock);
    doorbells->gpa = gpa;
    doorbells->is_mapped = true;
    attach_eventfds(doorbells);
    attach_pages(doorbells);
    pthread_mutex_unlock(&doorbells->lock);
}

void virtio_doorbells_unmap(struct virtio_doorbells *doorbells)
{
    pthread_mutex_lock(&doorbells->lock);
    detach_pages(doorbells);
    detach_eventfds(doorbells);
    doorbells->is_mapped = false;
    pthread_mutex_unlock(&doorbells->lock);
}

void virtio_doorbells_start(struct virtio_doorbells *doorbells)
{
    pthread_mutex_lock(&doorbells->lock);
    doorbells->is_running = true;
    for (unsigned i = 0; i < doorbells->count; i++)
        doorbells->queues[i].had_page = false;
    attach_pages(doorbells);
    pthread_mutex_unlock(&doorbells->lock);
}

void virtio_doorbells_stop(struct virtio_doorbells *doorbells)
{
    pthread_mutex_lock(&doorbells->lock);
    detach_pages(doorbells);
    doorbells->is_running = false;
    pthread_mutex_unlock(&doorbells->lock);
}

struct virtio_kicks virtio_doorbells_kicks(struct virtio_doorbells *doorbells,
                                           unsigned index)
{
    const struct machine_port *port = &doorbells->port;
    const struct virtio_doorbell *queue = &doorbells->queues[index];
    struct virtio_kicks kicks;

    pthread_mutex_lock(&doorbells->lock);
    kicks = (struct virtio_kicks){
        .path =
            queue->has_eventfd ? VIRTIO_KICK_BY_EVENTFD : VIRTIO_KICK_BY_VMM,
        .may_be_unseen = queue->had_page,
        .why_not = queue->why_not,
    };
    if (queue->has_page &&
        port->ops->has_page(port->machine, gpa_of(doorbells, index),
                            queue->page))
        kicks.path = VIRTIO_KICK_BY_PAGE;
    else if (queue->has_page)
        kicks.why_not = "taken away: the guest read one";
    pthread_mutex_unlock(&doorbells->lock);
    return kicks;
}
