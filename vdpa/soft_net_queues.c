/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_net_queues.c: the queues of the software network device, and frames
 * from the transmit queue to the port. The way back is soft_net_receive.c.
 *
 * Everything here runs with the device's lock held, mostly on its thread. A
 * notification costs the guest a VM exit and us a wake-up, so while frames
 * come in numbers the driver is told not to send any, and a timer looks at
 * the queue instead (virtio 1.2, 2.7.7 and 2.8.14).
 */
#include "vdpa/net_header.h"
#include "vdpa/soft_net_private.h"
#include "vmm/fd.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* Frames of one look at a queue, so that the port gets its turn. */
#define MAX_BURST 256

/* AUTO polls when so many frames were sent within the window, and more than
 * half as many again as were received: answers to each frame are a dialogue,
 * and a dialogue waits for every one of our delays. */
#define WINDOW_NS (2ULL * 1000 * 1000)
#define MANY_SENT 16
#define MIN_FRAME 14 /* an Ethernet header */

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* ---- Telling the driver ---- */

static void call_driver(struct soft_net *net, uint16_t index)
{
    net->counters.calls++;
    if (net->options.call)
        net->options.call(net->options.owner, index);
    else if (eventfd_write(net->device.queues[index].setup.call_fd, 1) != 0)
        log_error("%s: eventfd: %s", net->options.name, strerror(errno));
}

void soft_net_signal_queue(struct soft_net *net, uint16_t index)
{
    if (soft_device_wants_signal(&net->device, index))
        call_driver(net, index);
}

void soft_net_return_buffers(struct soft_net *net, unsigned index,
                             const struct virtqueue_buffer *buffers,
                             unsigned count)
{
    struct soft_queue *queue = &net->device.queues[index];
    struct queue_record *record =
        net->options.records ? &net->options.records[index] : NULL;
    unsigned descriptors = 0;

    for (unsigned i = 0; i < count; i++)
        descriptors += buffers[i].num_descriptors;
    if (record)
        queue_record_begin(record, queue->setup.size, descriptors);
    virtqueue_return(&queue->ring, buffers, count);
    if (record)
        queue_record_end(record);
    queue->must_signal = true;
}

/* ---- Guest to port ---- */

/* The frame behind the header: `chain`'s readable pieces without the first
 * NET_HEADER_SIZE bytes, cut in place. Returns the first piece. */
static struct iovec *skip_header(struct virtqueue_chain *chain, unsigned *count)
{
    size_t skip = NET_HEADER_SIZE;
    unsigned first = 0;

    while (first < chain->num_readable &&
           chain->pieces[first].iov_len <= skip) {
        skip -= chain->pieces[first].iov_len;
        first++;
    }
    if (first < chain->num_readable) {
        struct iovec *piece = &chain->pieces[first];

        piece->iov_base = (uint8_t *)piece->iov_base + skip;
        piece->iov_len -= skip;
    }
    *count = chain->num_readable - first;
    return &chain->pieces[first];
}

static void send_frame(struct soft_net *net, struct virtqueue_chain *chain)
{
    uint8_t bytes[NET_HEADER_SIZE];
    struct virtio_net_hdr header;
    const struct iovec *pieces;
    uint64_t frame_size;
    unsigned count;

    if (chain->readable_size < NET_HEADER_SIZE + MIN_FRAME ||
        chain->readable_size > NET_HEADER_SIZE + FRAME_PORT_MAX_SIZE) {
        net->counters.dropped++;
        return;
    }
    frame_size = chain->readable_size - NET_HEADER_SIZE;
    virtqueue_read(chain, 0, bytes, sizeof(bytes));
    if (!net_header_load(&header, bytes, net->device.features, frame_size)) {
        net->counters.dropped++;
        return;
    }
    pieces = skip_header(chain, &count);
    net->port->ops->send(net->port, &header, pieces, count);
    net->counters.sent++;
    net->counters.sent_bytes += frame_size;
    net->window_sent++;
}

/* Returns how many buffers it took. */
static unsigned send_burst(struct soft_net *net)
{
    struct soft_queue *queue = &net->device.queues[SOFT_NET_TX];
    unsigned taken = 0;

    while (taken < MAX_BURST && net->device.is_running &&
           virtqueue_take(&queue->ring, &net->chain)) {
        if (net->chain.num_readable == 0) {
            virtqueue_break(&queue->ring,
                            "a frame to be sent in memory for receiving");
            break;
        }
        send_frame(net, &net->chain);
        net->chain.buffer.written = 0;
        soft_net_return_buffers(net, SOFT_NET_TX, &net->chain.buffer, 1);
        taken++;
    }
    if (taken > 0)
        net->port->ops->sent(net->port);
    soft_net_signal_queue(net, SOFT_NET_TX);
    soft_device_check_rings(&net->device);
    return taken;
}

/* ---- When to look ---- */

static void set_timer(struct soft_net *net, unsigned microseconds)
{
    const struct itimerspec when = {
        .it_value = {.tv_nsec = (long)microseconds * 1000}};

    if (timerfd_settime(net->poll_timer.fd, 0, &when, NULL) != 0)
        log_error("%s: timerfd_settime: %s", net->options.name,
                  strerror(errno));
}

static bool is_worth_polling(const struct soft_net *net)
{
    switch (net->options.polling) {
    case SOFT_NET_POLLING_ON:
        return true;
    case SOFT_NET_POLLING_OFF:
        return false;
    case SOFT_NET_POLLING_AUTO:
    default:
        return net->window_sent >= MANY_SENT &&
               net->window_sent > net->window_received * 3 / 2;
    }
}

