/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slirp_port.c: user-mode network: libslirp as a frame_port.
 *
 * What libslirp has for the guest goes straight to the client, or into a queue
 * while the guest has no room or is sending. As long as frames wait there, no
 * socket is read: so a fast server is slowed down by TCP, and not by losses.
 */
#include "vdpa/slirp_port.h"

#include "vdpa/slirp_library.h"
#include "vmm/log.h"

#include <errno.h>

#ifdef HAVE_LIBSLIRP

#include "vdpa/frame_queue.h"
#include "vdpa/net_checksum.h"
#include "vdpa/slirp_stack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define MIN_MTU 68 /* RFC 791, and libslirp's */

/* Windows of 64 KiB of a dozen connections, and the guest's next interrupt
 * makes room again. Bytes. */
#define QUEUE_SIZE ((size_t)1024 * 1024)

struct slirp_port {
    struct frame_port port;
    struct slirp_stack stack;
    struct event_loop *loop;
    struct event_source source; /* stack.poll.epoll_fd */
    const struct frame_client *client;
    void *owner;
    bool is_sending; /* since the first send() of a burst */
    struct frame_queue queue;
    uint8_t received_flags;
    struct slirp_forward forwards[SLIRP_PORT_MAX_FORWARDS];
    unsigned num_forwards;
    bool restricted;
    uint8_t frame[FRAME_PORT_MAX_SIZE]; /* the guest's, as sent */
};

static struct slirp_port *to_slirp(struct frame_port *port)
{
    return container_of(port, struct slirp_port, port);
}

/* ---- Frames for the guest ---- */

static bool deliver(struct slirp_port *port, const struct iovec *pieces,
                    unsigned count)
{
    const struct virtio_net_hdr header = {.flags = port->received_flags};

    return port->client->receive(port->owner, &header, pieces, count);
}

/* A full queue loses the frame, as any network may. */
static void receive(void *owner, const void *frame, size_t size)
{
    struct slirp_port *port = owner;
    /* A client only reads. */
    struct iovec piece = {.iov_len = size};

    memcpy(&piece.iov_base, &frame, sizeof(frame));
    if (port->is_sending || !frame_queue_is_empty(&port->queue) ||
        !deliver(port, &piece, 1))
        (void)frame_queue_add(&port->queue, frame, size);
}

static void drain_queue(struct slirp_port *port)
{
    struct iovec pieces[2];
    unsigned count;

    while ((count = frame_queue_first(&port->queue, pieces)) > 0) {
        if (!deliver(port, pieces, count))
            break;
        frame_queue_remove_first(&port->queue);
    }
}

/* At the end of everything that made libslirp work. */
static void update(struct slirp_port *port)
{
    drain_queue(port);
    port->client->received(port->owner);
    slirp_stack_update(&port->stack, !frame_queue_is_empty(&port->queue));
}

static void ready(void *owner, uint32_t events)
{
    struct slirp_port *port = owner;

    (void)events;
    slirp_stack_serve(&port->stack);
    update(port);
}

/* ---- frame_port_ops ---- */

static int start(struct frame_port *frame_port, struct event_loop *loop,
                 const struct frame_client *client, void *owner, uint16_t mtu)
{
    struct slirp_port *port = to_slirp(frame_port);
    int error;

    if (mtu < MIN_MTU || mtu > SLIRP_PORT_MAX_MTU) {
        log_error("%s: an MTU of %u is not between %u and %u", frame_port->name,
                  mtu, MIN_MTU, SLIRP_PORT_MAX_MTU);
        return -EINVAL;
    }
    port->client = client;
    port->owner = owner;
    error = slirp_stack_start(&port->stack, port->restricted, mtu);
    for (unsigned i = 0; i < port->num_forwards && !error; i++)
        error = slirp_stack_forward(&port->stack, &port->forwards[i]);
    if (error)
        return error;
    port->source = (struct event_source){.fd = port->stack.poll.epoll_fd,
                                         .events = EPOLLIN,
                                         .ready = ready,
                                         .owner = port};
    port->loop = loop;
    return event_loop_add(loop, &port->source);
}

/* Returns the frame's size, 0 for one that is too long. The copy is one that
 * the guest cannot change while libslirp reads it. */
static size_t copy_frame(struct slirp_port *port, const struct iovec *pieces,
                         unsigned count)
{
    size_t size = 0;

    for (unsigned i = 0; i < count; i++) {
        if (pieces[i].iov_len > sizeof(port->frame) - size)
            return 0;
        if (pieces[i].iov_len > 0)
            memcpy(port->frame + size, pieces[i].iov_base, pieces[i].iov_len);
        size += pieces[i].iov_len;
    }
    return size;
}

