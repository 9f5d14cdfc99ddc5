/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_bed.c: a frame_port on an event loop, with a client that keeps what it
 * receives.
 */
#include "tests/support/port_bed.h"

#include "tests/support/loop_steps.h"

#include <check.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool receive(void *owner, const struct virtio_net_hdr *header,
                    const struct iovec *pieces, unsigned count)
{
    struct port_bed *bed = owner;
    struct port_bed_frame *frame = &bed->frames[bed->num_frames];

    ck_assert(!bed->is_in_send);
    if (bed->room == 0) {
        bed->refused++;
        return false;
    }
    ck_assert_uint_lt(bed->num_frames, PORT_BED_MAX_FRAMES);
    bed->room--;
    bed->num_frames++;
    frame->header = *header;
    frame->size = 0;
    frame->bytes = malloc(FRAME_PORT_MAX_SIZE);
    ck_assert_ptr_nonnull(frame->bytes);
    for (unsigned i = 0; i < count; i++) {
        ck_assert_uint_le(frame->size + pieces[i].iov_len, FRAME_PORT_MAX_SIZE);
        memcpy(frame->bytes + frame->size, pieces[i].iov_base,
               pieces[i].iov_len);
        frame->size += pieces[i].iov_len;
    }
    return true;
}

static void received(void *owner)
{
    struct port_bed *bed = owner;

    bed->bursts++;
}

static void link_changed(void *owner, bool up)
{
    struct port_bed *bed = owner;

    bed->link_changes++;
    bed->is_up = up;
}

static const struct frame_client client = {
    .receive = receive,
    .received = received,
    .link_changed = link_changed,
};

int port_bed_start(struct port_bed *bed, struct frame_port *port, uint16_t mtu)
{
    memset(bed, 0, sizeof(*bed));
    ck_assert_int_eq(event_loop_init(&bed->loop), 0);
    bed->port = port;
    bed->room = UINT_MAX;
    bed->is_up = port->link_is_up;
    return port->ops->start(port, &bed->loop, &client, bed, mtu);
}

void port_bed_close(struct port_bed *bed)
{
    bed->port->ops->close(bed->port);
    event_loop_destroy(&bed->loop);
    for (unsigned i = 0; i < bed->num_frames; i++)
        free(bed->frames[i].bytes);
}

void port_bed_send(struct port_bed *bed, const struct virtio_net_hdr *header,
                   const void *frame, size_t size)
{
    const struct virtio_net_hdr plain = {.flags = 0};
    struct iovec pieces[2];
    size_t first = size / 2 | 1;

    memcpy(&pieces[0].iov_base, &frame, sizeof(frame));
    /* Two pieces, as drivers like it, and cut at an odd byte. */
    pieces[0].iov_len = first < size ? first : size;
    pieces[1].iov_base = (uint8_t *)pieces[0].iov_base + pieces[0].iov_len;
    pieces[1].iov_len = size - pieces[0].iov_len;
    bed->is_in_send = true;
    bed->port->ops->send(bed->port, header ? header : &plain, pieces, 2);
    bed->is_in_send = false;
    bed->port->ops->sent(bed->port);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until `enough` frames have come, or the time is over. */
static void serve(struct port_bed *bed, int milliseconds, unsigned enough)
{
    int64_t end = now_ms() + milliseconds;
    struct pollfd loop = {.fd = bed->loop.epoll_fd, .events = POLLIN};

    while (bed->num_frames < enough) {
        int64_t left = end - now_ms();

        (void)loop_serve_ready(&bed->loop);
        if (left <= 0 || bed->num_frames >= enough)
            return;
        (void)poll(&loop, 1, (int)left);
    }
}

const struct port_bed_frame *port_bed_next(struct port_bed *bed,
                                           int milliseconds)
{
    if (bed->next == bed->num_frames)
        serve(bed, milliseconds, bed->next + 1);
    if (bed->next == bed->num_frames)
        return NULL;
    return &bed->frames[bed->next++];
}

void port_bed_serve(struct port_bed *bed, int milliseconds)
{
    serve(bed, milliseconds, UINT_MAX);
}

void port_bed_make_room(struct port_bed *bed, unsigned frames)
{
    bed->room = frames;
    bed->port->ops->resume(bed->port);
}
