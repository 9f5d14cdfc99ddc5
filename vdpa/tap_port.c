/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap_port.c: a tap interface of the host as a frame_port.
 *
 * The kernel understands virtio-net headers (Documentation/networking/
 * tuntap.rst), so checksums and segmentation pass through untouched.
 */
#include "vdpa/tap_port.h"

#include "vdpa/net_checksum.h"
#include "vdpa/tap_interface.h"
#include "vmm/fd.h"
#include "vmm/log.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_MTU     65535
#define MAX_HEADERS 18 /* Ethernet with a VLAN tag */

/* Frames of one look, so that the device's queues get their turn. */
#define MAX_BURST 64

struct tap_port {
    struct frame_port port;
    struct tap_interface interface;
    struct event_loop *loop; /* from start() on */
    const struct frame_client *client;
    void *owner;
    struct event_source frames; /* interface.fd */
    struct event_source links;  /* interface.link_fd */
    unsigned offloads;          /* that the guest takes */
    uint16_t mtu;
    /* The frame that receive() has no room for; then none is read. */
    bool is_waiting;
    struct virtio_net_hdr header;
    size_t frame_size;
    uint8_t frame[FRAME_PORT_MAX_SIZE];
};

static struct tap_port *to_tap(struct frame_port *port)
{
    return container_of(port, struct tap_port, port);
}

/* ---- Frames for the guest ---- */

/* What the guest takes may be less than when the kernel queued the frame.
 * False for a frame that it cannot take. */
static bool adapt(struct tap_port *port, const struct iovec *frame)
{
    static const struct {
        uint8_t gso_type;
        unsigned offload;
    } kinds[] = {
        {VIRTIO_NET_HDR_GSO_TCPV4, FRAME_OFFLOAD_TSO4},
        {VIRTIO_NET_HDR_GSO_TCPV6, FRAME_OFFLOAD_TSO6},
        {TAP_GSO_UDP_L4, FRAME_OFFLOAD_USO},
    };
    struct virtio_net_hdr *header = &port->header;
    uint8_t gso_type = header->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
    /* A longer one would wait for room forever. */
    bool is_taken = gso_type == VIRTIO_NET_HDR_GSO_NONE &&
                    frame->iov_len <= MAX_HEADERS + (size_t)port->mtu;

    for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
        is_taken |=
            gso_type == kinds[i].gso_type && port->offloads & kinds[i].offload;
    if (header->gso_type & VIRTIO_NET_HDR_GSO_ECN &&
        !(port->offloads & FRAME_OFFLOAD_ECN))
        is_taken = false;
    if (port->offloads & FRAME_OFFLOAD_CHECKSUM)
        return is_taken;
    if (!net_checksum_complete(header, frame, 1))
        return false;
    header->flags = 0;
    return is_taken;
}

/* False when the guest has no room. */
static bool deliver(struct tap_port *port)
{
    struct iovec frame = {port->frame, port->frame_size};

    if (!port->is_waiting && !adapt(port, &frame))
        return true;
    return port->client->receive(port->owner, &port->header, &frame, 1);
}

/* The interface was removed under us. */
static void lose_interface(struct tap_port *port, int error)
{
    log_error("%s: reading from %s: %s: the guest's link is down",
              port->port.name, port->interface.name, strerror(error));
    event_loop_remove(port->loop, &port->frames);
    if (!port->port.link_is_up)
        return;
    port->port.link_is_up = false;
    port->client->link_changed(port->owner, false);
}

/* Returns false when there is none. */
static bool read_frame(struct tap_port *port)
{
    struct iovec pieces[2] = {{&port->header, sizeof(port->header)},
                              {port->frame, sizeof(port->frame)}};
    ssize_t size = readv(port->interface.fd, pieces, 2);

    if (size >= (ssize_t)sizeof(port->header)) {
        port->frame_size = (size_t)size - sizeof(port->header);
        return true;
    }
    if (size < 0 && errno != EAGAIN && errno != EINTR)
        lose_interface(port, errno);
    return false;
}

static void frames_ready(void *owner, uint32_t events)
{
    struct tap_port *port = owner;

    (void)events;
    for (unsigned i = 0; i < MAX_BURST && read_frame(port); i++) {
        if (deliver(port))
            continue;
        port->is_waiting = true;
        event_loop_remove(port->loop, &port->frames);
        break;
    }
    port->client->received(port->owner);
}

static void resume(struct frame_port *frame_port)
{
    struct tap_port *port = to_tap(frame_port);

    if (!port->is_waiting || !deliver(port))
        return;
    port->is_waiting = false;
    port->client->received(port->owner);
    if (event_loop_add(port->loop, &port->frames) != 0)
        log_error("%s: the guest receives nothing more", port->port.name);
}

