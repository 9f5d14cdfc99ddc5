/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw_guest.c: the least of a guest's network stack, in hand-made frames.
 */
#include "tests/support/raw_guest.h"

#include <check.h>
#include <netinet/in.h>
#include <string.h>

#define ETHERTYPE_V4  0x0800U
#define ETHERTYPE_ARP 0x0806U
#define ETHERTYPE_V6  0x86ddU
#define V4_SIZE       20U
#define V6_SIZE       40U
#define TCP_SIZE      20U
#define UDP_SIZE      8U
#define ARP_SIZE      28U
#define TIMEOUT_MS    5000

#define ICMP6_SOLICIT   135
#define ICMP6_ADVERTISE 136

const struct raw_address raw_guest_v4 = {.bytes = {10, 0, 2, 15}};
const struct raw_address raw_gateway_v4 = {.bytes = {10, 0, 2, 2}};
const struct raw_address raw_resolver_v4 = {.bytes = {10, 0, 2, 3}};
const struct raw_address raw_guest_v6 = {.is_ipv6 = true,
                                         .bytes = {0xfe, 0xc0, [15] = 15}};
const struct raw_address raw_gateway_v6 = {.is_ipv6 = true,
                                           .bytes = {0xfe, 0xc0, [15] = 2}};
const uint8_t raw_guest_mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

static uint8_t gateway_mac[6] = {0x52, 0x55, 0x0a, 0x00, 0x02, 0x02};

