/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_soft_net.c: a software network device whose driver does anything: with
 * its rings, its frames and its control calls. Its timer expires when the input
 * says so.
 *
 * Input: as device_fuzz.h has it; bit 4 of the first byte says whether the
 * device polls.
 */
#include "tests/support/device_fuzz.h"
#include "vdpa/net_header.h"
#include "vdpa/soft_net_private.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <string.h>
#include <sys/timerfd.h>

#define MAX_KEPT 8U /* frames in the port */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct soft_net *net;

/* ---- A port that sends back what it has room for ---- */

static struct kept_frame {
    size_t size;
    struct virtio_net_hdr header;
    uint8_t bytes[FRAME_PORT_MAX_SIZE];
} kept[MAX_KEPT];
static unsigned first_kept, num_kept;

static int start_port(struct frame_port *port, struct event_loop *loop,
                      const struct frame_client *client, void *owner,
                      uint16_t mtu)
{
    (void)port;
    (void)loop;
    (void)mtu;
    device_fuzz_require(client == &soft_net_client && owner != NULL);
    return 0;
}

static void check_header(const struct virtio_net_hdr *header, size_t size)
{
    if (header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
        device_fuzz_require(
            (size_t)header->csum_start + header->csum_offset + 2 <= size);
    if (header->gso_type != VIRTIO_NET_HDR_GSO_NONE)
        device_fuzz_require(header->gso_size > 0 && size >= 42);
}

/* Each piece lies in one mapping; beside it, memory is inaccessible. */
static void send_frame(struct frame_port *port,
                       const struct virtio_net_hdr *header,
                       const struct iovec *pieces, unsigned count)
{
    struct kept_frame *frame = &kept[(first_kept + num_kept) % MAX_KEPT];
    size_t size = 0;

    (void)port;
    for (unsigned i = 0; i < count; i++)
        size += pieces[i].iov_len;
    device_fuzz_require(size >= 14 && size <= FRAME_PORT_MAX_SIZE);
    check_header(header, size);
    if (num_kept == MAX_KEPT)
        return;
    frame->header = *header;
    frame->size = 0;
    for (unsigned i = 0; i < count; i++) {
        memcpy(frame->bytes + frame->size, pieces[i].iov_base,
               pieces[i].iov_len);
        frame->size += pieces[i].iov_len;
    }
    num_kept++;
}

static void resume(struct frame_port *port)
{
    (void)port;
    while (num_kept > 0) {
        struct kept_frame *frame = &kept[first_kept];
        /* In two pieces. */
        const struct iovec pieces[] = {
            {frame->bytes, frame->size / 3},
            {frame->bytes + frame->size / 3, frame->size - frame->size / 3},
        };

        if (!soft_net_client.receive(net, &frame->header, pieces, 2))
            break;
        first_kept = (first_kept + 1) % MAX_KEPT;
        num_kept--;
    }
    soft_net_client.received(net);
}

static void set_offloads(struct frame_port *port, unsigned offloads)
{
    (void)port;
    (void)offloads;
}

static void close_port(struct frame_port *port)
{
    (void)port;
}

static const struct frame_port_ops port_ops = {
    .start = start_port,
    .send = send_frame,
    .sent = resume,
    .set_offloads = set_offloads,
    .resume = resume,
    .close = close_port,
};

/* ---- The device ---- */

static struct soft_device *open_net(uint8_t kind)
{
    static struct frame_port port = {
        .ops = &port_ops,
        .name = "fuzz",
        .send_offloads = 0x1f,
        .receive_offloads = 0x1f,
        .link_is_up = true,
        .max_mtu = 65520,
    };
    const struct soft_net_options options = {
        .name = "net",
        .mtu = SOFT_NET_DEFAULT_MTU,
        /* AUTO asks the clock. */
        .polling = kind & 0x10 ? SOFT_NET_POLLING_ON : SOFT_NET_POLLING_OFF,
    };

    first_kept = num_kept = 0;
    device_fuzz_require(soft_net_prepare(&options, &port, &net) == 0);
    return &net->device;
}

static void set_timer(long nanoseconds)
{
    const struct itimerspec when = {.it_value = {.tv_nsec = nanoseconds}};

    device_fuzz_require(timerfd_settime(net->poll_timer.fd, 0, &when, NULL) ==
                        0);
}

/* The real clock has no part in it: the timer never expires by itself. */
static void check(void)
{
    set_timer(0);
    device_fuzz_require(net->device.is_running ||
                        (!net->is_polling && !net->must_look));
    device_fuzz_require(net->counters.received_bytes >= net->counters.received);
}

/* ---- Steps ---- */

static void let_timer_expire(void)
{
    struct pollfd timer = {.fd = net->poll_timer.fd, .events = POLLIN};

    set_timer(1);
    device_fuzz_require(poll(&timer, 1, 10000) == 1);
    device_fuzz_serve();
}

/* A frame from elsewhere, up to the largest. */
static void receive_frame(uint8_t argument)
{
    struct kept_frame *frame = &kept[(first_kept + num_kept) % MAX_KEPT];

    if (num_kept == MAX_KEPT)
        return;
    frame->header = (struct virtio_net_hdr){.flags = 0};
    frame->size = argument == 31 ? FRAME_PORT_MAX_SIZE
                                 : 14 + (size_t)argument * argument * 8;
    memset(frame->bytes, argument, frame->size);
    num_kept++;
    resume(net->port);
}

static void control(uint8_t argument)
{
    const struct vdpa_backend_ops *ops = net->device.backend.ops;
    /* But that bit, which is the device's to set. */
    uint8_t status =
        (uint8_t)(argument << 3) & (uint8_t)~VIRTIO_CONFIG_S_NEEDS_RESET;

    switch (argument) {
    case 0:
        device_fuzz_require(ops->set_status(&net->device.backend, 0) == 0);
        break;
    case 1:
    case 2:
        device_fuzz_start();
        break;
    case 3:
        soft_net_client.link_changed(net, num_kept % 2);
        break;
    case 4:
    case 5:
    case 6:
    case 7:
        device_fuzz_change_map(argument - 4U);
        break;
    default:
        (void)ops->set_status(&net->device.backend,
                              status | net->device.status);
        break;
    }
}

static void step(unsigned what, uint8_t argument)
{
    switch (what) {
    case 0:
        device_fuzz_kick(SOFT_NET_RX);
        break;
    case 1:
        device_fuzz_kick(SOFT_NET_TX);
        break;
    case 2:
        let_timer_expire();
        break;
    case 3:
        device_fuzz_advance(argument & 1, argument / 2);
        break;
    case 4:
        device_fuzz_advance(argument & 1, argument / 2);
        device_fuzz_kick(argument & 1);
        break;
    case 5:
        receive_frame(argument);
        break;
    case 6:
        device_fuzz_refill();
        break;
    default:
        control(argument);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct device_fuzz_type type = {
        .optional = {VIRTIO_F_RING_PACKED, VIRTIO_RING_F_EVENT_IDX,
                     VIRTIO_RING_F_INDIRECT_DESC, VIRTIO_NET_F_MRG_RXBUF},
        .open = open_net,
        .step = step,
        .check = check,
    };

    device_fuzz(&type, bytes, size);
    return 0;
}