static void links_ready(void *owner, uint32_t events)
{
    struct tap_port *port = owner;
    bool is_up;

    (void)events;
    tap_interface_take_changes(&port->interface);
    is_up = tap_interface_is_up(&port->interface);
    if (is_up == port->port.link_is_up)
        return;
    port->port.link_is_up = is_up;
    port->client->link_changed(port->owner, is_up);
}

/* ---- frame_port_ops ---- */

static int start(struct frame_port *frame_port, struct event_loop *loop,
                 const struct frame_client *client, void *owner, uint16_t mtu)
{
    struct tap_port *port = to_tap(frame_port);
    int error = tap_interface_set_mtu(&port->interface, mtu);

    if (error)
        return error;
    frame_port->link_is_up = tap_interface_is_up(&port->interface);
    port->mtu = mtu;
    port->loop = loop;
    port->client = client;
    port->owner = owner;
    port->frames = (struct event_source){.fd = port->interface.fd,
                                         .events = EPOLLIN,
                                         .ready = frames_ready,
                                         .owner = port};
    port->links = (struct event_source){.fd = port->interface.link_fd,
                                        .events = EPOLLIN,
                                        .ready = links_ready,
                                        .owner = port};
    error = event_loop_add(loop, &port->frames);
    if (!error && port->interface.link_fd >= 0)
        error = event_loop_add(loop, &port->links);
    return error;
}

static void send_frame(struct frame_port *frame_port,
                       const struct virtio_net_hdr *header,
                       const struct iovec *pieces, unsigned count)
{
    struct tap_port *port = to_tap(frame_port);
    struct virtio_net_hdr copy = *header;
    struct iovec all[IOV_MAX];

    if (count >= IOV_MAX)
        return;
    all[0] = (struct iovec){&copy, sizeof(copy)};
    memcpy(all + 1, pieces, count * sizeof(*pieces));
    /* Lost when the interface is down or does not like the frame, as on a
     * cable that is not plugged in. */
    (void)!writev(port->interface.fd, all, (int)count + 1);
}

static void sent(struct frame_port *port)
{
    (void)port; /* the kernel has it */
}

static void set_offloads(struct frame_port *frame_port, unsigned offloads)
{
    struct tap_port *port = to_tap(frame_port);

    /* The kernel refuses what depends on something else without that; a
     * driver should not have asked for it (virtio 1.2, 5.1.3.1). */
    offloads &= frame_port->receive_offloads;
    if (!(offloads & FRAME_OFFLOAD_CHECKSUM))
        offloads = 0;
    if (!(offloads & (FRAME_OFFLOAD_TSO4 | FRAME_OFFLOAD_TSO6)))
        offloads &= ~FRAME_OFFLOAD_ECN;
    port->offloads = offloads;
    if (!tap_interface_set_offloads(&port->interface, port->offloads))
        log_error("%s: TUNSETOFFLOAD: %s", frame_port->name, strerror(errno));
}

/* Also of a half-opened port. */
static void close_port(struct frame_port *frame_port)
{
    struct tap_port *port = to_tap(frame_port);

    if (port->loop) {
        event_loop_remove(port->loop, &port->frames);
        event_loop_remove(port->loop, &port->links);
    }
    tap_interface_close(&port->interface);
    free(port);
}

static const struct frame_port_ops tap_port_ops = {
    .start = start,
    .send = send_frame,
    .sent = sent,
    .set_offloads = set_offloads,
    .resume = resume,
    .close = close_port,
};

static unsigned supported_offloads(const struct tap_interface *interface)
{
    const unsigned all = FRAME_OFFLOAD_CHECKSUM | FRAME_OFFLOAD_TSO4 |
                         FRAME_OFFLOAD_TSO6 | FRAME_OFFLOAD_ECN;

    /* Since Linux 6.2. */
    if (tap_interface_set_offloads(interface, all | FRAME_OFFLOAD_USO))
        return all | FRAME_OFFLOAD_USO;
    return all;
}

int tap_port_open(const struct tap_port_options *options,
                  struct frame_port **frame_port)
{
    struct tap_port *port = calloc(1, sizeof(*port));
    int error, fd = options->fd;

    if (!port) {
        close_fd(&fd);
        return -ENOMEM;
    }
    port->port.name = options->name;
    if (fd >= 0)
        error = tap_interface_take(&port->interface, options->name, fd);
    else
        error = tap_interface_open(&port->interface, options->name,
                                   options->interface, options->create);
    if (error) {
        close_port(&port->port);
        return error;
    }
    port->port.ops = &tap_port_ops;
    port->port.send_offloads = port->port.receive_offloads =
        supported_offloads(&port->interface);
    (void)tap_interface_set_offloads(&port->interface, 0);
    port->port.link_is_up = tap_interface_is_up(&port->interface);
    port->port.max_mtu = MAX_MTU;
    *frame_port = &port->port;
    return 0;
}
