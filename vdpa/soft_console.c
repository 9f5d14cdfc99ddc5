/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_console.c: the software console device: what it is, its control queues
 * (virtio 1.2, 5.3.6.2), its life. The streams are soft_console_ports.c.
 */
#include "vdpa/soft_console.h"

#include "vdpa/soft_console_private.h"
#include "vmm/bytes.h"

#include <assert.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#define FEATURE(bit) (1ULL << (bit))
#define QUEUE_SIZE   64 /* descriptors; a driver fills them with a page each */
#define MAX_NAME     63 /* bytes */
#define MESSAGE_SIZE sizeof(struct virtio_console_control)

static struct soft_console *to_console(struct soft_device *device)
{
    return container_of(device, struct soft_console, device);
}

unsigned soft_console_rx_queue(unsigned port)
{
    return port == 0 ? 0 : 2 + 2 * port;
}

unsigned soft_console_tx_queue(unsigned port)
{
    return soft_console_rx_queue(port) + 1;
}

/* ---- Buffers ---- */

bool soft_console_take(struct soft_console *console, unsigned index)
{
    struct soft_queue *queue = &console->device.queues[index];

    if (!queue->is_started)
        return false;
    virtqueue_want_kicks(&queue->ring, false);
    while (!virtqueue_take(&queue->ring, &console->chain))
        if (!virtqueue_want_kicks(&queue->ring, true))
            return false;
    return true;
}

void soft_console_return(struct soft_console *console, unsigned index,
                         size_t written)
{
    struct soft_queue *queue = &console->device.queues[index];

    console->chain.buffer.written = (uint32_t)written;
    virtqueue_return(&queue->ring, &console->chain.buffer, 1);
    queue->must_signal = true;
}

void soft_console_put_back(struct soft_console *console, unsigned index)
{
    virtqueue_put_back(&console->device.queues[index].ring,
                       &console->chain.buffer, 1);
}

void soft_console_look_again(struct soft_console *console, unsigned index)
{
    const struct soft_queue *queue = &console->device.queues[index];

    if (queue->is_started && eventfd_write(queue->setup.kick_fd, 1) != 0)
        log_error("%s: eventfd: %s", console->device.backend.name,
                  strerror(errno));
}

static void drain(struct soft_console *console)
{
    bool is_blocked = false;

    for (unsigned i = 0; i < console->num_ports; i++) {
        soft_console_serve_out(&console->ports[i]);
        if (console->ports[i].out_is_blocked)
            is_blocked = true;
    }
    if (is_blocked)
        return;
    console->must_drain = false;
    console->client->drained(console->owner);
}

void soft_console_finish(struct soft_console *console)
{
    struct soft_device *device = &console->device;

    /* What the driver has written is not seen while the device is suspended. */
    if (console->must_drain && !device->is_suspended)
        drain(console);
    for (unsigned i = 0; i < device->identity.num_queues; i++)
        if (device->queues[i].is_started)
            soft_device_signal(device, i);
    soft_device_check_rings(device);
}

/* ---- Control messages ---- */

/* Sends one; false, and nothing sent, when the driver has no room now. */
static bool send_message(struct soft_console *console, unsigned port,
                         uint16_t event, uint16_t value, const char *text)
{
    uint8_t bytes[MESSAGE_SIZE + MAX_NAME];
    size_t length = strlen(text), size = MESSAGE_SIZE + length;

    if (!soft_console_take(console, SOFT_CONSOLE_CONTROL_RX))
        return false;
    if (console->chain.writable_size < size) {
        virtqueue_break(&console->device.queues[SOFT_CONSOLE_CONTROL_RX].ring,
                        "a control buffer that is too small");
        return false;
    }
    store_le32(bytes, port);
    store_le16(bytes + 4, event);
    store_le16(bytes + 6, value);
    memcpy(bytes + MESSAGE_SIZE, text, length);
    virtqueue_write(&console->chain, 0, bytes, size);
    soft_console_return(console, SOFT_CONSOLE_CONTROL_RX, size);
    return true;
}

/* What is due is kept as one flag a kind, so that a driver that asks again
 * and again has nothing pile up here. */
