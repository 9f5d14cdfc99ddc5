/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_net_receive.c: frames from the port to the receive queue of the software
 * network device.
 *
 * On the device's thread, with its lock held.
 */
#include "vdpa/net_header.h"
#include "vdpa/soft_net_private.h"

#include <errno.h>

static size_t total_size(const struct iovec *pieces, unsigned count)
{
    size_t size = 0;

    for (unsigned i = 0; i < count; i++)
        size += pieces[i].iov_len;
    return size;
}

/* A position in the frame being received. */
struct source {
    const struct iovec *pieces;
    unsigned count, index;
    size_t offset; /* into pieces[index] */
};

/* Fills `chain` from `skip` on; returns the bytes written. */
static size_t fill_chain(const struct virtqueue_chain *chain, size_t skip,
                         struct source *source)
{
    size_t written = 0;

    while (source->index < source->count) {
        const struct iovec *piece = &source->pieces[source->index];
        size_t left = piece->iov_len - source->offset;
        size_t done = virtqueue_write(
            chain, skip + written,
            (const uint8_t *)piece->iov_base + source->offset, left);

        written += done;
        source->offset += done;
        if (done < left)
            break;
        source->index++;
        source->offset = 0;
    }
    return written;
}

/* A frame of 64 KiB in buffers of 1 KiB, and some. */
#define MAX_BUFFERS 80

/* How many buffers one frame may lie in. */
static unsigned max_buffers(const struct soft_net *net)
{
    unsigned size = net->device.queues[SOFT_NET_RX].setup.size;

    if (!(net->device.features & 1ULL << VIRTIO_NET_F_MRG_RXBUF))
        return 1;
    return size < MAX_BUFFERS ? size : MAX_BUFFERS;
}

/* Takes buffers and fills them; returns how many. 0 when there are not enough
 * now, -EMSGSIZE when the frame will never fit; none is taken then. The first
 * chain stays in net->first_chain for its header. */
static int fill_buffers(struct soft_net *net, struct source *source,
                        size_t size,
                        struct virtqueue_buffer buffers[MAX_BUFFERS])
{
    struct virtqueue *ring = &net->device.queues[SOFT_NET_RX].ring;
    unsigned max = max_buffers(net), count = 0;
    size_t done = 0;

    while (done < size || count == 0) {
        struct virtqueue_chain *chain =
            count == 0 ? &net->first_chain : &net->chain;
        size_t skip = count == 0 ? NET_HEADER_SIZE : 0, written;

        if (count == max || !virtqueue_take(ring, chain))
            break;
        if (chain->writable_size <= skip) {
            virtqueue_break(ring, "a receive buffer without room");
            break;
        }
        written = fill_chain(chain, skip, source);
        done += written;
        buffers[count] = chain->buffer;
        buffers[count++].written = (uint32_t)(written + skip);
    }
    if (done == size)
        return (int)count;
    virtqueue_put_back(ring, buffers, count);
    return count == max ? -EMSGSIZE : 0;
}

static bool deliver(struct soft_net *net, const struct virtio_net_hdr *header,
                    const struct iovec *pieces, unsigned count)
{
    struct virtqueue_buffer buffers[MAX_BUFFERS];
    struct source source = {.pieces = pieces, .count = count};
    size_t size = total_size(pieces, count);
    uint8_t bytes[NET_HEADER_SIZE];
    int used = fill_buffers(net, &source, size, buffers);

    if (used < 0)
        net->counters.dropped++;
    if (used <= 0)
        return used < 0;
    net_header_store(bytes, header, (uint16_t)used);
    virtqueue_write(&net->first_chain, 0, bytes, sizeof(bytes));
    soft_net_return_buffers(net, SOFT_NET_RX, buffers, (unsigned)used);
    net->counters.received++;
    net->counters.received_bytes += size;
    net->window_received++;
    return true;
}

/* On the device's thread, as the rest of the client's functions. */
static bool receive(void *owner, const struct virtio_net_hdr *header,
                    const struct iovec *pieces, unsigned count)
{
    struct soft_net *net = owner;
    struct virtqueue *ring = &net->device.queues[SOFT_NET_RX].ring;
    bool delivered;

    if (net->device.is_suspended)
        return false; /* the port keeps it, as far as it can */
    if (!net->device.is_running)
        return true; /* no driver: lost, as on an unplugged card */
    delivered = deliver(net, header, pieces, count);
    /* Out of buffers: the driver's next notification brings some. */
    while (!delivered && net->device.is_running && !ring->is_broken &&
           virtqueue_want_kicks(ring, true)) {
        virtqueue_want_kicks(ring, false);
        delivered = deliver(net, header, pieces, count);
    }
    soft_device_check_rings(&net->device);
    return delivered || !net->device.is_running;
}

static void received(void *owner)
{
    struct soft_net *net = owner;

    if (net->device.is_running)
        soft_net_signal_queue(net, SOFT_NET_RX);
}

const struct frame_client soft_net_client = {
    .receive = receive,
    .received = received,
    .link_changed = soft_net_link_changed,
};
