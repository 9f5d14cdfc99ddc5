/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw_guest.h: the least of a guest's network stack, in hand-made frames.
 *
 * It answers ARP and neighbour solicitations by itself and speaks UDP, ICMP
 * and one TCP connection at a time. Numbers are in host byte order.
 */
#ifndef TESTS_SUPPORT_RAW_GUEST_H
#define TESTS_SUPPORT_RAW_GUEST_H

#include "tests/support/port_bed.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAW_ETHERNET_SIZE 14U
#define RAW_MAX_PAYLOAD   65000U

#define RAW_TCP_FIN 0x01U
#define RAW_TCP_SYN 0x02U
#define RAW_TCP_RST 0x04U
#define RAW_TCP_PSH 0x08U
#define RAW_TCP_ACK 0x10U

struct raw_address {
    bool is_ipv6;
    uint8_t bytes[16]; /* of which IPv4 uses 4 */
};

struct raw_guest {
    struct port_bed *bed;
    struct raw_address address, peer; /* of the TCP connection */
    uint16_t port, peer_port;
    uint32_t sequence;     /* the next byte that it sends */
    uint32_t expected;     /* the next byte that it receives */
    uint16_t mss;          /* as announced; bytes */
    bool leaves_checksums; /* to the device */
};

/* One that has come in, its headers taken apart. */
struct raw_packet {
    struct raw_address source, destination;
    uint8_t protocol;
    uint16_t source_port, destination_port; /* TCP, UDP */
    uint32_t sequence, acknowledged;        /* TCP */
    uint8_t flags;
    const uint8_t *payload; /* behind TCP and UDP headers, else behind IP's */
    size_t payload_size;
    const struct port_bed_frame *frame;
};

extern const struct raw_address raw_guest_v4, raw_guest_v6, raw_gateway_v4,
    raw_gateway_v6, raw_resolver_v4;
extern const uint8_t raw_guest_mac[6];

void raw_guest_init(struct raw_guest *guest, struct port_bed *bed);

/* Any IP packet: `payload` is what follows the IP header. */
void raw_guest_send_ip(struct raw_guest *guest, const struct raw_address *from,
                       const struct raw_address *to, uint8_t protocol,
                       const void *payload, size_t size);
void raw_guest_send_udp(struct raw_guest *guest, const struct raw_address *to,
                        uint16_t from_port, uint16_t to_port,
                        const void *payload, size_t size);
/* In the connection; one frame however long, to be segmented when it is
 * longer than the MSS. */
void raw_guest_send_tcp(struct raw_guest *guest, uint8_t flags,
                        const void *payload, size_t size);
void raw_guest_send_arp(struct raw_guest *guest, uint16_t operation,
                        const uint8_t target[4]);

/* The next packet of `protocol`, with its checksum right; false after
 * `milliseconds`. Others are answered or dropped. */
bool raw_guest_receive(struct raw_guest *guest, struct raw_packet *packet,
                       uint8_t protocol, int milliseconds);

/* Waits for a connection and takes it. */
void raw_guest_accept(struct raw_guest *guest);
/* Opens one. */
void raw_guest_connect(struct raw_guest *guest, const struct raw_address *to,
                       uint16_t to_port);
/* Receives data in the connection and acknowledges it: how many bytes, 0 for
 * the end, -1 after `milliseconds`. */
ssize_t raw_guest_read(struct raw_guest *guest, void *buffer, size_t size,
                       int milliseconds);

#endif
