/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_port.c: two VMs on one cable: a UNIX socket as a frame_port.
 *
 * The other VM's process is trusted no more than its guest: every header and
 * length that comes from there is checked.
 */
#include "vdpa/peer_port.h"

#include "vdpa/net_checksum.h"
#include "vdpa/net_header.h"
#include "vdpa/peer_socket.h"
#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define MAX_MTU     65535
#define MIN_FRAME   14 /* an Ethernet header */
#define MAX_HEADERS 18 /* with a VLAN tag */

/* Frames of one look, so that the device's queues get their turn. */
#define MAX_BURST 64

struct peer_port {
    struct frame_port port;
    struct peer_socket socket;
    struct event_loop *loop; /* from start() on */
    const struct frame_client *client;
    void *owner;
    struct event_source frames;   /* socket.fd */
    struct event_source listener; /* socket.listener_fd */
    unsigned offloads;            /* that the guest takes */
    uint16_t mtu;
    struct log_limit complaints;
    /* The frame that receive() has no room for; then none is read. */
    bool is_waiting;
    struct virtio_net_hdr header;
    size_t frame_size;
    uint8_t frame[FRAME_PORT_MAX_SIZE];
};

static struct peer_port *to_peer(struct frame_port *port)
{
    return container_of(port, struct peer_port, port);
}

/* ---- The link ---- */

static void set_link(struct peer_port *port, bool is_up)
{
    if (port->port.link_is_up == is_up)
        return;
    port->port.link_is_up = is_up;
    port->client->link_changed(port->owner, is_up);
}

/* Both descriptors as they are now. */
static int add_sources(struct peer_port *port)
{
    int error = 0;

    port->frames.fd = port->socket.fd;
    port->listener.fd = port->socket.listener_fd;
    if (port->socket.fd >= 0)
        error = event_loop_add(port->loop, &port->frames);
    if (!error && port->socket.listener_fd >= 0)
        error = event_loop_add(port->loop, &port->listener);
    return error;
}

static void remove_sources(struct peer_port *port)
{
    event_loop_remove(port->loop, &port->frames);
    event_loop_remove(port->loop, &port->listener);
}

/* A frame of the lost peer that waits for room is still delivered. */
static void lose_peer(struct peer_port *port)
{
    int error;

    remove_sources(port);
    set_link(port, false);
    error = peer_socket_renew(&port->socket);
    if (!error)
        error = add_sources(port);
    if (error)
        log_error("%s: the guest's link stays down", port->port.name);
}

static void peer_comes(void *owner, uint32_t events)
{
    struct peer_port *port = owner;

    (void)events;
    if (!peer_socket_accept(&port->socket))
        return;
    remove_sources(port);
    if (add_sources(port) == 0)
        set_link(port, true);
}

/* False when there is no link yet. */
static bool take_greeting(struct peer_port *port)
{
    int error = peer_socket_take_greeting(&port->socket);

    if (error == 0) {
        set_link(port, true);
        return true;
    }
    if (error == -ECONNRESET) {
        lose_peer(port);
    } else if (error != -EAGAIN) {
        /* Logged. Nothing else comes from there. */
        remove_sources(port);
        close_fd(&port->socket.fd);
    }
    return false;
}

/* ---- Frames for the guest ---- */

enum reading {
    READ_FRAME,
    READ_WRONG,   /* not to be delivered */
    READ_NOTHING, /* now */
    READ_END,
};

/* Lengths and header of a message that is in port->frame; false for one that
 * no VM of ours sends, or that would wait for room forever. */
static bool check_message(struct peer_port *port,
                          const uint8_t bytes[NET_HEADER_SIZE], size_t size)
{
    struct iovec frame = {port->frame, size - NET_HEADER_SIZE};

    /* Only NEEDS_CSUM passes, with an offset inside the frame. */
    if (size < NET_HEADER_SIZE + MIN_FRAME ||
        size > NET_HEADER_SIZE + MAX_HEADERS + (size_t)port->mtu ||
        !net_header_load(&port->header, bytes, 1ULL << VIRTIO_NET_F_CSUM,
                         frame.iov_len))
        return false;
    port->frame_size = frame.iov_len;
    return port->offloads & FRAME_OFFLOAD_CHECKSUM ||
           net_checksum_complete(&port->header, &frame, 1);
}

