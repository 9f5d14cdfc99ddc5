/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_dhcp_packet.c: any bytes as the answer of a DHCP server.
 */
#include "guest/init/dhcp_packet.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Unlike assert(), not compiled out and seen by the fuzzer as a crash. */
static void require(bool claim)
{
    if (!claim)
        abort();
}

static void check_accepted(const struct dhcp_answer *answer)
{
    uint32_t host = ntohl(answer->address.s_addr);
    uint32_t zeroes = ~ntohl(answer->mask.s_addr);

    require(answer->num_name_servers <= DHCP_MAX_SERVERS);
    if (answer->type == DHCP_NAK)
        return;
    require(answer->type == DHCP_OFFER || answer->type == DHCP_ACK);
    require(host >> 24 != 0 && host >> 24 < 224);
    require((zeroes & (zeroes + 1)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct dhcp_query query = {
        .type = DHCP_DISCOVER, .id = 0x01020304, .mac = {2, 0, 0, 0, 0, 1}};
    uint8_t packet[DHCP_MAX_ANSWER];
    struct dhcp_answer answer;

    if (dhcp_packet_read(&query, bytes, size, &answer))
        check_accepted(&answer);

    /* What is no answer in front is made one. */
    if (size > sizeof(packet) - DHCP_QUERY_SIZE)
        return 0;
    dhcp_packet_write(&query, packet);
    packet[0] = 2;
    memcpy(packet + 16, "\300\0\2\1", 4);
    memcpy(packet + 240, bytes, size);
    if (dhcp_packet_read(&query, packet, 240 + size, &answer))
        check_accepted(&answer);
    return 0;
}