/* A frame to be segmented stays whole: libslirp takes IPv4 packets of any
 * length, and cares for the data alone. */
static void send_frame(struct frame_port *frame_port,
                       const struct virtio_net_hdr *frame_header,
                       const struct iovec *pieces, unsigned count)
{
    struct slirp_port *port = to_slirp(frame_port);
    struct virtio_net_hdr header = *frame_header;
    struct iovec copy = {port->frame, copy_frame(port, pieces, count)};

    if (copy.iov_len == 0 || !net_checksum_complete(&header, &copy, 1))
        return;
    if (!port->is_sending) {
        /* libslirp's clock may have stood for long: without a look at it, a
         * connection that this frame opens would seem to be old. */
        port->is_sending = true;
        slirp_stack_tick(&port->stack);
    }
    slirp_stack_input(&port->stack, port->frame, copy.iov_len);
}

static void sent(struct frame_port *frame_port)
{
    struct slirp_port *port = to_slirp(frame_port);

    if (!port->is_sending)
        return;
    /* What waited for an answer to ARP can go now. */
    slirp_stack_tick(&port->stack);
    port->is_sending = false;
    update(port);
}

static void set_offloads(struct frame_port *frame_port, unsigned offloads)
{
    struct slirp_port *port = to_slirp(frame_port);

    /* libslirp computes every checksum: the guest need not look. */
    port->received_flags = 0;
    if (offloads & FRAME_OFFLOAD_CHECKSUM)
        port->received_flags = VIRTIO_NET_HDR_F_DATA_VALID;
}

static void resume(struct frame_port *frame_port)
{
    struct slirp_port *port = to_slirp(frame_port);

    if (!frame_queue_is_empty(&port->queue) && !port->is_sending)
        update(port);
}

/* Also of a half-started port. */
static void close_port(struct frame_port *frame_port)
{
    struct slirp_port *port = to_slirp(frame_port);

    if (port->loop)
        event_loop_remove(port->loop, &port->source);
    /* What libslirp still sends has no receiver. */
    port->is_sending = true;
    slirp_stack_destroy(&port->stack);
    frame_queue_destroy(&port->queue);
    free(port);
}

static const struct frame_port_ops slirp_port_ops = {
    .start = start,
    .send = send_frame,
    .sent = sent,
    .set_offloads = set_offloads,
    .resume = resume,
    .close = close_port,
};

int slirp_port_open(const struct slirp_port_options *options,
                    struct frame_port **frame_port)
{
    const struct slirp_library *library;
    struct slirp_port *port;
    int error = slirp_library_load(&library);

    if (error)
        return error;
    if (options->num_forwards > SLIRP_PORT_MAX_FORWARDS) {
        log_error("%s: %u forwarded ports are more than %u", options->name,
                  options->num_forwards, SLIRP_PORT_MAX_FORWARDS);
        return -EINVAL;
    }
    port = calloc(1, sizeof(*port));
    if (!port)
        return -ENOMEM;
    port->port = (struct frame_port){
        .ops = &slirp_port_ops,
        .name = options->name,
        /* IPv6 packets above the MTU are refused: no TSO6. */
        .send_offloads = FRAME_OFFLOAD_CHECKSUM | FRAME_OFFLOAD_TSO4,
        .receive_offloads = FRAME_OFFLOAD_CHECKSUM,
        .link_is_up = true,
        .max_mtu = SLIRP_PORT_MAX_MTU,
    };
    port->stack =
        (struct slirp_stack){.name = options->name,
                             .library = library,
                             .receive = receive,
                             .owner = port,
                             .poll = {.epoll_fd = -1, .timer_fd = -1}};
    port->restricted = options->restricted;
    port->num_forwards = options->num_forwards;
    if (options->num_forwards > 0)
        memcpy(port->forwards, options->forwards,
               options->num_forwards * sizeof(port->forwards[0]));
    frame_queue_init(&port->queue, QUEUE_SIZE);
    *frame_port = &port->port;
    return 0;
}

const struct slirp_forward *slirp_port_forwards(const struct frame_port *port,
                                                unsigned *count)
{
    const struct slirp_port *slirp =
        (const struct slirp_port *)(const void *)port;

    *count = slirp->num_forwards;
    return slirp->forwards;
}

#else

int slirp_port_open(const struct slirp_port_options *options,
                    struct frame_port **frame_port)
{
    *frame_port = NULL;
    log_error("%s: built without libslirp: install libslirp-dev and build "
              "again",
              options->name);
    return -ENOSYS;
}

const struct slirp_forward *slirp_port_forwards(const struct frame_port *port,
                                                unsigned *count)
{
    (void)port;
    *count = 0;
    return NULL;
}

#endif
