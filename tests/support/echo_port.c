/* SPDX-License-Identifier: BSD-2-Clause */
/* echo_port.c: a frame_port that sends every frame back. */
#include "tests/support/echo_port.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Frames that wait for the device to have room. */
#define MAX_WAITING 1024

struct waiting_frame {
    struct virtio_net_hdr header;
    size_t size;
    uint8_t *bytes;
};

struct echo_port {
    struct frame_port port;
    const struct frame_client *client;
    void *owner;
    struct waiting_frame waiting[MAX_WAITING];
    unsigned first, count;
};

static struct echo_port *to_echo(struct frame_port *port)
{
    return container_of(port, struct echo_port, port);
}

static int start(struct frame_port *port, struct event_loop *loop,
                 const struct frame_client *client, void *owner, uint16_t mtu)
{
    struct echo_port *echo = to_echo(port);

    (void)loop;
    (void)mtu;
    echo->client = client;
    echo->owner = owner;
    return 0;
}

static void keep(struct echo_port *echo, const struct virtio_net_hdr *header,
                 const struct iovec *pieces, unsigned count)
{
    struct waiting_frame *frame =
        &echo->waiting[(echo->first + echo->count) % MAX_WAITING];
    size_t size = 0;

    ck_assert_uint_lt(echo->count, MAX_WAITING);
    for (unsigned i = 0; i < count; i++)
        size += pieces[i].iov_len;
    frame->header = *header;
    ck_assert_uint_gt(size, 0);
    frame->bytes = malloc(size);
    ck_assert_ptr_nonnull(frame->bytes);
    frame->size = 0;
    for (unsigned i = 0; i < count; i++) {
        memcpy(frame->bytes + frame->size, pieces[i].iov_base,
               pieces[i].iov_len);
        frame->size += pieces[i].iov_len;
    }
    echo->count++;
}

static void resume(struct frame_port *port)
{
    struct echo_port *echo = to_echo(port);

    while (echo->count > 0) {
        struct waiting_frame *frame = &echo->waiting[echo->first];
        struct iovec piece = {.iov_base = frame->bytes, .iov_len = frame->size};

        if (!echo->client->receive(echo->owner, &frame->header, &piece, 1))
            break;
        free(frame->bytes);
        echo->first = (echo->first + 1) % MAX_WAITING;
        echo->count--;
    }
    echo->client->received(echo->owner);
}

static void send_frame(struct frame_port *port,
                       const struct virtio_net_hdr *header,
                       const struct iovec *pieces, unsigned count)
{
    keep(to_echo(port), header, pieces, count);
}

static void set_offloads(struct frame_port *port, unsigned offloads)
{
    (void)port;
    (void)offloads;
}

static void close_port(struct frame_port *port)
{
    struct echo_port *echo = to_echo(port);

    for (; echo->count > 0; echo->count--) {
        free(echo->waiting[echo->first].bytes);
        echo->first = (echo->first + 1) % MAX_WAITING;
    }
    free(echo);
}

static const struct frame_port_ops echo_port_ops = {
    .start = start,
    .send = send_frame,
    .sent = resume,
    .set_offloads = set_offloads,
    .resume = resume,
    .close = close_port,
};

struct frame_port *echo_port_open(void)
{
    const unsigned all = FRAME_OFFLOAD_CHECKSUM | FRAME_OFFLOAD_TSO4 |
                         FRAME_OFFLOAD_TSO6 | FRAME_OFFLOAD_ECN |
                         FRAME_OFFLOAD_USO;
    struct echo_port *echo = calloc(1, sizeof(*echo));

    ck_assert_ptr_nonnull(echo);
    echo->port = (struct frame_port){.ops = &echo_port_ops,
                                     .name = "echo",
                                     .send_offloads = all,
                                     .receive_offloads = all,
                                     .link_is_up = true,
                                     .max_mtu = 65520};
    return &echo->port;
}

void echo_port_set_link(struct frame_port *port, bool up)
{
    struct echo_port *echo = to_echo(port);

    port->link_is_up = up;
    echo->client->link_changed(echo->owner, up);
}
