/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_vduse.c: `vmm vduse NAME`: the software network device in a process
 * of its own, exported through VDUSE, so that it is a /dev/vhost-vdpa-N of
 * this host.
 *
 * Threads: this one answers the kernel and waits for signals; the device has
 * its own for the data path; a third, short-lived one talks to the vdpa bus,
 * which may wait for answers of this one, or for a VMM to let go.
 */
#include "vmm/command_vduse.h"

#include "vdpa/vdpa_netlink.h"
#include "vdpa/vduse.h"
#include "vmm/event_loop.h"
#include "vmm/exit_status.h"
#include "vmm/fd.h"
#include "vmm/log.h"
#include "vmm/net_backend.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* How long udev may take to make the node, in steps of 10 ms. */
#define NODE_TRIES 300

struct server {
    const struct vduse_options *options;
    struct event_loop loop;
    struct queue_records records;
    struct vdpa_backend *backend;
    struct vduse vduse;
    struct event_source signals, bus_answer;
    pthread_t bus_thread;
    bool has_bus_thread;
    bool is_on_bus;
    bool is_removing;
    int bus_result; /* of bus_thread: 0 or -errno */
    char node[64];  /* "/dev/vhost-vdpa-0" */
    int exit_status;
};

/* ---- The vdpa bus, on a thread of its own ---- */

/* The vhost-vdpa node of the device, when the driver has made one. */
static bool find_node(struct server *server)
{
    char path[sizeof("/sys/bus/vdpa/devices/") + VDUSE_NAME_MAX];
    const struct dirent *entry;
    DIR *folder;

    snprintf(path, sizeof(path), "/sys/bus/vdpa/devices/%s",
             server->options->name);
    folder = opendir(path);
    if (!folder)
        return false;
    server->node[0] = '\0';
    /* cppcheck-suppress readdirCalled; safe on a stream of one's own */
    while ((entry = readdir(folder)))
        if (strncmp(entry->d_name, "vhost-vdpa-", 11) == 0)
            snprintf(server->node, sizeof(server->node), "/dev/%.40s",
                     entry->d_name);
    closedir(folder);
    return server->node[0] && access(server->node, F_OK) == 0;
}

static int wait_for_node(struct server *server)
{
    const struct timespec pause = {.tv_nsec = 10000000L};

    for (unsigned i = 0; i < NODE_TRIES; i++) {
        if (find_node(server))
            return 0;
        nanosleep(&pause, NULL);
    }
    log_error("%s: no /dev/vhost-vdpa-N came: load the module (modprobe "
              "vhost_vdpa); if virtio_vdpa took the device, unload that one",
              server->options->name);
    return -ENODEV;
}

static void tell_result(struct server *server, int result)
{
    server->bus_result = result;
    if (eventfd_write(server->bus_answer.fd, 1) != 0)
        log_error("eventfd: %s", strerror(errno));
}

static void *attach(void *argument)
{
    struct server *server = argument;
    int error = 0;

    if (!server->options->reconnect) {
        error = vdpa_netlink_add(server->options->name, "vduse");
        server->is_on_bus = !error;
    }
    if (!error)
        error = wait_for_node(server);
    tell_result(server, error);
    return NULL;
}

static void *detach(void *argument)
{
    struct server *server = argument;

    tell_result(server, vdpa_netlink_remove(server->options->name));
    return NULL;
}

static int start_bus_thread(struct server *server, void *(*run)(void *))
{
    int error = pthread_create(&server->bus_thread, NULL, run, server);

    if (error) {
        log_error("starting a thread: %s", strerror(error));
        return -error;
    }
    server->has_bus_thread = true;
    return 0;
}

/* ---- Events ---- */

static void stop(struct server *server, int exit_status)
{
    server->exit_status = exit_status;
    event_loop_stop(&server->loop);
}

/* The line on stdout, and the descriptor, say the same. */
static void announce(struct server *server)
{
    int fd = server->options->ready_fd;

    log_info("%s is ready: %s", server->options->name, server->node);
    if (fd >= 0 && dprintf(fd, "%s\n", server->node) < 0)
        log_error("--ready-fd: %s", strerror(errno));
    close_fd(&fd);
}

