/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dhcp_packet.h: the messages of DHCP (RFC 2131, 2132) as a client writes and
 * reads them. Knows no socket.
 */
#ifndef GUEST_INIT_DHCP_PACKET_H
#define GUEST_INIT_DHCP_PACKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a client must take (RFC 2131, 2); ours take a whole Ethernet frame. */
#define DHCP_MAX_ANSWER  1500
#define DHCP_MAX_SERVERS 3 /* of names; resolv.conf(5) */
#define DHCP_QUERY_SIZE  300

/* Of option 53. */
enum dhcp_type {
    DHCP_DISCOVER = 1,
    DHCP_OFFER = 2,
    DHCP_REQUEST = 3,
    DHCP_ACK = 5,
    DHCP_NAK = 6,
};

struct dhcp_query {
    enum dhcp_type type;
    uint32_t id; /* of the exchange */
    uint8_t mac[6];
    uint16_t seconds; /* since it began */
    /* DHCP_REQUEST: of the offer. */
    struct in_addr address, server;
};

struct dhcp_answer {
    enum dhcp_type type;
    struct in_addr address, server;
    struct in_addr mask, gateway; /* 0.0.0.0: not said */
    struct in_addr name_servers[DHCP_MAX_SERVERS];
    unsigned num_name_servers;
};

void dhcp_packet_write(const struct dhcp_query *query,
                       uint8_t bytes[DHCP_QUERY_SIZE]);

/* False when it is no OFFER, ACK or NAK to this query, or offers an address
 * that no host can have. Any bytes will do. */
bool dhcp_packet_read(const struct dhcp_query *query, const uint8_t *bytes,
                      size_t size, struct dhcp_answer *answer);

#endif
