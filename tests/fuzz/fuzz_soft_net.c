/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_soft_net.c: a software network device whose driver does anything: with
 * its rings, its frames and its control calls.
 *
 * The device has no thread here; its loop is served step by step and its
 * timer expires when the input says so. Its memory is a few pages, each
 * between inaccessible ones, and a frame may lie anywhere in it, also on the
 * rings: the device then changes what it reads next.
 *
 * Input: features (1), size of the rings (1), number of steps (1), the steps,
 * and what then lies in memory, from the descriptors on. A step: bits 5 to 7
 * what, bits 0 to 4 how often or which.
 */
#include "vdpa/net_header.h"
#include "vdpa/soft_net_private.h"
#include "vmm/bytes.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/timerfd.h>

#define FEATURE(bit) (1ULL << (bit))
#define PAGE         4096U
/* Three pages with the rings and room for frames, then one whose host address
 * is elsewhere, one behind a hole, and the very last. */
#define RING_IOVA   0x0U
#define SEAM_IOVA   0x3000U
#define BEHIND_IOVA 0x5000U
#define LAST_IOVA   (UINT64_MAX - PAGE + 1)
/* Of a ring's parts; 32 descriptors fit in front of the next. */
#define RING_STEP    0x400U
#define DRIVER_PART  0x200U
#define DEVICE_PART  0x280U
#define MAX_SIZE_LOG 5U

#define HEADER_SIZE 3U
#define MAX_EVENTS  8U /* that one step may bring about */
#define MAX_KEPT    8U /* frames in the port */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct {
    uint64_t iova;
    unsigned first, count; /* pages of the reservation */
} layout[] = {
    {RING_IOVA, 1, 3},
    {SEAM_IOVA, 7, 1},
    {BEHIND_IOVA, 5, 1},
    {LAST_IOVA, 9, 1},
};
#define NUM_PAGES 11U

static struct vdpa_mapping mappings[ARRAY_SIZE(layout)];
static bool is_mapped[ARRAY_SIZE(layout)];
static int kick_fds[SOFT_NET_NUM_QUEUES], call_fd, config_fd;
static const uint8_t *contents; /* of memory, as the input has it */
static size_t contents_size;

static struct soft_net *net;
static const struct vdpa_backend_ops *ops;
static uint64_t features;
static uint16_t ring_size;

/* Unlike assert(), not compiled out and seen by the fuzzer as a crash. */
static void require(bool claim)
{
    if (!claim)
        abort();
}

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
    require(client == &soft_net_client && owner != NULL);
    return 0;
}

