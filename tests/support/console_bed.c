/* SPDX-License-Identifier: BSD-2-Clause */
/* console_bed.c: a software console device, with its driver and its owner. */
#include "tests/support/console_bed.h"

#include "tests/support/sleep_ms.h"
#include "vmm/bytes.h"
#include "vmm/compiler.h"

#include <check.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_console.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define BIT64(bit)       (1ULL << (bit))
#define PATIENCE_SECONDS 20 /* of a busy machine, under a sanitizer */
#define MESSAGE_SIZE     sizeof(struct virtio_console_control)
#define QUEUE_BYTES      ((size_t)CONSOLE_BED_RING_SIZE * CONSOLE_BED_SLOT_SIZE)

static void require(bool claim, const char *words)
{
    if (!claim)
        ck_abort_msg("not so: %s", words);
}

static void sleep_on(int fd, const char *words)
{
    struct pollfd event = {.fd = fd, .events = POLLIN};
    eventfd_t count;

    require(poll(&event, 1, PATIENCE_SECONDS * 1000) == 1, words);
    (void)eventfd_read(fd, &count);
}

/* ---- The owner ---- */

static void answer(struct console_bed *bed)
{
    if (bed->setup.owner_answers)
        (void)soft_console_answer(bed->backend, CONSOLE_BED_TALK, "!", 1);
}

static void received(void *owner, unsigned port, const uint8_t *bytes,
                     size_t size)
{
    struct console_bed *bed = owner;
    unsigned count = bed->num_received;

    require(port == CONSOLE_BED_TALK, "only its port has no descriptor");
    require(count + size < sizeof(bed->received), "it is not as much");
    memcpy(bed->received + count, bytes, size);
    bed->num_received = count + (unsigned)size;
    answer(bed);
    if (bed->setup.owner_asks)
        soft_console_drain(bed->backend);
}

static void passed(void *owner, unsigned port, uint8_t last)
{
    struct console_bed *bed = owner;

    require(port == CONSOLE_BED_OUT, "only its port has an out_fd");
    bed->last_passed = last;
}

static void out_failed(void *owner, unsigned port, int error)
{
    struct console_bed *bed = owner;

    bed->failure = error;
    bed->failed_port = (int)port;
    answer(bed);
}

static void has_room(void *owner, unsigned port)
{
    struct console_bed *bed = owner;

    require(port == CONSOLE_BED_TALK, "only its port was sent to");
    bed->num_rooms++;
    answer(bed);
}

static void drained(void *owner)
{
    struct console_bed *bed = owner;

    bed->num_drained++;
    (void)soft_console_answer(bed->backend, CONSOLE_BED_TALK, ".", 1);
}

static const struct soft_console_client client = {
    .received = received,
    .passed = passed,
    .out_failed = out_failed,
    .has_room = has_room,
    .drained = drained,
};

/* ---- Life ---- */

