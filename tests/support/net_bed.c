/* SPDX-License-Identifier: BSD-2-Clause */
/* net_bed.c: a software network device, running, with its driver. */
#include "tests/support/net_bed.h"

#include "tests/support/echo_port.h"
#include "tests/support/sleep_ms.h"
#include "vdpa/soft_net_private.h"
#include "vmm/bytes.h"

#include <check.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define BIT64(bit)       (1ULL << (bit))
#define PATIENCE_SECONDS 20 /* of a busy machine, under a sanitizer */
#define ETHERNET_HEADER  14U

void net_bed_require(bool claim, const char *words)
{
    if (!claim)
        ck_abort_msg("not so: %s", words);
}

void net_bed_sleep_on(int fd, const char *words)
{
    struct pollfd event = {.fd = fd, .events = POLLIN};
    eventfd_t count;

    net_bed_require(poll(&event, 1, PATIENCE_SECONDS * 1000) == 1, words);
    (void)eventfd_read(fd, &count);
}

/* ---- Life ---- */

static void map_data(struct vdpa_mapping *mapping, uint64_t iova, size_t size)
{
    *mapping = (struct vdpa_mapping){
        .iova = iova,
        .size = size,
        .host = driver_ring_map_memory(size),
    };
    ck_assert_ptr_nonnull(mapping->host);
}

static struct driver_ring_setup ring_setup(const struct net_bed *bed)
{
    return (struct driver_ring_setup){
        .size = bed->setup.size,
        .packed = bed->setup.variation & NET_BED_PACKED,
        .event_index = bed->setup.variation & NET_BED_EVENTS,
        .indirect = bed->setup.variation & NET_BED_INDIRECT,
    };
}

void net_bed_make_rings(struct net_bed *bed)
{
    const struct driver_ring_setup setup = ring_setup(bed);
    size_t size = driver_ring_bytes(&setup);

    for (unsigned i = 0; i < SOFT_NET_NUM_QUEUES; i++) {
        uint8_t *memory = bed->mappings[2].host;

        driver_ring_init(&bed->rings[i], &setup, memory + i * size,
                         bed->mappings[2].iova + i * size);
        bed->positions[i] = vdpa_queue_start(setup.packed);
    }
    bed->num_sent = bed->num_returned = 0;
    bed->num_posted = bed->oldest = 0;
}

void net_bed_open_device(struct net_bed *bed, struct frame_port *port)
{
    const struct soft_net_options options = {
        .name = "net",
        .mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56},
        .mtu = SOFT_NET_DEFAULT_MTU,
        .polling = bed->setup.polling,
        .call = bed->setup.call,
        .owner = bed->setup.owner,
    };

    bed->port = port ? port : echo_port_open();
    ck_assert_int_eq(soft_net_open(&options, bed->port, &bed->backend), 0);
    bed->ops = bed->backend->ops;
    ck_assert_int_eq(bed->ops->map(bed->backend, bed->mappings, 3), 0);
}

static int make_eventfd(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    ck_assert_int_ge(fd, 0);
    return fd;
}

void net_bed_open(struct net_bed *bed, struct net_bed_setup setup)
{
    struct driver_ring_setup rings;

    memset(bed, 0, sizeof(*bed));
    bed->setup = setup;
    bed->setup.size = setup.size ? setup.size : SOFT_NET_QUEUE_SIZE;
    bed->setup.room = setup.room ? setup.room : 2048;
    log_capture_start(&bed->capture);
    rings = ring_setup(bed);
    map_data(&bed->mappings[0], NET_BED_SEND_IOVA, NET_BED_DATA_SIZE);
    map_data(&bed->mappings[1], NET_BED_RECEIVE_IOVA, NET_BED_DATA_SIZE);
    map_data(&bed->mappings[2], NET_BED_RING_IOVA,
             SOFT_NET_NUM_QUEUES * driver_ring_bytes(&rings));
    for (unsigned i = 0; i < SOFT_NET_NUM_QUEUES; i++) {
        bed->kick_fds[i] = make_eventfd();
        bed->call_fds[i] = make_eventfd();
    }
    bed->config_fd = make_eventfd();
    net_bed_open_device(bed, setup.port);
    net_bed_make_rings(bed);
    if (!setup.for_later)
        net_bed_start(bed);
}