static void bus_answered(void *owner, uint32_t events)
{
    struct server *server = owner;
    eventfd_t count;

    (void)events;
    if (eventfd_read(server->bus_answer.fd, &count) != 0)
        return;
    pthread_join(server->bus_thread, NULL);
    server->has_bus_thread = false;
    if (server->is_removing) {
        server->is_on_bus = server->bus_result && server->bus_result != -ENODEV;
        stop(server,
             server->is_on_bus ? EXIT_STATUS_FAILED : server->exit_status);
    } else if (server->bus_result) {
        server->exit_status = EXIT_STATUS_FAILED;
        server->is_removing = true;
        if (!server->is_on_bus || server->options->reconnect ||
            start_bus_thread(server, detach) != 0)
            stop(server, EXIT_STATUS_FAILED);
    } else {
        announce(server);
    }
}

/* Removing waits for whoever has the device open, and nothing can stop the
 * waiting: the kernel must be answered until then. */
static void signalled(void *owner, uint32_t events)
{
    struct server *server = owner;
    struct signalfd_siginfo info;

    (void)events;
    if (read(server->signals.fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    if (server->has_bus_thread) {
        log_info("%s: waiting for the VMM that uses it to end",
                 server->options->name);
        return;
    }
    server->is_removing = true;
    if (start_bus_thread(server, detach) != 0)
        stop(server, EXIT_STATUS_FAILED);
}

static void ended(void *owner)
{
    stop(owner, EXIT_STATUS_FAILED);
}

/* ---- Life ---- */

static int init_events(struct server *server)
{
    sigset_t signals;
    int error;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    server->signals = (struct event_source){
        .fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK),
        .events = EPOLLIN,
        .ready = signalled,
        .owner = server};
    server->bus_answer =
        (struct event_source){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                              .events = EPOLLIN,
                              .ready = bus_answered,
                              .owner = server};
    if (server->signals.fd < 0 || server->bus_answer.fd < 0) {
        error = -errno;
        log_error("signalfd and eventfd: %s", strerror(-error));
        return error;
    }
    error = event_loop_add(&server->loop, &server->signals);
    if (!error)
        error = event_loop_add(&server->loop, &server->bus_answer);
    return error;
}

static int start(struct server *server)
{
    const struct vduse_options *options = server->options;
    int error = init_events(server);

    if (!error)
        error = queue_records_open(&server->records, options->name);
    if (!error)
        error = net_backend_open_served(
            &options->net, options->name, vduse_call, &server->vduse,
            server->records.queues, &server->backend);
    if (error)
        return error;
    server->vduse.ended = ended;
    server->vduse.owner = server;
    error = vduse_start(&server->vduse, options->name, options->reconnect,
                        server->backend, server->records.queues, &server->loop);
    if (error)
        return error;
    error = start_bus_thread(server, attach);
    if (error)
        vduse_stop(&server->vduse, !options->reconnect);
    return error;
}

int command_vduse(const struct vduse_options *options)
{
    static struct server server;
    bool is_served;

    server = (struct server){.options = options,
                             .is_on_bus = options->reconnect,
                             .signals.fd = -1,
                             .bus_answer.fd = -1,
                             .loop = {.epoll_fd = -1, .wake_fd = -1}};
    vduse_init(&server.vduse);
    is_served = event_loop_init(&server.loop) == 0 && start(&server) == 0;
    if (is_served && event_loop_run(&server.loop) != 0)
        server.exit_status = EXIT_STATUS_FAILED;
    if (is_served)
        vduse_stop(&server.vduse, !server.is_on_bus);
    if (server.backend)
        server.backend->ops->close(server.backend);
    queue_records_close(&server.records, is_served && !server.is_on_bus);
    close_fd(&server.signals.fd);
    close_fd(&server.bus_answer.fd);
    event_loop_destroy(&server.loop);
    return is_served ? server.exit_status : EXIT_STATUS_FAILED;
}