static void check_header(const struct virtio_net_hdr *header, size_t size)
{
    if (header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
        require((size_t)header->csum_start + header->csum_offset + 2 <= size);
    if (header->gso_type != VIRTIO_NET_HDR_GSO_NONE)
        require(header->gso_size > 0 && size >= 42);
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
    require(size >= 14 && size <= FRAME_PORT_MAX_SIZE);
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

/* ---- Memory ---- */

static void ignore_line(enum log_level level, const char *line, void *context)
{
    (void)level;
    (void)line;
    (void)context;
}

/* Once: mapping is slow. */
static void prepare_process(void)
{
    static uint8_t *pages;

    if (pages)
        return;
    log_set_sink(ignore_line, NULL);
    for (unsigned i = 0; i < SOFT_NET_NUM_QUEUES; i++)
        kick_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    config_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pages = mmap(NULL, NUM_PAGES * (size_t)PAGE, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(pages != MAP_FAILED);
    for (unsigned i = 0; i < ARRAY_SIZE(layout); i++) {
        mappings[i] = (struct vdpa_mapping){
            .iova = layout[i].iova,
            .size = (uint64_t)layout[i].count * PAGE,
            .host = pages + (size_t)layout[i].first * PAGE,
        };
        require(mprotect(mappings[i].host, mappings[i].size,
                         PROT_READ | PROT_WRITE) == 0);
    }
}

/* Memory as it is at the start, which the driver may repeat. */
static void fill_memory(void)
{
    size_t done = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(mappings); i++) {
        size_t length = (size_t)mappings[i].size;

        if (length > contents_size - done)
            length = contents_size - done;
        if (length > 0)
            memcpy(mappings[i].host, contents + done, length);
        done += length;
    }
}

static void drain(int fd)
{
    eventfd_t count;

    (void)eventfd_read(fd, &count);
}

/* ---- What must be true ---- */

static void check_device(void)
{
    uint8_t status = 0;
    uint32_t position;

    require(ops->get_status(&net->device.backend, &status) == 0);
    require(status == net->device.status);
    if (status & VIRTIO_CONFIG_S_NEEDS_RESET)
        require(!net->device.is_running);
    for (uint16_t i = 0; i < SOFT_NET_NUM_QUEUES; i++) {
        require(!net->device.is_running ||
                !net->device.queues[i].ring.is_broken);
        require(ops->get_queue_position(&net->device.backend, i, &position) ==
                0);
    }
    require(net->device.is_running || (!net->is_polling && !net->must_look));
    require(net->counters.received_bytes >= net->counters.received);
}

/* ---- Steps ---- */

static void set_timer(long nanoseconds)
{
    const struct itimerspec when = {.it_value = {.tv_nsec = nanoseconds}};

    require(timerfd_settime(net->poll_timer.fd, 0, &when, NULL) == 0);
}

/* The real clock has no part in it: the timer never expires by itself. */
static void serve(void)
{
    struct epoll_event event = {.events = 0};

    for (unsigned i = 0; i < MAX_EVENTS; i++) {
        const struct event_source *source;

        if (epoll_wait(net->device.loop.epoll_fd, &event, 1, 0) != 1)
            return;
        source = event.data.ptr;
        source->ready(source->owner, event.events);
        set_timer(0);
        check_device();
    }
}

static void kick(unsigned queue)
{
    require(eventfd_write(kick_fds[queue], 1) == 0);
    serve();
}

static void let_timer_expire(void)
{
    struct pollfd timer = {.fd = net->poll_timer.fd, .events = POLLIN};

    set_timer(1);
    require(poll(&timer, 1, 10000) == 1);
    serve();
    set_timer(0);
}

/* The driver goes on: another lap, or some more buffers. */
static void advance_driver(uint8_t argument)
{
    uint8_t *ring =
        (uint8_t *)mappings[0].host + (argument & 1 ? RING_STEP : 0);
    uint8_t *index = ring + DRIVER_PART + 2;

    if (features & FEATURE(VIRTIO_F_RING_PACKED))
        for (unsigned i = 0; i < ring_size; i++)
            ring[16 * (size_t)i + 14 + argument / 2 % 2] ^= 0x80;
    else
        store_le16(index, (uint16_t)(load_le16(index) + argument / 2));
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

static void set_queues(void)
{
    for (uint16_t i = 0; i < SOFT_NET_NUM_QUEUES; i++) {
        const uint64_t iova = RING_IOVA + i * RING_STEP;
        const struct vdpa_queue queue = {
            .size = ring_size,
            .desc_iova = iova,
            .driver_iova = iova + DRIVER_PART,
            .device_iova = iova + DEVICE_PART,
            .kick_fd = kick_fds[i],
            .call_fd = call_fd,
            .position =
                vdpa_queue_start(features & FEATURE(VIRTIO_F_RING_PACKED)),
        };

        require(ops->set_queue(&net->device.backend, i, &queue) == 0);
        require(ops->enable_queue(&net->device.backend, i, true) == 0);
    }
}

/* From reset on. */
static void start(void)
{
    require(ops->set_status(&net->device.backend, 0) == 0);
    check_device();
    drain(config_fd);
    require(ops->set_status(&net->device.backend, 3) == 0);
    require(ops->set_features(&net->device.backend, features) == 0);
    require(ops->set_status(&net->device.backend, 11) == 0);
    require(ops->set_config_call(&net->device.backend, config_fd) == 0);
    set_queues();
    require(ops->set_status(&net->device.backend, 15) == 0);
    set_timer(0);
}

static void change_map(unsigned index)
{
    int error = is_mapped[index]
                    ? ops->unmap(&net->device.backend, &mappings[index], 1)
                    : ops->map(&net->device.backend, &mappings[index], 1);

    require(error == 0);
    is_mapped[index] = !is_mapped[index];
}

static void control(uint8_t argument)
{
    /* But that bit, which is the device's to set. */
    uint8_t status =
        (uint8_t)(argument << 3) & (uint8_t)~VIRTIO_CONFIG_S_NEEDS_RESET;

    switch (argument) {
    case 0:
        require(ops->set_status(&net->device.backend, 0) == 0);
        break;
    case 1:
    case 2:
        start();
        break;
    case 3:
        soft_net_client.link_changed(net, num_kept % 2);
        break;
    case 4:
    case 5:
    case 6:
    case 7:
        change_map(argument - 4U);
        break;
    default:
        (void)ops->set_status(&net->device.backend,
                              status | net->device.status);
        set_timer(0);
        break;
    }
}

static void step(uint8_t byte)
{
    uint8_t argument = byte & 0x1f;

    switch (byte >> 5) {
    case 0:
        kick(SOFT_NET_RX);
        break;
    case 1:
        kick(SOFT_NET_TX);
        break;
    case 2:
        let_timer_expire();
        break;
    case 3:
        advance_driver(argument);
        break;
    case 4:
        advance_driver(argument);
        kick(argument & 1);
        break;
    case 5:
        receive_frame(argument);
        break;
    case 6:
        fill_memory();
        break;
    default:
        control(argument);
        break;
    }
    check_device();
}

static uint64_t choose_features(uint8_t byte, uint64_t offered)
{
    static const unsigned bits[] = {
        VIRTIO_F_RING_PACKED,
        VIRTIO_RING_F_EVENT_IDX,
        VIRTIO_RING_F_INDIRECT_DESC,
        VIRTIO_NET_F_MRG_RXBUF,
    };
    uint64_t chosen = offered;

    for (unsigned i = 0; i < ARRAY_SIZE(bits); i++)
        if (!(byte & 1U << i))
            chosen &= ~FEATURE(bits[i]);
    return chosen;
}

static void open_device(uint8_t byte)
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
        .polling = byte & 0x10 ? SOFT_NET_POLLING_ON : SOFT_NET_POLLING_OFF,
    };

    require(soft_net_prepare(&options, &port, &net) == 0);
    ops = net->device.backend.ops;
    features = choose_features(byte, net->device.device_features);
    for (unsigned i = 0; i < ARRAY_SIZE(mappings); i++) {
        is_mapped[i] = false;
        change_map(i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t num_steps;

    if (size < HEADER_SIZE)
        return 0;
    num_steps = bytes[2] % 64;
    if (num_steps > size - HEADER_SIZE)
        num_steps = size - HEADER_SIZE;
    contents = bytes + HEADER_SIZE + num_steps;
    contents_size = size - HEADER_SIZE - num_steps;

    prepare_process();
    for (unsigned i = 0; i < ARRAY_SIZE(mappings); i++)
        memset(mappings[i].host, 0, (size_t)mappings[i].size);
    fill_memory();
    drain(kick_fds[SOFT_NET_RX]);
    drain(kick_fds[SOFT_NET_TX]);
    drain(call_fd);
    first_kept = num_kept = 0;
    ring_size = (uint16_t)(1U << bytes[1] % (MAX_SIZE_LOG + 1));

    open_device(bytes[0]);
    start();
    for (size_t i = 0; i < num_steps; i++)
        step(bytes[HEADER_SIZE + i]);
    ops->close(&net->device.backend);
    return 0;
}