void net_bed_close(struct net_bed *bed)
{
    bed->ops->close(bed->backend);
    for (unsigned i = 0; i < SOFT_NET_NUM_QUEUES; i++) {
        ck_assert_msg(bed->rings[i].fault == NULL, "%s", bed->rings[i].fault);
        (void)close(bed->kick_fds[i]);
        (void)close(bed->call_fds[i]);
    }
    (void)close(bed->config_fd);
    for (unsigned i = 0; i < 3; i++)
        munmap(bed->mappings[i].host, bed->mappings[i].size);
    log_capture_stop();
}

static void set_status(const struct net_bed *bed, unsigned status)
{
    ck_assert_int_eq(bed->ops->set_status(bed->backend, (uint8_t)status), 0);
}

void net_bed_negotiate(struct net_bed *bed)
{
    const uint64_t rings = BIT64(VIRTIO_F_RING_PACKED) |
                           BIT64(VIRTIO_RING_F_EVENT_IDX) |
                           BIT64(VIRTIO_RING_F_INDIRECT_DESC);
    uint64_t offered = 0;

    set_status(bed, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
    ck_assert_int_eq(bed->ops->get_features(bed->backend, &offered), 0);
    bed->features = (offered & ~rings & ~bed->setup.refused) |
                    driver_ring_features(&bed->rings[0]);
    if (!(bed->setup.variation & NET_BED_MERGEABLE))
        bed->features &= ~BIT64(VIRTIO_NET_F_MRG_RXBUF);
    ck_assert_int_eq(bed->ops->set_features(bed->backend, bed->features), 0);
    set_status(bed, net_bed_status(bed) | VIRTIO_CONFIG_S_FEATURES_OK);
    ck_assert_int_eq(bed->ops->set_config_call(bed->backend, bed->config_fd),
                     0);
    for (uint16_t i = 0; i < SOFT_NET_NUM_QUEUES; i++) {
        struct vdpa_queue queue = driver_ring_queue(&bed->rings[i]);

        queue.kick_fd = bed->kick_fds[i];
        queue.call_fd = bed->call_fds[i];
        queue.position = bed->positions[i];
        ck_assert_int_eq(bed->ops->set_queue(bed->backend, i, &queue), 0);
        ck_assert_int_eq(bed->ops->enable_queue(bed->backend, i, true), 0);
    }
}

void net_bed_start(struct net_bed *bed)
{
    uint8_t status;

    net_bed_negotiate(bed);
    status = net_bed_status(bed);
    set_status(bed, status | VIRTIO_CONFIG_S_DRIVER_OK);
    ck_assert_uint_eq(net_bed_status(bed), status | VIRTIO_CONFIG_S_DRIVER_OK);
}

void net_bed_reset(struct net_bed *bed)
{
    set_status(bed, 0);
}

void net_bed_restart(struct net_bed *bed)
{
    net_bed_reset(bed);
    net_bed_make_rings(bed);
    net_bed_start(bed);
}

uint8_t net_bed_status(const struct net_bed *bed)
{
    uint8_t status = 0xff;

    ck_assert_int_eq(bed->ops->get_status(bed->backend, &status), 0);
    return status;
}

struct soft_net_counters net_bed_counters(const struct net_bed *bed)
{
    struct soft_net_counters counters;

    soft_net_get_counters(bed->backend, &counters);
    return counters;
}

struct soft_net *net_bed_lock(const struct net_bed *bed)
{
    struct soft_net *net =
        container_of(bed->backend, struct soft_net, device.backend);

    pthread_mutex_lock(&net->device.lock);
    return net;
}

void net_bed_unlock(const struct net_bed *bed)
{
    struct soft_net *net =
        container_of(bed->backend, struct soft_net, device.backend);

    pthread_mutex_unlock(&net->device.lock);
}

void net_bed_settle(const struct net_bed *bed)
{
    bool is_busy = true;

    for (unsigned i = 0; is_busy; i++) {
        const struct soft_net *net = net_bed_lock(bed);

        is_busy = net->must_look || net->is_polling;
        net_bed_unlock(bed);
        net_bed_require(i < PATIENCE_SECONDS * 1000, "the device settles");
        if (is_busy)
            sleep_ms(1);
    }
}

/* ---- Frames ---- */

bool net_bed_kick(struct net_bed *bed, unsigned queue)
{
    if (!driver_ring_should_kick(&bed->rings[queue]))
        return false;
    net_bed_require(eventfd_write(bed->kick_fds[queue], 1) == 0, "a kick");
    return true;
}

/* Which place a receive buffer has. */
static uint64_t place_of(const struct net_bed *bed, uint64_t number)
{
    return number % (NET_BED_DATA_SIZE / bed->setup.room) * bed->setup.room;
}

void net_bed_post(struct net_bed *bed, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct driver_piece piece = {
            .iova = NET_BED_RECEIVE_IOVA + place_of(bed, bed->num_posted),
            .length = bed->setup.room,
            .writable = true,
        };

        net_bed_require(driver_ring_add(&bed->rings[NET_BED_RX], &piece, 1,
                                        bed->num_posted++),
                        "there is room for a receive buffer");
    }
    (void)net_bed_kick(bed, NET_BED_RX);
}

