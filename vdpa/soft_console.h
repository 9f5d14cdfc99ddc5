/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_console.h: a virtio-console device in this process, as a vdpa_backend:
 * byte streams between the guest and descriptors of the host (virtio 1.2, 5.3,
 * with VIRTIO_CONSOLE_F_MULTIPORT).
 *
 * The guest finds a port by its name. Bytes go through as they are; nothing is
 * read from the host before a program of the guest has opened the port, and an
 * end of file is one on the other side too. A reader who does not read makes
 * the guest wait, not us.
 */
#ifndef VDPA_SOFT_CONSOLE_H
#define VDPA_SOFT_CONSOLE_H

#include "vdpa/vdpa_backend.h"
#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOFT_CONSOLE_MAX_PORTS   8
#define SOFT_CONSOLE_MAX_WAITING 4096

/* One port; descriptors are borrowed, -1 for none. */
struct soft_console_port_options {
    const char *name; /* up to 63 bytes, for the guest */
    int in_fd;        /* read for the guest */
    int out_fd;       /* what the guest writes; -1: client->received() */
};

/* Called with the device's lock held, mostly on its thread: of the device they
 * may call soft_console_drain() and soft_console_answer() alone. */
struct soft_console_client {
    /* The guest wrote to a port without out_fd. */
    void (*received)(void *owner, unsigned port, const uint8_t *bytes,
                     size_t size);
    /* Bytes went to out_fd, of which `last` is the last; or NULL. */
    void (*passed)(void *owner, unsigned port, uint8_t last);
    /* Nobody takes what the guest writes to `port` any more: it is dropped. */
    void (*out_failed)(void *owner, unsigned port, int error);
    /* The guest took bytes of soft_console_send(): there is room again. */
    void (*has_room)(void *owner, unsigned port);
    /* Everything that the guest wrote before soft_console_drain() is out. */
    void (*drained)(void *owner);
};

struct soft_console_options {
    const char *name; /* for messages */
    const struct soft_console_port_options *ports;
    unsigned num_ports;
    const struct soft_console_client *client;
    void *owner;
};

/* Borrows what `options` points to, but not itself. */
int soft_console_open(const struct soft_console_options *options,
                      struct vdpa_backend **backend) MUST_CHECK;

/* Has the guest read `size` bytes from `port`, one without in_fd; from any
 * thread, but not from the client's functions. They wait until a program has
 * opened the port, up to SOFT_CONSOLE_MAX_WAITING bytes. Returns how many were
 * taken; after fewer than `size`, client->has_room() follows. */
size_t soft_console_send(struct vdpa_backend *backend, unsigned port,
                         const void *bytes, size_t size);

/* The same, from the client's functions. */
size_t soft_console_answer(struct vdpa_backend *backend, unsigned port,
                           const void *bytes, size_t size);

/* Asks for client->drained(), soon or once the readers read; from the
 * client's functions alone. */
void soft_console_drain(struct vdpa_backend *backend);

#endif