static void open_device(struct console_bed *bed)
{
    int in[2], out[2];

    ck_assert(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
    bed->in_fd = in[1];
    bed->out_fd = out[0];
    bed->device_fds[0] = in[0];
    bed->device_fds[1] = out[1];
    const struct soft_console_port_options ports[CONSOLE_BED_NUM_PORTS] = {
        [CONSOLE_BED_TALK] = {"talk", -1, -1},
        [CONSOLE_BED_IN] = {"in", in[0], -1},
        [CONSOLE_BED_OUT] = {"out", -1, out[1]},
    };
    const struct soft_console_options options = {
        .name = "console",
        .ports = ports,
        .num_ports = CONSOLE_BED_NUM_PORTS,
        .client = &client,
        .owner = bed,
    };

    ck_assert_int_eq(soft_console_open(&options, &bed->backend), 0);
    bed->ops = bed->backend->ops;
}

static struct driver_ring_setup ring_setup(const struct console_bed *bed)
{
    return (struct driver_ring_setup){
        .size = CONSOLE_BED_RING_SIZE,
        .packed = bed->setup.variation & CONSOLE_BED_PACKED,
        .event_index = bed->setup.variation & CONSOLE_BED_EVENTS,
        .indirect = bed->setup.variation & CONSOLE_BED_INDIRECT,
    };
}

static void map_memory(struct vdpa_mapping *mapping, uint64_t iova, size_t size)
{
    *mapping = (struct vdpa_mapping){
        .iova = iova, .size = size, .host = driver_ring_map_memory(size)};
    ck_assert_ptr_nonnull(mapping->host);
}

void console_bed_open(struct console_bed *bed, struct console_bed_setup setup)
{
    struct driver_ring_setup rings;

    memset(bed, 0, sizeof(*bed));
    bed->setup = setup;
    bed->failed_port = -1;
    log_capture_start(&bed->capture);
    rings = ring_setup(bed);
    map_memory(&bed->mappings[0], CONSOLE_BED_DATA_IOVA,
               (size_t)CONSOLE_BED_NUM_QUEUES * QUEUE_BYTES);
    map_memory(&bed->mappings[1], CONSOLE_BED_RING_IOVA,
               CONSOLE_BED_NUM_QUEUES * driver_ring_bytes(&rings));
    for (unsigned i = 0; i < CONSOLE_BED_NUM_QUEUES; i++) {
        bed->kick_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        bed->call_fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    bed->config_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    open_device(bed);
    ck_assert_int_eq(bed->ops->map(bed->backend, bed->mappings, 2), 0);
    if (!setup.for_later)
        console_bed_start(bed);
}

void console_bed_close(struct console_bed *bed)
{
    bed->ops->close(bed->backend);
    for (unsigned i = 0; i < CONSOLE_BED_NUM_QUEUES; i++) {
        ck_assert_msg(bed->rings[i].fault == NULL, "%s", bed->rings[i].fault);
        (void)close(bed->kick_fds[i]);
        (void)close(bed->call_fds[i]);
    }
    (void)close(bed->config_fd);
    (void)close(bed->device_fds[0]);
    (void)close(bed->device_fds[1]);
    if (bed->in_fd >= 0)
        (void)close(bed->in_fd);
    if (bed->out_fd >= 0)
        (void)close(bed->out_fd);
    for (unsigned i = 0; i < 2; i++)
        munmap(bed->mappings[i].host, bed->mappings[i].size);
    log_capture_stop();
}

uint8_t console_bed_status(const struct console_bed *bed)
{
    uint8_t status = 0xff;

    ck_assert_int_eq(bed->ops->get_status(bed->backend, &status), 0);
    return status;
}

static void set_status(const struct console_bed *bed, unsigned status)
{
    ck_assert_int_eq(bed->ops->set_status(bed->backend, (uint8_t)status), 0);
}

static void make_rings(struct console_bed *bed)
{
    const struct driver_ring_setup setup = ring_setup(bed);
    size_t size = driver_ring_bytes(&setup);
    uint8_t *memory = bed->mappings[1].host;

    for (unsigned i = 0; i < CONSOLE_BED_NUM_QUEUES; i++) {
        driver_ring_init(&bed->rings[i], &setup, memory + i * size,
                         CONSOLE_BED_RING_IOVA + i * size);
        bed->added[i] = bed->returned[i] = 0;
    }
}

void console_bed_negotiate(struct console_bed *bed)
{
    uint64_t offered = 0, features = BIT64(VIRTIO_F_ACCESS_PLATFORM);
    unsigned num_queues = bed->setup.is_simple ? 2 : CONSOLE_BED_NUM_QUEUES;

    set_status(bed, 0);
    make_rings(bed);
    set_status(bed, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
    ck_assert_int_eq(bed->ops->get_features(bed->backend, &offered), 0);
    features |= driver_ring_features(&bed->rings[0]);
    if (!bed->setup.is_simple)
        features |= BIT64(VIRTIO_CONSOLE_F_MULTIPORT);
    ck_assert_uint_eq(features & ~offered, 0);
    ck_assert_int_eq(bed->ops->set_features(bed->backend, features), 0);
    set_status(bed, console_bed_status(bed) | VIRTIO_CONFIG_S_FEATURES_OK);
    ck_assert_int_eq(bed->ops->set_config_call(bed->backend, bed->config_fd),
                     0);
    for (unsigned i = 0; i < num_queues; i++) {
        struct vdpa_queue queue = driver_ring_queue(&bed->rings[i]);

        queue.kick_fd = bed->kick_fds[i];
        queue.call_fd = bed->call_fds[i];
        queue.position = vdpa_queue_start(ring_setup(bed).packed);
        ck_assert_int_eq(bed->ops->set_queue(bed->backend, (uint16_t)i, &queue),
                         0);
        ck_assert_int_eq(
            bed->ops->enable_queue(bed->backend, (uint16_t)i, true), 0);
    }
}

void console_bed_start(struct console_bed *bed)
{
    console_bed_negotiate(bed);
    set_status(bed, console_bed_status(bed) | VIRTIO_CONFIG_S_DRIVER_OK);
    ck_assert(console_bed_status(bed) & VIRTIO_CONFIG_S_DRIVER_OK);
}

/* ---- Buffers ---- */

unsigned console_bed_rx(unsigned port)
{
    return port == 0 ? 0 : 2 + 2 * port;
}

unsigned console_bed_tx(unsigned port)
{
    return console_bed_rx(port) + 1;
}

static uint64_t offset_of(unsigned queue, uint64_t number)
{
    return (uint64_t)queue * QUEUE_BYTES +
           number % CONSOLE_BED_RING_SIZE * CONSOLE_BED_SLOT_SIZE;
}

static uint8_t *buffer_at(const struct console_bed *bed, unsigned queue,
                          uint64_t number)
{
    return (uint8_t *)bed->mappings[0].host + offset_of(queue, number);
}

uint64_t console_bed_next_iova(const struct console_bed *bed, unsigned queue)
{
    return CONSOLE_BED_DATA_IOVA + offset_of(queue, bed->added[queue]);
}

void console_bed_add(struct console_bed *bed, unsigned queue,
                     const struct driver_piece *pieces, unsigned count)
{
    require(
        driver_ring_add(&bed->rings[queue], pieces, count, bed->added[queue]++),
        "there is room for a buffer");
    if (driver_ring_should_kick(&bed->rings[queue]))
        require(eventfd_write(bed->kick_fds[queue], 1) == 0, "a kick");
}

void console_bed_post(struct console_bed *bed, unsigned queue, unsigned count,
                      uint32_t size)
{
    for (unsigned i = 0; i < count; i++) {
        const struct driver_piece piece = {
            .iova = console_bed_next_iova(bed, queue),
            .length = size,
            .writable = true,
        };

        console_bed_add(bed, queue, &piece, 1);
    }
}

static void add_readable(struct console_bed *bed, unsigned queue,
                         const void *bytes, size_t size)
{
    const uint64_t iova = console_bed_next_iova(bed, queue);
    const uint32_t first = size > 1 ? (uint32_t)size / 2 : (uint32_t)size;
    const struct driver_piece pieces[] = {
        {.iova = iova, .length = first},
        {.iova = iova + first, .length = (uint32_t)size - first},
    };

    memcpy(buffer_at(bed, queue, bed->added[queue]), bytes, size);
    console_bed_add(bed, queue, pieces, size > 1 ? 2 : 1);
}

void console_bed_send(struct console_bed *bed, unsigned port, const void *bytes,
                      size_t size)
{
    require(size > 0 && size <= CONSOLE_BED_SLOT_SIZE, "it fits");
    add_readable(bed, console_bed_tx(port), bytes, size);
}

void console_bed_control(struct console_bed *bed, uint32_t port, uint16_t event,
                         uint16_t value)
{
    uint8_t message[MESSAGE_SIZE];
    const uint8_t *unused;

    store_le32(message, port);
    store_le16(message + 4, event);
    store_le16(message + 6, value);
    add_readable(bed, CONSOLE_BED_CONTROL_TX, message, sizeof(message));
    (void)console_bed_await(bed, CONSOLE_BED_CONTROL_TX, &unused);
}

uint32_t console_bed_await(struct console_bed *bed, unsigned queue,
                           const uint8_t **bytes)
{
    struct driver_ring *ring = &bed->rings[queue];
    struct driver_used used;

    while (!driver_ring_collect(ring, &used)) {
        require(ring->fault == NULL, "a sane used buffer");
        if (driver_ring_want_signals(ring, true))
            continue;
        sleep_on(bed->call_fds[queue], "the driver is signalled");
        (void)driver_ring_want_signals(ring, false);
    }
    require(used.token == bed->returned[queue]++, "in order");
    *bytes = buffer_at(bed, queue, used.token);
    return used.written;
}

bool console_bed_has_returned(struct console_bed *bed, unsigned queue)
{
    return driver_ring_want_signals(&bed->rings[queue], true);
}

void console_bed_expect_message(struct console_bed *bed, uint32_t port,
                                uint16_t event, uint16_t value,
                                const char *text)
{
    const uint8_t *bytes;
    uint32_t size;

    console_bed_post(bed, CONSOLE_BED_CONTROL_RX, 1, 256);
    size = console_bed_await(bed, CONSOLE_BED_CONTROL_RX, &bytes);
    ck_assert_uint_eq(size, MESSAGE_SIZE + strlen(text));
    ck_assert_uint_eq(load_le32(bytes), port);
    ck_assert_uint_eq(load_le16(bytes + 4), event);
    ck_assert_uint_eq(load_le16(bytes + 6), value);
    ck_assert_mem_eq(bytes + MESSAGE_SIZE, text, strlen(text));
}

void console_bed_await_count(const atomic_uint *count, unsigned least)
{
    for (unsigned i = 0; *count < least; i++) {
        require(i < PATIENCE_SECONDS * 1000, "the owner is told");
        sleep_ms(1);
    }
}

void console_bed_read_out(const struct console_bed *bed, void *bytes,
                          size_t size)
{
    for (size_t done = 0; done < size;) {
        struct pollfd event = {.fd = bed->out_fd, .events = POLLIN};
        ssize_t got;

        require(poll(&event, 1, PATIENCE_SECONDS * 1000) == 1, "more comes");
        got = read(bed->out_fd, (uint8_t *)bytes + done, size - done);
        require(got > 0, "no end yet");
        done += (size_t)got;
    }
}

/* ---- All of it ---- */

void console_bed_greet(struct console_bed *bed)
{
    static const char *const names[] = {"talk", "in", "out"};

    console_bed_control(bed, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    for (unsigned i = 0; i < CONSOLE_BED_NUM_PORTS; i++)
        console_bed_expect_message(bed, i, VIRTIO_CONSOLE_PORT_ADD, 1, "");
    for (unsigned i = 0; i < CONSOLE_BED_NUM_PORTS; i++) {
        console_bed_control(bed, i, VIRTIO_CONSOLE_PORT_READY, 1);
        console_bed_expect_message(bed, i, VIRTIO_CONSOLE_PORT_NAME, 1,
                                   names[i]);
        console_bed_expect_message(bed, i, VIRTIO_CONSOLE_PORT_OPEN, 1, "");
        console_bed_control(bed, i, VIRTIO_CONSOLE_PORT_OPEN, 1);
    }
}

void console_bed_expect_works(struct console_bed *bed)
{
    const uint8_t *bytes;
    char out[5];

    ck_assert_int_eq(write(bed->in_fd, "inward", 6), 6);
    console_bed_post(bed, console_bed_rx(CONSOLE_BED_IN), 1, 100);
    ck_assert_uint_eq(
        console_bed_await(bed, console_bed_rx(CONSOLE_BED_IN), &bytes), 6);
    ck_assert_mem_eq(bytes, "inward", 6);
    console_bed_send(bed, CONSOLE_BED_OUT, "outgo", 5);
    console_bed_read_out(bed, out, 5);
    ck_assert_mem_eq(out, "outgo", 5);
    ck_assert_uint_eq(
        console_bed_await(bed, console_bed_tx(CONSOLE_BED_OUT), &bytes), 0);
}

void console_bed_expect_need_reset(struct console_bed *bed)
{
    sleep_on(bed->config_fd, "the driver is told to reset");
    ck_assert(console_bed_status(bed) & VIRTIO_CONFIG_S_NEEDS_RESET);
}
