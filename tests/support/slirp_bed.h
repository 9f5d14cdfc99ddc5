/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slirp_bed.h: a user-mode network, its guest and sockets of the host. The
 * libslirp of the host does its part; nothing leaves the host.
 */
#ifndef TESTS_SUPPORT_SLIRP_BED_H
#define TESTS_SUPPORT_SLIRP_BED_H

#include "tests/support/port_bed.h"
#include "tests/support/raw_guest.h"
#include "vdpa/slirp_port.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define SLIRP_BED_TIMEOUT_MS 5000
#define SLIRP_BED_QUIET_MS   100 /* in which nothing is to come */

struct slirp_bed {
    struct port_bed port;
    struct raw_guest guest;
    /* To send, and room for what comes back. */
    uint8_t data[1024 * 1024], echo[1024 * 1024];
};

bool slirp_bed_has_libslirp(void);

/* With forwards, as an option has them. */
void slirp_bed_start_with(struct slirp_bed *bed, const char *const *forwards,
                          unsigned count, bool restricted, uint16_t mtu);
void slirp_bed_start(struct slirp_bed *bed);
/* The host port of forward `index`. */
uint16_t slirp_bed_forwarded(struct slirp_bed *bed, unsigned index);

/* ---- Sockets of the host, none of which blocks ---- */

struct sockaddr_in slirp_bed_loopback(uint16_t port);
/* SOCK_STREAM, which listens, or SOCK_DGRAM; the port that it got. */
int slirp_bed_host_socket(int type, uint16_t *port);
/* The network's loop accepts. */
int slirp_bed_connect_to(uint16_t port);
int slirp_bed_accept_from(struct slirp_bed *bed, int listener);
/* Reads exactly `size` bytes while the network works. */
void slirp_bed_read_all(struct slirp_bed *bed, int fd, uint8_t *bytes,
                        size_t size);

#endif