/* Bytes that depend on their place and on the frame. */
static uint8_t pattern(uint64_t number, uint32_t at)
{
    return (uint8_t)(number * 31 + at * UINT64_C(7) + (at >> 8));
}

static void write_frame(uint8_t *frame, uint64_t number, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        frame[i] = pattern(number, i);
    store_le64(frame + ETHERNET_HEADER, number);
}

static bool frame_is_intact(const uint8_t *frame, uint64_t number,
                            uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        if ((i < ETHERNET_HEADER || i >= NET_BED_MIN_FRAME) &&
            frame[i] != pattern(number, i))
            return false;
    return true;
}

void net_bed_send_pieces(struct net_bed *bed, const struct driver_piece *pieces,
                         unsigned count)
{
    net_bed_require(driver_ring_add(&bed->rings[NET_BED_TX], pieces, count,
                                    bed->num_sent++),
                    "there is room for a frame to be sent");
    (void)net_bed_kick(bed, NET_BED_TX);
}

void net_bed_send_with(struct net_bed *bed, const struct virtio_net_hdr *header,
                       uint64_t number, uint32_t size)
{
    const struct virtio_net_hdr plain = {.flags = 0};
    uint64_t offset =
        bed->num_sent % NET_BED_SEND_SLOTS * (uint64_t)NET_BED_SLOT_SIZE;
    uint8_t *at = (uint8_t *)bed->mappings[0].host + offset;
    /* Cut inside the header, and at an odd byte of the frame. */
    uint32_t first = number % 3 ? 12 : 5, second = size / 2 | 1;
    const uint64_t iova = NET_BED_SEND_IOVA + offset;
    const struct driver_piece pieces[] = {
        {.iova = iova, .length = first},
        {.iova = iova + first, .length = second},
        {.iova = iova + first + second,
         .length = NET_HEADER_SIZE + size - first - second},
    };

    net_bed_reclaim(bed);
    net_bed_require(bed->num_sent - bed->num_returned < NET_BED_SEND_SLOTS,
                    "not too many frames on their way");
    net_header_store(at, header ? header : &plain, 0);
    write_frame(at + NET_HEADER_SIZE, number, size);
    net_bed_send_pieces(bed, pieces, 3);
}

void net_bed_send(struct net_bed *bed, uint64_t number, uint32_t size)
{
    net_bed_send_with(bed, NULL, number, size);
}

static bool collect(struct net_bed *bed, unsigned queue,
                    struct driver_used *used)
{
    bool collected = driver_ring_collect(&bed->rings[queue], used);

    net_bed_require(bed->rings[queue].fault == NULL, "a sane used buffer");
    return collected;
}

/* Sleeps until the device returns a buffer. */
static void await_used(struct net_bed *bed, unsigned queue,
                       struct driver_used *used)
{
    while (!collect(bed, queue, used)) {
        if (driver_ring_want_signals(&bed->rings[queue], true))
            continue;
        net_bed_sleep_on(bed->call_fds[queue], "the driver is signalled");
        (void)driver_ring_want_signals(&bed->rings[queue], false);
    }
}