static enum reading read_frame(struct peer_port *port)
{
    uint8_t bytes[NET_HEADER_SIZE];
    struct iovec pieces[2] = {{bytes, sizeof(bytes)},
                              {port->frame, sizeof(port->frame)}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
    ssize_t size = recvmsg(port->socket.fd, &message, 0);

    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? READ_NOTHING : READ_END;
    /* An empty message looks like the end, and no VM of ours sends one. */
    if (size == 0)
        return READ_END;
    if (!(message.msg_flags & MSG_TRUNC) &&
        check_message(port, bytes, (size_t)size))
        return READ_FRAME;
    log_guest(&port->complaints,
              "%s: %s: the other VM sent a message that is no frame within an "
              "MTU of %u",
              port->port.name, port->socket.path.address.sun_path, port->mtu);
    return READ_WRONG;
}

/* False when the guest has no room. */
static bool deliver(struct peer_port *port)
{
    struct iovec frame = {port->frame, port->frame_size};

    return port->client->receive(port->owner, &port->header, &frame, 1);
}

static void frames_ready(void *owner, uint32_t events)
{
    struct peer_port *port = owner;
    enum reading reading = READ_WRONG;

    (void)events;
    if (!port->socket.is_greeted && !take_greeting(port))
        return;
    for (unsigned i = 0; i < MAX_BURST && !port->is_waiting; i++) {
        reading = read_frame(port);
        if (reading == READ_NOTHING || reading == READ_END)
            break;
        if (reading == READ_FRAME && !deliver(port)) {
            port->is_waiting = true;
            event_loop_remove(port->loop, &port->frames);
        }
    }
    port->client->received(port->owner);
    if (reading == READ_END)
        lose_peer(port);
}

static void resume(struct frame_port *frame_port)
{
    struct peer_port *port = to_peer(frame_port);

    if (!port->is_waiting || !deliver(port))
        return;
    port->is_waiting = false;
    port->client->received(port->owner);
    if (event_loop_add(port->loop, &port->frames) != 0)
        log_error("%s: the guest receives nothing more", port->port.name);
}

/* ---- frame_port_ops ---- */

static int start(struct frame_port *frame_port, struct event_loop *loop,
                 const struct frame_client *client, void *owner, uint16_t mtu)
{
    struct peer_port *port = to_peer(frame_port);

    port->mtu = mtu;
    port->loop = loop;
    port->client = client;
    port->owner = owner;
    port->frames = (struct event_source){
        .events = EPOLLIN, .ready = frames_ready, .owner = port};
    port->listener = (struct event_source){
        .events = EPOLLIN, .ready = peer_comes, .owner = port};
    return add_sources(port);
}

static void send_frame(struct frame_port *frame_port,
                       const struct virtio_net_hdr *header,
                       const struct iovec *pieces, unsigned count)
{
    struct peer_port *port = to_peer(frame_port);
    uint8_t bytes[NET_HEADER_SIZE];
    struct iovec all[IOV_MAX];
    struct msghdr message = {.msg_iov = all, .msg_iovlen = count + 1U};

    if (!frame_port->link_is_up || count >= IOV_MAX)
        return;
    net_header_store(bytes, header, 0);
    all[0] = (struct iovec){bytes, sizeof(bytes)};
    memcpy(all + 1, pieces, count * sizeof(*pieces));
    /* Lost when the peer does not keep up; that it is gone shows when we
     * read. */
    (void)sendmsg(port->socket.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void sent(struct frame_port *port)
{
    (void)port; /* the kernel has it */
}

static void set_offloads(struct frame_port *frame_port, unsigned offloads)
{
    to_peer(frame_port)->offloads = offloads;
}

/* Also of a half-opened port. */
static void close_port(struct frame_port *frame_port)
{
    struct peer_port *port = to_peer(frame_port);

    if (port->loop)
        remove_sources(port);
    peer_socket_close(&port->socket);
    free(port);
}

static const struct frame_port_ops peer_port_ops = {
    .start = start,
    .send = send_frame,
    .sent = sent,
    .set_offloads = set_offloads,
    .resume = resume,
    .close = close_port,
};

int peer_port_open(const struct peer_port_options *options,
                   struct frame_port **frame_port)
{
    struct peer_port *port = calloc(1, sizeof(*port));
    int error;

    if (!port)
        return -ENOMEM;
    port->port = (struct frame_port){
        .ops = &peer_port_ops,
        .name = options->name,
        .send_offloads = FRAME_OFFLOAD_CHECKSUM,
        .receive_offloads = FRAME_OFFLOAD_CHECKSUM,
        .max_mtu = MAX_MTU,
    };
    error = peer_socket_open(&port->socket, options->name, options->path);
    if (error) {
        close_port(&port->port);
        return error;
    }
    port->port.link_is_up = port->socket.is_greeted;
    *frame_port = &port->port;
    return 0;
}
