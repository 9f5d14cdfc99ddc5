/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_console_private.h: what soft_console.c (the device and its control
 * queues) and soft_console_ports.c (the streams) share, and for tests that
 * serve its loop themselves.
 */
#ifndef VDPA_SOFT_CONSOLE_PRIVATE_H
#define VDPA_SOFT_CONSOLE_PRIVATE_H

#include "vdpa/soft_console.h"
#include "vdpa/soft_device.h"

#include <linux/virtio_console.h>

/* virtio 1.2, 5.3.2: port 0 comes before the control queues, the others
 * after them. */
#define SOFT_CONSOLE_CONTROL_RX 2
#define SOFT_CONSOLE_CONTROL_TX 3

struct soft_console;

struct soft_console_port {
    struct soft_console *console;
    struct soft_console_port_options options;

    /* Messages that the driver is yet to get. */
    bool must_add, must_name, must_open, must_close;
    bool is_open; /* in the guest */

    struct event_source in, out;
    bool in_is_watched, out_is_watched;
    bool in_ended, out_ended;
    bool out_is_blocked; /* the reader does not read */
    size_t out_done;     /* bytes of the first buffer that are out */
    uint8_t waiting[SOFT_CONSOLE_MAX_WAITING]; /* soft_console_send()'s */
    size_t num_waiting;
    bool room_is_owed; /* not all was taken */
};

struct soft_console {
    struct soft_device device;
    const struct soft_console_client *client;
    void *owner;
    struct virtio_console_config config;
    struct soft_console_port ports[SOFT_CONSOLE_MAX_PORTS];
    unsigned num_ports;
    bool must_drain;
    struct virtqueue_chain chain; /* too large for a stack */
};

/* As soft_console_open(), without a thread. */
int soft_console_prepare(const struct soft_console_options *options,
                         struct soft_console **prepared) MUST_CHECK;

/* The rest with the device's lock held. */

unsigned soft_console_rx_queue(unsigned port);
unsigned soft_console_tx_queue(unsigned port);

/* Takes a buffer of queue `index` into console->chain; asks for a
 * notification when there is none. */
bool soft_console_take(struct soft_console *console, unsigned index);
/* Returns console->chain with `written` bytes in it. */
void soft_console_return(struct soft_console *console, unsigned index,
                         size_t written);
void soft_console_put_back(struct soft_console *console, unsigned index);
/* Has a queue served as by a kick, after the other sources had their turn. */
void soft_console_look_again(struct soft_console *console, unsigned index);
/* After anything that took: signals and looks after broken rings. */
void soft_console_finish(struct soft_console *console);

/* Bytes for the guest, as far as it has room; and from it. */
void soft_console_serve_in(struct soft_console_port *port);
void soft_console_serve_out(struct soft_console_port *port);
/* The driver is gone: neither descriptor is of interest. */
void soft_console_unwatch(struct soft_console_port *port);
/* Has the driver get what port->must_... say. */
void soft_console_serve_control(struct soft_console *console);

void soft_console_init_port(struct soft_console_port *port,
                            struct soft_console *console,
                            const struct soft_console_port_options *options);

#endif