/* Begins a new window once this one is over. False when polling was not worth
 * it in the one that ended. */
static bool count_window(struct soft_net *net)
{
    uint64_t now = now_ns();
    bool was_worth_it;

    if (now - net->window_start_ns < WINDOW_NS)
        return true;
    was_worth_it = is_worth_polling(net);
    net->window_start_ns = now;
    net->window_sent = net->window_received = 0;
    return was_worth_it;
}

static void start_polling(struct soft_net *net)
{
    net->is_polling = true;
    net->idle_polls = 0;
    set_timer(net, SOFT_NET_POLL_US);
}

/* At both queues, once the others had their turn. */
static void look_soon(struct soft_net *net)
{
    net->must_look = true;
    set_timer(net, 1);
}

/* Back to notifications; looks once more, for what came before the driver
 * knew. A driver that is as fast as we are would keep us here. */
static void stop_polling(struct soft_net *net)
{
    struct virtqueue *ring = &net->device.queues[SOFT_NET_TX].ring;
    unsigned sent = 0;

    net->is_polling = false;
    while (net->device.is_running && virtqueue_want_kicks(ring, true)) {
        virtqueue_want_kicks(ring, false);
        if (sent >= MAX_BURST) {
            look_soon(net);
            return;
        }
        sent += send_burst(net) + 1; /* an empty look counts, too */
    }
}

/* A notification came, or a full burst left more behind. */
static void serve_transmit(struct soft_net *net)
{
    struct virtqueue *ring = &net->device.queues[SOFT_NET_TX].ring;
    unsigned sent;

    (void)count_window(net);
    virtqueue_want_kicks(ring, false);
    sent = send_burst(net);
    if (!net->device.is_running)
        return;
    if (is_worth_polling(net))
        start_polling(net);
    else if (sent == MAX_BURST)
        look_soon(net);
    else
        stop_polling(net);
}

static void poll_transmit(struct soft_net *net)
{
    bool was_worth_it = count_window(net);
    unsigned sent = send_burst(net);

    net->counters.polls++;
    net->idle_polls = sent > 0 ? 0 : net->idle_polls + 1;
    if (!net->device.is_running)
        return;
    if (sent < MAX_BURST &&
        (!was_worth_it ||
         net->idle_polls * SOFT_NET_POLL_US >= SOFT_NET_POLL_IDLE_US))
        stop_polling(net);
    else
        set_timer(net, SOFT_NET_POLL_US);
}

/* ---- Notifications ---- */

/* Unasked. */
static void look(struct soft_net *net)
{
    net->must_look = false;
    virtqueue_want_kicks(&net->device.queues[SOFT_NET_RX].ring, false);
    net->port->ops->resume(net->port);
    soft_net_client.received(net);
    if (net->device.is_running)
        serve_transmit(net);
}

static void timer_expired(void *owner, uint32_t events)
{
    struct soft_net *net = owner;
    uint64_t count;

    (void)events;
    if (read(net->poll_timer.fd, &count, sizeof(count)) < 0 ||
        !net->device.is_running)
        return;
    if (net->must_look)
        look(net);
    else if (net->is_polling)
        poll_transmit(net);
}

void soft_net_kicked(struct soft_net *net, unsigned index)
{
    net->counters.kicks++;
    if (index == SOFT_NET_RX) {
        /* Buffers came. */
        virtqueue_want_kicks(&net->device.queues[SOFT_NET_RX].ring, false);
        net->port->ops->resume(net->port);
    } else if (!net->is_polling) {
        serve_transmit(net);
    }
}

/* ---- Life ---- */

int soft_net_init_queues(struct soft_net *net)
{
    int timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

    net->poll_timer = (struct event_source){.fd = timer_fd,
                                            .events = EPOLLIN,
                                            .ready = timer_expired,
                                            .owner = net};
    if (timer_fd < 0) {
        int error = -errno;

        log_error("%s: timerfd_create: %s", net->options.name,
                  strerror(-error));
        return error;
    }
    return event_loop_add(&net->device.loop, &net->poll_timer);
}

void soft_net_destroy_queues(struct soft_net *net)
{
    close_fd(&net->poll_timer.fd);
}

static int start_queue(struct soft_net *net, unsigned index)
{
    uint32_t position = net->device.queues[index].setup.position;

    if (net->options.records)
        net->options.records[index] = (struct queue_record){position, position};
    return soft_device_start_queue(&net->device, index);
}

/* A driver that enabled only one of the two gets a device that stands. */
int soft_net_start_queues(struct soft_net *net)
{
    int error;

    for (unsigned i = 0; i < SOFT_NET_NUM_QUEUES; i++) {
        if (!net->device.queues[i].is_set ||
            !net->device.queues[i].is_enabled) {
            net->device.is_running = false;
            return 0;
        }
    }
    net->window_start_ns = 0;
    net->is_polling = false;
    error = start_queue(net, SOFT_NET_RX);
    if (!error)
        error = start_queue(net, SOFT_NET_TX);
    if (error)
        return error;
    /* A driver may fill its rings before and not notify for that (virtio 1.2,
     * 3.1.1); where another device left off, it may have been told not to, and
     * not been told of what was returned. */
    look_soon(net);
    return 0;
}

void soft_net_stop_queues(struct soft_net *net)
{
    net->is_polling = net->must_look = false;
}

void soft_net_resume_queues(struct soft_net *net)
{
    net->is_polling = false;
    look_soon(net);
}