static bool serve_port_control(struct soft_console *console, unsigned index)
{
    struct soft_console_port *port = &console->ports[index];
    const struct {
        bool *is_due;
        uint16_t event, value;
        const char *text;
    } messages[] = {
        {&port->must_add, VIRTIO_CONSOLE_PORT_ADD, 1, ""},
        {&port->must_name, VIRTIO_CONSOLE_PORT_NAME, 1, port->options.name},
        {&port->must_open, VIRTIO_CONSOLE_PORT_OPEN, 1, ""},
        {&port->must_close, VIRTIO_CONSOLE_PORT_OPEN, 0, ""},
    };

    for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
        if (!*messages[i].is_due)
            continue;
        if (!send_message(console, index, messages[i].event, messages[i].value,
                          messages[i].text))
            return false;
        *messages[i].is_due = false;
    }
    return true;
}

void soft_console_serve_control(struct soft_console *console)
{
    for (unsigned i = 0; i < console->num_ports; i++)
        if (!serve_port_control(console, i))
            return;
}

static void take_port_message(struct soft_console_port *port, uint16_t event,
                              uint16_t value)
{
    if (event == VIRTIO_CONSOLE_PORT_READY && value == 1) {
        port->must_name = port->must_open = true;
        /* Again after it, for a driver that comes late. */
        port->must_close = port->in_ended;
    } else if (event == VIRTIO_CONSOLE_PORT_OPEN) {
        port->is_open = value == 1;
        if (port->is_open)
            soft_console_serve_in(port);
        else
            soft_console_unwatch(port);
    }
}

static void take_message(struct soft_console *console)
{
    uint8_t bytes[MESSAGE_SIZE];
    uint32_t port;
    uint16_t event, value;

    if (virtqueue_read(&console->chain, 0, bytes, sizeof(bytes)) !=
        sizeof(bytes))
        return;
    port = load_le32(bytes);
    event = load_le16(bytes + 4);
    value = load_le16(bytes + 6);
    if (event == VIRTIO_CONSOLE_DEVICE_READY && value == 1) {
        for (unsigned i = 0; i < console->num_ports; i++)
            console->ports[i].must_add = true;
    } else if (port < console->num_ports) {
        take_port_message(&console->ports[port], event, value);
    }
}

/* A message may have served a port, which uses the chain too: so it is
 * returned first. */
static void take_messages(struct soft_console *console)
{
    for (unsigned i = 0; i < QUEUE_SIZE; i++) {
        struct virtqueue_buffer buffer;

        if (!soft_console_take(console, SOFT_CONSOLE_CONTROL_TX))
            return;
        buffer = console->chain.buffer;
        take_message(console);
        console->chain.buffer = buffer;
        soft_console_return(console, SOFT_CONSOLE_CONTROL_TX, 0);
    }
}

/* ---- soft_device_ops ---- */

static int start(struct soft_device *device)
{
    struct soft_console *console = to_console(device);

    for (unsigned i = 0; i < device->identity.num_queues; i++) {
        const struct soft_queue *queue = &device->queues[i];

        if (queue->is_set && queue->is_enabled) {
            int error = soft_device_start_queue(device, i);

            if (error)
                return error;
        }
    }
    /* Without the control queues there is one port, open on both sides. */
    if (!(device->features & FEATURE(VIRTIO_CONSOLE_F_MULTIPORT)))
        console->ports[0].is_open = true;
    return 0;
}

static void stop(struct soft_device *device)
{
    struct soft_console *console = to_console(device);

    for (unsigned i = 0; i < console->num_ports; i++) {
        struct soft_console_port *port = &console->ports[i];

        soft_console_unwatch(port);
        port->is_open = port->must_add = port->must_name = false;
        port->must_open = port->must_close = port->out_is_blocked = false;
        port->out_done = 0;
    }
}

/* The notifications that follow have everything served. */
static void resumed(struct soft_device *device)
{
    (void)device;
}

static void kicked(struct soft_device *device, unsigned index)
{
    struct soft_console *console = to_console(device);

    if (index == SOFT_CONSOLE_CONTROL_TX)
        take_messages(console);
    for (unsigned i = 0; i < console->num_ports; i++) {
        if (index == soft_console_rx_queue(i))
            soft_console_serve_in(&console->ports[i]);
        if (index == soft_console_tx_queue(i))
            soft_console_serve_out(&console->ports[i]);
    }
    soft_console_serve_control(console);
    soft_console_finish(console);
}

