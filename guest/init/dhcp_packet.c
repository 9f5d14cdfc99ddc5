/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dhcp_packet.c: the messages of DHCP as a client writes and reads them.
 */
#include "guest/init/dhcp_packet.h"

#include <string.h>

/* RFC 2131, figure 1 */
enum {
    OP = 0,
    HARDWARE_TYPE = 1,
    HARDWARE_LENGTH = 2,
    ID = 4,
    SECONDS = 8,
    FLAGS = 10,
    YOUR_ADDRESS = 16,
    HARDWARE_ADDRESS = 28,
    COOKIE = 236,
    OPTIONS = 240,
};

#define OP_QUERY  1
#define OP_ANSWER 2
#define ETHERNET  1

/* Answers come to an interface without an address only if broadcast. */
#define FLAG_BROADCAST 0x80

/* RFC 2132 */
enum option {
    OPTION_PAD = 0,
    OPTION_MASK = 1,
    OPTION_GATEWAYS = 3,
    OPTION_NAME_SERVERS = 6,
    OPTION_ADDRESS = 50,
    OPTION_TYPE = 53,
    OPTION_SERVER = 54,
    OPTION_WISHES = 55,
    OPTION_MAX_SIZE = 57,
    OPTION_END = 255,
};

static const uint8_t cookie[4] = {99, 130, 83, 99};

static uint8_t *put_option(uint8_t *at, enum option option, const void *value,
                           uint8_t size)
{
    *at++ = (uint8_t)option;
    *at++ = size;
    memcpy(at, value, size);
    return at + size;
}

void dhcp_packet_write(const struct dhcp_query *query,
                       uint8_t bytes[DHCP_QUERY_SIZE])
{
    static const uint8_t wishes[] = {OPTION_MASK, OPTION_GATEWAYS,
                                     OPTION_NAME_SERVERS};
    const uint8_t type = (uint8_t)query->type;
    const uint16_t max_size = htons(DHCP_MAX_ANSWER);
    const uint32_t id = htonl(query->id);
    const uint16_t seconds = htons(query->seconds);
    uint8_t *at = bytes + OPTIONS;

    memset(bytes, 0, DHCP_QUERY_SIZE);
    bytes[OP] = OP_QUERY;
    bytes[HARDWARE_TYPE] = ETHERNET;
    bytes[HARDWARE_LENGTH] = sizeof(query->mac);
    memcpy(bytes + ID, &id, sizeof(id));
    memcpy(bytes + SECONDS, &seconds, sizeof(seconds));
    bytes[FLAGS] = FLAG_BROADCAST;
    memcpy(bytes + HARDWARE_ADDRESS, query->mac, sizeof(query->mac));
    memcpy(bytes + COOKIE, cookie, sizeof(cookie));
    at = put_option(at, OPTION_TYPE, &type, sizeof(type));
    at = put_option(at, OPTION_MAX_SIZE, &max_size, sizeof(max_size));
    at = put_option(at, OPTION_WISHES, wishes, sizeof(wishes));
    if (query->type == DHCP_REQUEST) {
        at = put_option(at, OPTION_ADDRESS, &query->address, 4);
        at = put_option(at, OPTION_SERVER, &query->server, 4);
    }
    *at = OPTION_END;
}

/* Of a list of addresses those that there is room for; how many. */
static unsigned get_addresses(const uint8_t *value, size_t size,
                              struct in_addr *addresses, unsigned room)
{
    unsigned count = 0;

    for (; count < room && size >= 4; count++) {
        memcpy(&addresses[count], value, 4);
        value += 4;
        size -= 4;
    }
    return count;
}

static void take_option(struct dhcp_answer *answer, uint8_t option,
                        const uint8_t *value, size_t size)
{
    switch (option) {
    case OPTION_TYPE:
        if (size == 1)
            answer->type = value[0];
        break;
    case OPTION_SERVER:
        (void)get_addresses(value, size, &answer->server, 1);
        break;
    case OPTION_MASK:
        (void)get_addresses(value, size, &answer->mask, 1);
        break;
    case OPTION_GATEWAYS:
        (void)get_addresses(value, size, &answer->gateway, 1);
        break;
    case OPTION_NAME_SERVERS:
        answer->num_name_servers =
            get_addresses(value, size, answer->name_servers, DHCP_MAX_SERVERS);
        break;
    default:
        break;
    }
}

/* What follows one that ends too early is not looked at. */
static void take_options(struct dhcp_answer *answer, const uint8_t *at,
                         const uint8_t *end)
{
    while (at < end && *at != OPTION_END) {
        size_t size;

        if (*at == OPTION_PAD) {
            at++;
            continue;
        }
        if (end - at < 2 || end - at - 2 < at[1])
            return;
        size = at[1];
        take_option(answer, at[0], at + 2, size);
        at += 2 + size;
    }
}

static bool is_answer_to(const struct dhcp_query *query, const uint8_t *bytes,
                         size_t size)
{
    const uint32_t id = htonl(query->id);

    return size >= OPTIONS && bytes[OP] == OP_ANSWER &&
           bytes[HARDWARE_TYPE] == ETHERNET &&
           bytes[HARDWARE_LENGTH] == sizeof(query->mac) &&
           memcmp(bytes + ID, &id, sizeof(id)) == 0 &&
           memcmp(bytes + HARDWARE_ADDRESS, query->mac, sizeof(query->mac)) ==
               0 &&
           memcmp(bytes + COOKIE, cookie, sizeof(cookie)) == 0;
}

/* Neither nobody's, nor this host's, nor a group's. */
static bool is_host(struct in_addr address)
{
    uint32_t first = ntohl(address.s_addr) >> 24;

    return first != 0 && first != 127 && first < 224;
}

/* Ones, then zeroes; or none was said. */
static bool is_mask(struct in_addr mask)
{
    uint32_t zeroes = ~ntohl(mask.s_addr);

    return (zeroes & (zeroes + 1)) == 0;
}

bool dhcp_packet_read(const struct dhcp_query *query, const uint8_t *bytes,
                      size_t size, struct dhcp_answer *answer)
{
    memset(answer, 0, sizeof(*answer));
    if (!is_answer_to(query, bytes, size))
        return false;
    memcpy(&answer->address, bytes + YOUR_ADDRESS, 4);
    take_options(answer, bytes + OPTIONS, bytes + size);
    if (answer->type == DHCP_NAK)
        return true;
    return (answer->type == DHCP_OFFER || answer->type == DHCP_ACK) &&
           is_host(answer->address) && is_mask(answer->mask);
}
