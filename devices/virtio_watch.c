/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio_watch.c: a thread that notices what happens to a virtio device behind
 * its guest's back.
 *
 * A device that is removed loses its node in devtmpfs, which inotify tells
 * of the inode that was opened, however it was reached: by a bind mount or a
 * descriptor that somebody passed. What it cannot tell (a node that somebody
 * made, which stays) is seen by the timer.
 */
#include "devices/virtio_watch.h"

#include "vmm/fd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* A node goes a moment before the device does. */
#define SECOND_LOOK_NS 100000000L

/* ---- On the watcher's thread ---- */

static void set_timer(const struct virtio_watch *watch, struct timespec first)
{
    const struct itimerspec times = {
        .it_value = first,
        .it_interval = {.tv_sec = VIRTIO_WATCH_SECONDS},
    };

    if (timerfd_settime(watch->timer.fd, 0, &times, NULL) < 0)
        log_error("%s: timerfd_settime: %s", watch->device->name,
                  strerror(errno));
}

static bool look_for_removal(struct virtio_watch *watch)
{
    if (!virtio_device_is_removed(watch->device))
        return false;
    event_loop_remove(&watch->loop, &watch->node);
    event_loop_remove(&watch->loop, &watch->timer);
    watch->removed(watch->owner);
    return true;
}

static void node_changed(void *owner, uint32_t events)
{
    const struct timespec soon = {.tv_nsec = SECOND_LOOK_NS};
    struct virtio_watch *watch = owner;
    char buffer[512];

    (void)events;
    /* What they say does not matter: the inode is looked at. */
    while (read(watch->node.fd, buffer, sizeof(buffer)) > 0)
        ;
    if (!look_for_removal(watch))
        set_timer(watch, soon);
}

static void timer_ticked(void *owner, uint32_t events)
{
    struct virtio_watch *watch = owner;
    uint64_t count;

    (void)events;
    if (read(watch->timer.fd, &count, sizeof(count)) < 0)
        return;
    if (!look_for_removal(watch))
        virtio_device_check(watch->device);
}

static void *run(void *argument)
{
    struct virtio_watch *watch = argument;

    if (event_loop_run(&watch->loop) != 0)
        log_error("%s: not watched any more", watch->device->name);
    return NULL;
}

/* ---- Life ---- */

/* Without it the timer is all there is. */
static void watch_node(struct virtio_watch *watch)
{
    struct vdpa_backend *backend = watch->device->backend;
    int node_fd = backend->ops->get_node_fd(backend);
    char path[32];

    if (node_fd < 0)
        return;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", node_fd);
    watch->node =
        (struct event_source){.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK),
                              .events = EPOLLIN,
                              .ready = node_changed,
                              .owner = watch};
    if (watch->node.fd < 0 ||
        inotify_add_watch(watch->node.fd, path, IN_ATTRIB | IN_DELETE_SELF) <
            0 ||
        event_loop_add(&watch->loop, &watch->node) != 0) {
        log_warning("%s: watching its node: %s: that it is removed will be "
                    "seen up to %d s late",
                    watch->device->name, strerror(errno), VIRTIO_WATCH_SECONDS);
        close_fd(&watch->node.fd);
    }
}

static int init_timer(struct virtio_watch *watch)
{
    const struct timespec later = {.tv_sec = VIRTIO_WATCH_SECONDS};

    watch->timer = (struct event_source){
        .fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
        .events = EPOLLIN,
        .ready = timer_ticked,
        .owner = watch};
    if (watch->timer.fd < 0) {
        int error = -errno;

        log_error("%s: timerfd: %s", watch->device->name, strerror(-error));
        return error;
    }
    set_timer(watch, later);
    return event_loop_add(&watch->loop, &watch->timer);
}

static int start_thread(struct virtio_watch *watch)
{
    int error = pthread_create(&watch->thread, NULL, run, watch);

    if (error) {
        log_error("%s: starting its watcher: %s", watch->device->name,
                  strerror(error));
        return -error;
    }
    watch->has_thread = true;
    pthread_setname_np(watch->thread, "watch");
    return 0;
}

int virtio_watch_init(struct virtio_watch *watch, struct virtio_device *device,
                      void (*removed)(void *owner), void *owner)
{
    int error;

    *watch = (struct virtio_watch){.device = device,
                                   .node.fd = -1,
                                   .timer.fd = -1,
                                   .removed = removed,
                                   .owner = owner};
    error = event_loop_init(&watch->loop);
    if (!error)
        error = init_timer(watch);
    if (!error)
        error = virtio_device_move_events(device, &watch->loop);
    if (error)
        return error;
    watch_node(watch);
    return start_thread(watch);
}

void virtio_watch_stop(struct virtio_watch *watch)
{
    if (!watch->has_thread)
        return;
    event_loop_stop(&watch->loop);
    pthread_join(watch->thread, NULL);
    watch->has_thread = false;
}

void virtio_watch_destroy(struct virtio_watch *watch)
{
    if (!watch->device)
        return;
    virtio_watch_stop(watch);
    close_fd(&watch->node.fd);
    close_fd(&watch->timer.fd);
    event_loop_destroy(&watch->loop);
    watch->device = NULL;
}