/* Appends what is in a buffer to `frame`. */
static void take_buffer(struct net_bed *bed, const struct driver_used *used,
                        uint8_t *frame, uint32_t *size)
{
    const uint8_t *at = bed->mappings[1].host;

    net_bed_require(used->token == bed->oldest++, "in order");
    net_bed_require(used->written <= bed->setup.room, "no more than fits");
    net_bed_require(*size + used->written <=
                        NET_HEADER_SIZE + FRAME_PORT_MAX_SIZE,
                    "no larger frame than there is");
    memcpy(frame + *size, at + place_of(bed, used->token), used->written);
    *size += used->written;
}

uint64_t net_bed_receive(struct net_bed *bed, struct virtio_net_hdr *header,
                         uint32_t *size, unsigned *num_buffers)
{
    static uint8_t bytes[NET_HEADER_SIZE + FRAME_PORT_MAX_SIZE];
    struct driver_used used;
    uint64_t number;

    *size = 0;
    await_used(bed, NET_BED_RX, &used);
    take_buffer(bed, &used, bytes, size);
    net_bed_require(*size > NET_HEADER_SIZE, "a header and more");
    *num_buffers = load_le16(bytes + 10);
    net_bed_require(*num_buffers > 0, "in some buffers");
    for (unsigned i = 1; i < *num_buffers; i++) {
        net_bed_require(used.written == bed->setup.room, "full but the last");
        net_bed_require(collect(bed, NET_BED_RX, &used), "all visible at once");
        take_buffer(bed, &used, bytes, size);
    }
    *size -= NET_HEADER_SIZE;
    net_bed_require(*size >= NET_BED_MIN_FRAME, "a frame of ours");
    number = load_le64(bytes + NET_HEADER_SIZE + ETHERNET_HEADER);
    net_bed_require(frame_is_intact(bytes + NET_HEADER_SIZE, number, *size),
                    "the frame came as it went");
    *header = (struct virtio_net_hdr){
        .flags = bytes[0],
        .gso_type = bytes[1],
        .hdr_len = load_le16(bytes + 2),
        .gso_size = load_le16(bytes + 4),
        .csum_start = load_le16(bytes + 6),
        .csum_offset = load_le16(bytes + 8),
    };
    return number;
}

unsigned net_bed_expect_with(struct net_bed *bed, struct virtio_net_hdr *header,
                             uint64_t number, uint32_t size)
{
    struct virtio_net_hdr unused;
    uint32_t got_size;
    unsigned num_buffers;
    uint64_t got = net_bed_receive(bed, header ? header : &unused, &got_size,
                                   &num_buffers);

    if (got != number || got_size != size)
        ck_abort_msg("frame %llu of %u bytes came, not %llu of %u",
                     (unsigned long long)got, got_size,
                     (unsigned long long)number, size);
    return num_buffers;
}

unsigned net_bed_expect(struct net_bed *bed, uint64_t number, uint32_t size)
{
    return net_bed_expect_with(bed, NULL, number, size);
}

bool net_bed_has_received(struct net_bed *bed)
{
    return driver_ring_want_signals(&bed->rings[NET_BED_RX], true);
}

void net_bed_reclaim(struct net_bed *bed)
{
    struct driver_used used;

    while (collect(bed, NET_BED_TX, &used)) {
        net_bed_require(used.token == bed->num_returned++, "in order");
        net_bed_require(used.written == 0, "nothing written");
    }
}

void net_bed_await_sent(struct net_bed *bed)
{
    struct driver_used used;

    while (bed->num_returned < bed->num_sent) {
        await_used(bed, NET_BED_TX, &used);
        net_bed_require(used.token == bed->num_returned++, "in order");
        net_bed_require(used.written == 0, "nothing written");
    }
}

/* ---- Faults ---- */

void net_bed_expect_need_reset(struct net_bed *bed)
{
    net_bed_sleep_on(bed->config_fd, "the driver is told to reset");
    ck_assert(net_bed_status(bed) & VIRTIO_CONFIG_S_NEEDS_RESET);
    ck_assert(net_bed_status(bed) & VIRTIO_CONFIG_S_DRIVER_OK);
}

void net_bed_expect_works(struct net_bed *bed)
{
    net_bed_post(bed, 2);
    net_bed_send(bed, 0x600d, 100);
    ck_assert_uint_eq(net_bed_expect(bed, 0x600d, 100), 1);
    net_bed_await_sent(bed);
}
