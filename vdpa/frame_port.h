/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame_port.h: where the frames of a software network device go to and come
 * from: libslirp, a tap, another VM.
 *
 * A port lives on its device's event loop: every call and callback is on that
 * thread. Frames are Ethernet frames without FCS, with a virtio-net header
 * beside them that says what is left to do (checksum, segmentation).
 */
#ifndef VDPA_FRAME_PORT_H
#define VDPA_FRAME_PORT_H

#include "vmm/compiler.h"
#include "vmm/event_loop.h"

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* The largest frame with Ethernet and VLAN headers: 64 KiB of IP. Bytes. */
#define FRAME_PORT_MAX_SIZE (65535 + 18)

struct frame_port;

/* The device's side, called by the port. */
struct frame_client {
    /*
     * A frame for the guest. `header` in host byte order; flags and gso fields
     * only as accepted in set_offloads(). False when there is no room: the
     * port keeps or drops the frame, stops reading its source, and goes on
     * after resume(). Never called from within send().
     */
    bool (*receive)(void *owner, const struct virtio_net_hdr *header,
                    const struct iovec *pieces, unsigned count);
    /* After the last receive() of a burst: interrupts wait for this. */
    void (*received)(void *owner);
    /* The link went up or down: a peer came or left. */
    void (*link_changed)(void *owner, bool up);
};

/* What the device may leave to the port, and the port to the device. Masks of
 * FRAME_OFFLOAD_*. */
#define FRAME_OFFLOAD_CHECKSUM (1U << 0) /* partial checksums (NEEDS_CSUM) */
#define FRAME_OFFLOAD_TSO4     (1U << 1)
#define FRAME_OFFLOAD_TSO6     (1U << 2)
#define FRAME_OFFLOAD_ECN      (1U << 3)
#define FRAME_OFFLOAD_USO      (1U << 4)

struct frame_port_ops {
    /* Puts the port to work for `client` on `loop`, with frames of up to
     * `mtu` bytes of payload. -errno, logged with what to do. Call once, on
     * the loop's thread or before it runs. */
    int (*start)(struct frame_port *port, struct event_loop *loop,
                 const struct frame_client *client, void *owner, uint16_t mtu);
    /* A frame from the guest. Never blocks: what the other side cannot take
     * is dropped. */
    void (*send)(struct frame_port *port, const struct virtio_net_hdr *header,
                 const struct iovec *pieces, unsigned count);
    /* After the last send() of a burst: answers to its frames come now, and
     * the port takes stock once instead of after each frame. */
    void (*sent)(struct frame_port *port);
    /* What the guest's driver takes in received frames, FRAME_OFFLOAD_*. */
    void (*set_offloads)(struct frame_port *port, unsigned offloads);
    /* The client has room again. */
    void (*resume)(struct frame_port *port);
    /* Ends everything and frees the port. When the loop does not run. */
    void (*close)(struct frame_port *port);
};

/* Embedded as the first member of each implementation. */
struct frame_port {
    const struct frame_port_ops *ops;
    const char *name;          /* for messages: "tap0" */
    unsigned send_offloads;    /* FRAME_OFFLOAD_* that send() takes */
    unsigned receive_offloads; /* that receive() may use if allowed */
    bool link_is_up;           /* as of now */
    uint16_t max_mtu;          /* bytes of payload */
};

#endif
