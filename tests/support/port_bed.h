/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_bed.h: a frame_port on an event loop, with a client that keeps what it
 * receives.
 */
#ifndef TESTS_SUPPORT_PORT_BED_H
#define TESTS_SUPPORT_PORT_BED_H

#include "vdpa/frame_port.h"
#include "vmm/event_loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORT_BED_MAX_FRAMES 4096U

struct port_bed_frame {
    struct virtio_net_hdr header;
    size_t size;
    uint8_t *bytes;
};

struct port_bed {
    struct event_loop loop;
    struct frame_port *port;
    struct port_bed_frame frames[PORT_BED_MAX_FRAMES];
    unsigned num_frames; /* received */
    unsigned next;       /* not looked at yet */
    unsigned room;       /* frames that receive() still takes */
    unsigned refused;    /* frames that it did not take */
    unsigned bursts;     /* calls of received() */
    unsigned link_changes;
    bool is_up;
    bool is_in_send; /* where receive() must not be called */
};

/* Takes the port over and starts it; the result is start()'s. */
int port_bed_start(struct port_bed *bed, struct frame_port *port, uint16_t mtu);
void port_bed_close(struct port_bed *bed);

/* Sends one frame, as a burst of its own. `header` NULL: nothing asked for. */
void port_bed_send(struct port_bed *bed, const struct virtio_net_hdr *header,
                   const void *frame, size_t size);

/* Serves the loop until a frame has come that was not looked at: that one, or
 * NULL after `milliseconds`. It stays until the bed is closed. */
const struct port_bed_frame *port_bed_next(struct port_bed *bed,
                                           int milliseconds);
/* Serves the loop for so long. */
void port_bed_serve(struct port_bed *bed, int milliseconds);

/* The client has room for `frames` more, and says so. */
void port_bed_make_room(struct port_bed *bed, unsigned frames);

#endif