static void store_be16(uint8_t *bytes, unsigned value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static void store_be32(uint8_t *bytes, uint32_t value)
{
    store_be16(bytes, value >> 16);
    store_be16(bytes + 2, value);
}

static uint16_t load_be16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t load_be32(const uint8_t *bytes)
{
    return (uint32_t)load_be16(bytes) << 16 | load_be16(bytes + 2);
}

/* Byte by byte, unlike the code under test. */
static uint32_t add_bytes(uint32_t sum, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static size_t address_size(const struct raw_address *address)
{
    return address->is_ipv6 ? 16 : 4;
}

static uint32_t add_pseudo_header(const struct raw_address *from,
                                  const struct raw_address *to,
                                  uint8_t protocol, size_t size)
{
    uint8_t length[4], next[2] = {0, protocol};
    uint32_t sum = 0;

    store_be32(length, (uint32_t)size);
    sum = add_bytes(sum, from->bytes, address_size(from));
    sum = add_bytes(sum, to->bytes, address_size(to));
    sum = add_bytes(sum, length, sizeof(length));
    return add_bytes(sum, next, sizeof(next));
}

void raw_guest_init(struct raw_guest *guest, struct port_bed *bed)
{
    *guest = (struct raw_guest){.bed = bed,
                                .address = raw_guest_v4,
                                .port = 40000,
                                .sequence = 1000,
                                .mss = 1460};
}

/* ---- Sending ---- */

static void put_ethernet(uint8_t *frame, unsigned type)
{
    memcpy(frame, gateway_mac, 6);
    memcpy(frame + 6, raw_guest_mac, 6);
    store_be16(frame + 12, type);
}

/* Returns the size of the header. */
static size_t put_ip(uint8_t *ip, const struct raw_address *from,
                     const struct raw_address *to, uint8_t protocol,
                     size_t size)
{
    if (from->is_ipv6) {
        memset(ip, 0, V6_SIZE);
        ip[0] = 0x60;
        store_be16(ip + 4, (unsigned)size);
        ip[6] = protocol;
        ip[7] = 255;
        memcpy(ip + 8, from->bytes, 16);
        memcpy(ip + 24, to->bytes, 16);
        return V6_SIZE;
    }
    memset(ip, 0, V4_SIZE);
    ip[0] = 0x45;
    store_be16(ip + 2, (unsigned)(V4_SIZE + size));
    ip[8] = 64;
    ip[9] = protocol;
    memcpy(ip + 12, from->bytes, 4);
    memcpy(ip + 16, to->bytes, 4);
    store_be16(ip + 10, ~add_bytes(0, ip, V4_SIZE) & 0xffff);
    return V4_SIZE;
}

static uint8_t frame_buffer[FRAME_PORT_MAX_SIZE];

/* The frame is in frame_buffer, and `size` bytes behind the IP header. */
static void finish(struct raw_guest *guest, const struct raw_address *from,
                   const struct raw_address *to, uint8_t protocol, size_t size,
                   int checksum_offset)
{
    size_t ip_size = from->is_ipv6 ? V6_SIZE : V4_SIZE;
    uint8_t *payload = frame_buffer + RAW_ETHERNET_SIZE + ip_size;
    struct virtio_net_hdr header = {.flags = 0};

    put_ethernet(frame_buffer, from->is_ipv6 ? ETHERTYPE_V6 : ETHERTYPE_V4);
    (void)put_ip(frame_buffer + RAW_ETHERNET_SIZE, from, to, protocol, size);
    if (checksum_offset >= 0) {
        uint32_t sum = add_pseudo_header(from, to, protocol, size);

        store_be16(payload + checksum_offset, sum);
        if (guest->leaves_checksums) {
            header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
            header.csum_start = (uint16_t)(RAW_ETHERNET_SIZE + ip_size);
            header.csum_offset = (uint16_t)checksum_offset;
        } else {
            store_be16(payload + checksum_offset, 0);
            store_be16(payload + checksum_offset,
                       ~add_bytes(sum, payload, size) & 0xffff);
        }
    }
    if (protocol == IPPROTO_TCP && size > TCP_SIZE + guest->mss) {
        header.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
        header.gso_size = guest->mss;
        header.hdr_len = (uint16_t)(RAW_ETHERNET_SIZE + ip_size + TCP_SIZE);
    }
    port_bed_send(guest->bed, &header, frame_buffer,
                  RAW_ETHERNET_SIZE + ip_size + size);
}

static uint8_t *payload_at(const struct raw_address *from)
{
    return frame_buffer + RAW_ETHERNET_SIZE +
           (from->is_ipv6 ? V6_SIZE : V4_SIZE);
}

void raw_guest_send_ip(struct raw_guest *guest, const struct raw_address *from,
                       const struct raw_address *to, uint8_t protocol,
                       const void *payload, size_t size)
{
    uint8_t *bytes = payload_at(from);

    memcpy(bytes, payload, size);
    if (protocol == IPPROTO_ICMP) {
        store_be16(bytes + 2, 0);
        store_be16(bytes + 2, ~add_bytes(0, bytes, size) & 0xffff);
    }
    finish(guest, from, to, protocol, size,
           protocol == IPPROTO_ICMPV6 ? 2 : -1);
}

void raw_guest_send_udp(struct raw_guest *guest, const struct raw_address *to,
                        uint16_t from_port, uint16_t to_port,
                        const void *payload, size_t size)
{
    const struct raw_address *from =
        to->is_ipv6 ? &raw_guest_v6 : &raw_guest_v4;
    uint8_t *udp = payload_at(from);

    store_be16(udp, from_port);
    store_be16(udp + 2, to_port);
    store_be16(udp + 4, (unsigned)(UDP_SIZE + size));
    memcpy(udp + UDP_SIZE, payload, size);
    finish(guest, from, to, IPPROTO_UDP, UDP_SIZE + size, 6);
}

void raw_guest_send_tcp(struct raw_guest *guest, uint8_t flags,
                        const void *payload, size_t size)
{
    uint8_t *tcp = payload_at(&guest->address);
    size_t header_size = flags & RAW_TCP_SYN ? TCP_SIZE + 4 : TCP_SIZE;

    memset(tcp, 0, TCP_SIZE);
    store_be16(tcp, guest->port);
    store_be16(tcp + 2, guest->peer_port);
    store_be32(tcp + 4, guest->sequence);
    store_be32(tcp + 8, guest->expected);
    tcp[12] = (uint8_t)(header_size / 4 << 4);
    tcp[13] = flags;
    store_be16(tcp + 14, 0xffff);
    if (flags & RAW_TCP_SYN) {
        tcp[20] = 2; /* maximum segment size */
        tcp[21] = 4;
        store_be16(tcp + 22, guest->mss);
    }
    if (size > 0)
        memcpy(tcp + header_size, payload, size);
    guest->sequence += (uint32_t)size;
    if (flags & (RAW_TCP_SYN | RAW_TCP_FIN))
        guest->sequence++;
    finish(guest, &guest->address, &guest->peer, IPPROTO_TCP,
           header_size + size, 16);
}

void raw_guest_send_arp(struct raw_guest *guest, uint16_t operation,
                        const uint8_t target[4])
{
    static const uint8_t kind[6] = {0, 1, 8, 0, 6, 4};
    uint8_t frame[RAW_ETHERNET_SIZE + ARP_SIZE] = {0};
    uint8_t *arp = frame + RAW_ETHERNET_SIZE;

    put_ethernet(frame, ETHERTYPE_ARP);
    memcpy(arp, kind, sizeof(kind));
    store_be16(arp + 6, operation);
    memcpy(arp + 8, raw_guest_mac, 6);
    memcpy(arp + 14, raw_guest_v4.bytes, 4);
    memcpy(arp + 18, gateway_mac, 6);
    memcpy(arp + 24, target, 4);
    port_bed_send(guest->bed, NULL, frame, sizeof(frame));
}

/* ---- Receiving ---- */

/* False when the frame is no IP packet. */
static bool take_ip(struct raw_packet *packet,
                    const struct port_bed_frame *frame)
{
    const uint8_t *ip = frame->bytes + RAW_ETHERNET_SIZE;
    unsigned type = load_be16(frame->bytes + 12);

    *packet = (struct raw_packet){.frame = frame};
    if (type == ETHERTYPE_V4) {
        ck_assert_uint_eq(add_bytes(0, ip, V4_SIZE), 0xffff);
        packet->protocol = ip[9];
        memcpy(packet->source.bytes, ip + 12, 4);
        memcpy(packet->destination.bytes, ip + 16, 4);
        packet->payload = ip + V4_SIZE;
        packet->payload_size = load_be16(ip + 2) - V4_SIZE;
    } else if (type == ETHERTYPE_V6) {
        packet->source.is_ipv6 = packet->destination.is_ipv6 = true;
        packet->protocol = ip[6];
        memcpy(packet->source.bytes, ip + 8, 16);
        memcpy(packet->destination.bytes, ip + 24, 16);
        packet->payload = ip + V6_SIZE;
        packet->payload_size = load_be16(ip + 4);
    } else {
        return false;
    }
    ck_assert(frame->bytes + frame->size >=
              packet->payload + packet->payload_size);
    return true;
}

static void take_ports(struct raw_packet *packet)
{
    const uint8_t *header = packet->payload;
    size_t size = UDP_SIZE;

    ck_assert_uint_eq(
        add_bytes(add_pseudo_header(&packet->source, &packet->destination,
                                    packet->protocol, packet->payload_size),
                  header, packet->payload_size),
        0xffff);
    packet->source_port = load_be16(header);
    packet->destination_port = load_be16(header + 2);
    if (packet->protocol == IPPROTO_TCP) {
        packet->sequence = load_be32(header + 4);
        packet->acknowledged = load_be32(header + 8);
        packet->flags = header[13];
        size = (size_t)(header[12] >> 4) * 4;
    }
    packet->payload += size;
    packet->payload_size -= size;
}

static void answer_arp(struct raw_guest *guest,
                       const struct port_bed_frame *frame)
{
    const uint8_t *arp = frame->bytes + RAW_ETHERNET_SIZE;

    if (load_be16(frame->bytes + 12) == ETHERTYPE_ARP &&
        load_be16(arp + 6) == 1 && memcmp(arp + 24, raw_guest_v4.bytes, 4) == 0)
        raw_guest_send_arp(guest, 2, arp + 14);
}

static void answer_solicitation(struct raw_guest *guest,
                                const struct raw_packet *packet)
{
    uint8_t answer[32] = {ICMP6_ADVERTISE, [4] = 0x60};
    struct raw_address from = {.is_ipv6 = true};

    if (packet->protocol != IPPROTO_ICMPV6 ||
        packet->payload[0] != ICMP6_SOLICIT)
        return;
    memcpy(answer + 8, packet->payload + 8, 16);
    memcpy(from.bytes, packet->payload + 8, 16);
    answer[24] = 2; /* target link-layer address */
    answer[25] = 1;
    memcpy(answer + 26, raw_guest_mac, 6);
    raw_guest_send_ip(guest, &from, &packet->source, IPPROTO_ICMPV6, answer,
                      sizeof(answer));
}

bool raw_guest_receive(struct raw_guest *guest, struct raw_packet *packet,
                       uint8_t protocol, int milliseconds)
{
    const struct port_bed_frame *frame;

    while ((frame = port_bed_next(guest->bed, milliseconds)) != NULL) {
        if (!take_ip(packet, frame)) {
            answer_arp(guest, frame);
            continue;
        }
        if (packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP)
            take_ports(packet);
        if (packet->protocol == protocol &&
            !(protocol == IPPROTO_ICMPV6 &&
              packet->payload[0] == ICMP6_SOLICIT))
            return true;
        answer_solicitation(guest, packet);
    }
    return false;
}

/* ---- TCP ---- */

void raw_guest_accept(struct raw_guest *guest)
{
    struct raw_packet packet;

    do
        ck_assert(raw_guest_receive(guest, &packet, IPPROTO_TCP, TIMEOUT_MS));
    while (!(packet.flags & RAW_TCP_SYN));
    guest->address = packet.destination;
    guest->peer = packet.source;
    guest->port = packet.destination_port;
    guest->peer_port = packet.source_port;
    guest->expected = packet.sequence + 1;
    raw_guest_send_tcp(guest, RAW_TCP_SYN | RAW_TCP_ACK, NULL, 0);
}

void raw_guest_connect(struct raw_guest *guest, const struct raw_address *to,
                       uint16_t to_port)
{
    struct raw_packet packet;

    guest->address = to->is_ipv6 ? raw_guest_v6 : raw_guest_v4;
    guest->peer = *to;
    guest->peer_port = to_port;
    guest->port++;
    guest->expected = 0;
    raw_guest_send_tcp(guest, RAW_TCP_SYN, NULL, 0);
    ck_assert(raw_guest_receive(guest, &packet, IPPROTO_TCP, TIMEOUT_MS));
    ck_assert_uint_eq(packet.flags, RAW_TCP_SYN | RAW_TCP_ACK);
    ck_assert_uint_eq(packet.acknowledged, guest->sequence);
    guest->expected = packet.sequence + 1;
    raw_guest_send_tcp(guest, RAW_TCP_ACK, NULL, 0);
}

ssize_t raw_guest_read(struct raw_guest *guest, void *buffer, size_t size,
                       int milliseconds)
{
    struct raw_packet packet;

    while (raw_guest_receive(guest, &packet, IPPROTO_TCP, milliseconds)) {
        bool is_end = packet.flags & RAW_TCP_FIN;

        ck_assert(!(packet.flags & RAW_TCP_RST));
        if (packet.payload_size == 0 && !is_end)
            continue;
        if (packet.sequence != guest->expected) {
            /* A segment was lost: ask for it. */
            raw_guest_send_tcp(guest, RAW_TCP_ACK, NULL, 0);
            continue;
        }
        guest->expected += (uint32_t)packet.payload_size + is_end;
        raw_guest_send_tcp(guest, RAW_TCP_ACK, NULL, 0);
        ck_assert_uint_le(packet.payload_size, size);
        memcpy(buffer, packet.payload, packet.payload_size);
        if (packet.payload_size > 0 || is_end)
            return (ssize_t)packet.payload_size;
    }
    return -1;
}
