/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_soft_console.c: a software console device whose driver does anything:
 * with its rings, its control messages, its streams and its control calls; and
 * whose pipes are full, empty or closed.
 *
 * Input: as device_fuzz.h has it; bits 4 and 5 of the first byte say what the
 * owner does at once when it is told something.
 */
#include "tests/support/device_fuzz.h"
#include "vdpa/soft_console_private.h"

#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define PIPE_SIZE 4096 /* bytes; a few buffers fill it */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum {
    PORT_TALK,
    PORT_PIPES,
    NUM_PORTS
};
enum {
    OWNER_ANSWERS = 0x10,
    OWNER_DRAINS = 0x20
};

static struct soft_console *console;
static uint8_t owner_kind;
/* Ends: the device's, and ours; -1 for closed. */
static int in_fds[2], out_fds[2];

/* ---- The owner ---- */

static void react(void)
{
    if (owner_kind & OWNER_DRAINS)
        soft_console_drain(&console->device.backend);
    if (owner_kind & OWNER_ANSWERS)
        device_fuzz_require(soft_console_answer(&console->device.backend,
                                                PORT_TALK, "answer", 6) <= 6);
}

static void received(void *owner, unsigned port, const uint8_t *bytes,
                     size_t size)
{
    static uint8_t copy[4096];

    (void)owner;
    device_fuzz_require(port == PORT_TALK && size > 0 && size <= sizeof(copy));
    memcpy(copy, bytes, size);
    react();
}

static void out_failed(void *owner, unsigned port, int error)
{
    (void)owner;
    device_fuzz_require(port == PORT_PIPES && error != 0 && out_fds[0] < 0);
    react();
}

static void has_room(void *owner, unsigned port)
{
    (void)owner;
    device_fuzz_require(port == PORT_TALK);
    react();
}

static void drained(void *owner)
{
    (void)owner;
    if (owner_kind & OWNER_ANSWERS)
        soft_console_answer(&console->device.backend, PORT_TALK, ".", 1);
}

/* ---- The device ---- */

static struct soft_device *open_console(uint8_t kind)
{
    static const struct soft_console_client client = {
        .received = received,
        .out_failed = out_failed,
        .has_room = has_room,
        .drained = drained,
    };
    const struct soft_console_port_options ports[NUM_PORTS] = {
        [PORT_TALK] = {"talk", -1, -1},
        [PORT_PIPES] = {"pipes", in_fds[0], out_fds[1]},
    };
    const struct soft_console_options options = {
        .name = "console",
        .ports = ports,
        .num_ports = NUM_PORTS,
        .client = &client,
    };

    owner_kind = kind;
    device_fuzz_require(soft_console_prepare(&options, &console) == 0);
    return &console->device;
}

static void check(void)
{
    const struct soft_device *device = &console->device;

    for (unsigned i = 0; i < NUM_PORTS; i++) {
        const struct soft_console_port *port = &console->ports[i];

        device_fuzz_require(port->num_waiting <= sizeof(port->waiting));
        device_fuzz_require(port->out_done == 0 || port->out_is_blocked);
        device_fuzz_require(
            device->is_running || device->is_suspended ||
            (!port->is_open && !port->in_is_watched && !port->out_is_watched));
    }
}

/* ---- Steps ---- */

static void close_end(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void write_in(uint8_t argument)
{
    static const uint8_t text[1024] = "from the host";
    size_t size = (size_t)argument * argument;

    if (argument == 31)
        close_end(&in_fds[1]);
    else if (in_fds[1] >= 0)
        (void)!write(in_fds[1], text, size);
    device_fuzz_serve();
}

static void read_out(uint8_t argument)
{
    static uint8_t got[PIPE_SIZE];

    if (argument == 31)
        close_end(&out_fds[0]);
    else if (out_fds[0] >= 0)
        (void)!read(out_fds[0], got, (size_t)argument * argument * 4);
    device_fuzz_serve();
}

static void send(uint8_t argument)
{
    static const uint8_t text[8192] = "from the owner";
    size_t size = (size_t)argument * argument * 8;

    device_fuzz_require(soft_console_send(&console->device.backend, PORT_TALK,
                                          text, size) <= size);
    device_fuzz_serve();
}

static void control(uint8_t argument)
{
    struct vdpa_backend *backend = &console->device.backend;

    switch (argument) {
    case 0:
        device_fuzz_require(backend->ops->set_status(backend, 0) == 0);
        break;
    case 1:
        device_fuzz_start();
        break;
    case 2:
    case 3:
        device_fuzz_require(backend->ops->suspend(backend) == 0);
        device_fuzz_serve();
        break;
    case 4:
    case 5:
        (void)backend->ops->resume(backend);
        break;
    default:
        device_fuzz_change_map(argument % DEVICE_FUZZ_NUM_MAPS);
        break;
    }
}

static void step(unsigned what, uint8_t argument)
{
    const unsigned queue = argument % console->device.identity.num_queues;

    switch (what) {
    case 0:
        device_fuzz_kick(queue);
        break;
    case 1:
        device_fuzz_advance(queue, argument / 6);
        break;
    case 2:
        device_fuzz_advance(queue, argument / 6);
        device_fuzz_kick(queue);
        break;
    case 3:
        write_in(argument);
        break;
    case 4:
        read_out(argument);
        break;
    case 5:
        send(argument);
        break;
    case 6:
        device_fuzz_refill();
        break;
    default:
        control(argument);
        break;
    }
}

static void open_pipe(int fds[2])
{
    device_fuzz_require(pipe2(fds, O_CLOEXEC) == 0);
    device_fuzz_require(fcntl(fds[1], F_SETPIPE_SZ, PIPE_SIZE) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct device_fuzz_type type = {
        .optional = {VIRTIO_F_RING_PACKED, VIRTIO_RING_F_EVENT_IDX,
                     VIRTIO_RING_F_INDIRECT_DESC, VIRTIO_CONSOLE_F_MULTIPORT},
        .open = open_console,
        .step = step,
        .check = check,
    };

    (void)signal(SIGPIPE, SIG_IGN);
    open_pipe(in_fds);
    open_pipe(out_fds);
    /* The device's ends block, as those of a shell do. */
    device_fuzz_require(fcntl(in_fds[1], F_SETFL, O_NONBLOCK) == 0);
    device_fuzz_require(fcntl(out_fds[0], F_SETFL, O_NONBLOCK) == 0);
    device_fuzz(&type, bytes, size);
    for (unsigned i = 0; i < 2; i++) {
        close_end(&in_fds[i]);
        close_end(&out_fds[i]);
    }
    return 0;
}