static void destroy(struct soft_device *device)
{
    soft_device_destroy(device);
    free(to_console(device));
}

static const struct soft_device_ops soft_console_ops = {
    .start = start,
    .stop = stop,
    .resumed = resumed,
    .kicked = kicked,
    .destroy = destroy,
};

/* ---- For the owner ---- */

int soft_console_prepare(const struct soft_console_options *options,
                         struct soft_console **prepared)
{
    const struct vdpa_identity identity = {
        .device_id = VIRTIO_ID_CONSOLE,
        .config_size = sizeof(struct virtio_console_config),
        .num_queues = (uint16_t)(2 * (options->num_ports + 1)),
        .max_queue_size = QUEUE_SIZE,
        .first_iova = 0,
        .last_iova = UINT64_MAX,
    };
    struct soft_console *console = calloc(1, sizeof(*console));
    int error;

    assert(options->num_ports > 0 &&
           options->num_ports <= SOFT_CONSOLE_MAX_PORTS);
    if (!console) {
        log_error("%s: %s", options->name, strerror(ENOMEM));
        return -ENOMEM;
    }
    console->client = options->client;
    console->owner = options->owner;
    console->num_ports = options->num_ports;
    store_le32(&console->config.max_nr_ports, options->num_ports);
    for (unsigned i = 0; i < options->num_ports; i++) {
        assert(strlen(options->ports[i].name) <= MAX_NAME);
        soft_console_init_port(&console->ports[i], console, &options->ports[i]);
    }
    console->device.device_features =
        FEATURE(VIRTIO_CONSOLE_F_MULTIPORT) | FEATURE(VIRTIO_F_VERSION_1) |
        FEATURE(VIRTIO_F_ACCESS_PLATFORM) |
        FEATURE(VIRTIO_RING_F_INDIRECT_DESC) |
        FEATURE(VIRTIO_RING_F_EVENT_IDX) | FEATURE(VIRTIO_F_RING_PACKED) |
        FEATURE(VIRTIO_F_IN_ORDER);
    error = soft_device_init(&console->device, &soft_console_ops, options->name,
                             &identity, (const uint8_t *)&console->config);
    if (error)
        console->device.backend.ops->close(&console->device.backend);
    *prepared = console;
    return error;
}

int soft_console_open(const struct soft_console_options *options,
                      struct vdpa_backend **backend)
{
    struct soft_console *console;
    int error = soft_console_prepare(options, &console);

    if (error)
        return error;
    *backend = &console->device.backend;
    error = soft_device_start_thread(&console->device, "console");
    if (error)
        (*backend)->ops->close(*backend);
    return error;
}

/* Keeps what there is room for until the guest reads. */
static size_t hold(struct soft_console_port *port, const void *bytes,
                   size_t size)
{
    size_t room = sizeof(port->waiting) - port->num_waiting;

    port->room_is_owed = size > room;
    if (size > room)
        size = room;
    memcpy(port->waiting + port->num_waiting, bytes, size);
    port->num_waiting += size;
    return size;
}

/* The client may have been called amid a buffer, so console->chain is in use:
 * the guest gets its bytes later. */
size_t soft_console_answer(struct vdpa_backend *backend, unsigned port,
                           const void *bytes, size_t size)
{
    struct soft_console *console =
        container_of(backend, struct soft_console, device.backend);
    size_t taken = hold(&console->ports[port], bytes, size);

    soft_console_look_again(console, soft_console_rx_queue(port));
    return taken;
}

size_t soft_console_send(struct vdpa_backend *backend, unsigned port,
                         const void *bytes, size_t size)
{
    struct soft_console *console =
        container_of(backend, struct soft_console, device.backend);
    size_t taken;

    pthread_mutex_lock(&console->device.lock);
    taken = hold(&console->ports[port], bytes, size);
    if (console->device.is_running) {
        soft_console_serve_in(&console->ports[port]);
        soft_console_finish(console);
    }
    pthread_mutex_unlock(&console->device.lock);
    return taken;
}

void soft_console_drain(struct vdpa_backend *backend)
{
    struct soft_console *console =
        container_of(backend, struct soft_console, device.backend);

    console->must_drain = true;
}
