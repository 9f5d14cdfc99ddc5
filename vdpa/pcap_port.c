/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_port.c: writes down what passes between a port and its device.
 *
 * It is a port to the device, and a client to the port.
 */
#include "vdpa/pcap_port.h"

#include "vdpa/pcap_file.h"

#include <errno.h>
#include <stdlib.h>

struct pcap_port {
    struct frame_port port;
    struct frame_port *inner;
    const struct frame_client *client; /* from start() on */
    void *owner;
    struct pcap_file file;
};

static struct pcap_port *to_pcap(struct frame_port *port)
{
    return container_of(port, struct pcap_port, port);
}

/* ---- frame_client, for the port ---- */

/* A frame that there is no room for comes again. */
static bool receive(void *owner, const struct virtio_net_hdr *header,
                    const struct iovec *pieces, unsigned count)
{
    struct pcap_port *port = owner;

    if (!port->client->receive(port->owner, header, pieces, count))
        return false;
    pcap_file_add(&port->file, pieces, count);
    return true;
}

static void received(void *owner)
{
    struct pcap_port *port = owner;

    port->client->received(port->owner);
}

static void link_changed(void *owner, bool up)
{
    struct pcap_port *port = owner;

    port->port.link_is_up = up;
    port->client->link_changed(port->owner, up);
}

static const struct frame_client pcap_client = {
    .receive = receive,
    .received = received,
    .link_changed = link_changed,
};

/* ---- frame_port_ops, for the device ---- */

static int start(struct frame_port *port, struct event_loop *loop,
                 const struct frame_client *client, void *owner, uint16_t mtu)
{
    struct pcap_port *pcap = to_pcap(port);
    int error;

    pcap->client = client;
    pcap->owner = owner;
    error = pcap->inner->ops->start(pcap->inner, loop, &pcap_client, pcap, mtu);
    port->link_is_up = pcap->inner->link_is_up;
    return error;
}

static void send_frame(struct frame_port *port,
                       const struct virtio_net_hdr *header,
                       const struct iovec *pieces, unsigned count)
{
    struct pcap_port *pcap = to_pcap(port);

    pcap_file_add(&pcap->file, pieces, count);
    pcap->inner->ops->send(pcap->inner, header, pieces, count);
}

static void sent(struct frame_port *port)
{
    struct pcap_port *pcap = to_pcap(port);

    pcap->inner->ops->sent(pcap->inner);
}

static void set_offloads(struct frame_port *port, unsigned offloads)
{
    struct pcap_port *pcap = to_pcap(port);

    pcap->inner->ops->set_offloads(pcap->inner, offloads);
}

static void resume(struct frame_port *port)
{
    struct pcap_port *pcap = to_pcap(port);

    pcap->inner->ops->resume(pcap->inner);
}

static void close_port(struct frame_port *port)
{
    struct pcap_port *pcap = to_pcap(port);

    pcap->inner->ops->close(pcap->inner);
    pcap_file_close(&pcap->file);
    free(pcap);
}

static const struct frame_port_ops pcap_port_ops = {
    .start = start,
    .send = send_frame,
    .sent = sent,
    .set_offloads = set_offloads,
    .resume = resume,
    .close = close_port,
};

int pcap_port_open(const char *path, struct frame_port *inner,
                   struct frame_port **port)
{
    struct pcap_port *pcap = calloc(1, sizeof(*pcap));
    int error = pcap ? pcap_file_open(&pcap->file, path) : -ENOMEM;

    if (error) {
        inner->ops->close(inner);
        free(pcap);
        return error;
    }
    pcap->port = *inner;
    pcap->port.ops = &pcap_port_ops;
    pcap->inner = inner;
    *port = &pcap->port;
    return 0;
}
