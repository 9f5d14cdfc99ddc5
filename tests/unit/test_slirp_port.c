/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_slirp_port.c: user-mode network, spoken to in hand-made frames. The
 * libslirp of the host does its part; nothing leaves the host.
 */
#include "vdpa/slirp_port.h"

#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/loop_steps.h"
#include "tests/support/open_fds.h"
#include "tests/support/own_network.h"
#include "tests/support/port_bed.h"
#include "tests/support/raw_guest.h"
#include "vmm/fd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>

#define TIMEOUT_MS 5000
#define QUIET_MS   100 /* in which nothing is to come */

static struct port_bed bed;
static struct raw_guest guest;
static uint8_t data[1024 * 1024], echo[1024 * 1024];

static void start_with(const char *const *forwards, unsigned count,
                       bool restricted, uint16_t mtu)
{
    struct slirp_forward parsed[4];
    struct slirp_port_options options = {.name = "net0",
                                         .restricted = restricted,
                                         .forwards = parsed,
                                         .num_forwards = count};
    struct frame_port *port;
    char error[256];

    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(
            slirp_forward_parse(&parsed[i], forwards[i], error, sizeof(error)),
            0);
    ck_assert_int_eq(slirp_port_open(&options, &port), 0);
    ck_assert_int_eq(port_bed_start(&bed, port, mtu), 0);
    raw_guest_init(&guest, &bed);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
}

static void start(void)
{
    start_with(NULL, 0, false, 1500);
}

/* The host port of forward `index`. */
static uint16_t forwarded(unsigned index)
{
    unsigned count;
    const struct slirp_forward *forwards =
        slirp_port_forwards(bed.port, &count);

    ck_assert_uint_lt(index, count);
    return forwards[index].host_port;
}

/* ---- Sockets of the host ---- */

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons(port)};
}

static int host_socket(int type, uint16_t *port)
{
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    if (type == SOCK_STREAM)
        ck_assert_int_eq(listen(fd, 4), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* Connects; the port's loop accepts. */
static int connect_to(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static int accept_from(int listener)
{
    int fd = -1;

    for (unsigned i = 0; i < 100 && fd < 0; i++) {
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            port_bed_serve(&bed, 10);
    }
    ck_assert_int_ge(fd, 0);
    return fd;
}

/* Reads exactly `size` bytes while the port works. */
static void read_all(int fd, uint8_t *bytes, size_t size)
{
    size_t done = 0;

    for (unsigned i = 0; i < 500 && done < size; i++) {
        ssize_t count = recv(fd, bytes + done, size - done, 0);

        if (count > 0)
            done += (size_t)count;
        else
            port_bed_serve(&bed, 5);
    }
    ck_assert_uint_eq(done, size);
}

/* ---- Addresses ---- */

/* BOOTP's fixed part, and the options one by one (RFC 2131, 2132). */
#define BOOTP_SIZE 240U

static size_t put_dhcp(uint8_t *message, uint8_t type)
{
    static const uint8_t head[4] = {1, 1, 6, 0}, cookie[4] = {99, 130, 83, 99};

    memset(message, 0, BOOTP_SIZE + 60);
    memcpy(message, head, sizeof(head));
    memcpy(message + 28, raw_guest_mac, 6);
    memcpy(message + 236, cookie, sizeof(cookie));
    message[240] = 53;
    message[241] = 1;
    message[242] = type;
    message[243] = 255;
    return BOOTP_SIZE + 60;
}

static const uint8_t *find_option(const uint8_t *message, size_t size,
                                  uint8_t code)
{
    for (size_t at = BOOTP_SIZE; at + 1 < size && message[at] != 255;
         at += 2U + message[at + 1])
        if (message[at] == code)
            return message + at + 2;
    ck_abort_msg("no DHCP option %u", code);
    return NULL;
}

START_TEST(dhcp_gives_the_guest_its_address_router_and_resolver)
{
    const struct raw_address all = {.bytes = {255, 255, 255, 255}};
    struct raw_packet packet;
    uint8_t message[512];
    size_t size = put_dhcp(message, 1 /* DHCPDISCOVER */);

    start();
    raw_guest_send_udp(&guest, &all, 68, 67, message, size);
    ck_assert(raw_guest_receive(&guest, &packet, IPPROTO_UDP, TIMEOUT_MS));
    ck_assert_uint_eq(packet.source_port, 67);
    ck_assert_mem_eq(packet.payload + 16, raw_guest_v4.bytes, 4);
    ck_assert_uint_eq(*find_option(packet.payload, packet.payload_size, 53),
                      2 /* DHCPOFFER */);
    ck_assert_mem_eq(find_option(packet.payload, packet.payload_size, 3),
                     raw_gateway_v4.bytes, 4);
    ck_assert_mem_eq(find_option(packet.payload, packet.payload_size, 6),
                     raw_resolver_v4.bytes, 4);
    port_bed_close(&bed);
}
END_TEST

START_TEST(gateway_answers_arp_and_ping)
{
    static const uint8_t ping[] = {8, 0, 0, 0, 1, 2, 0, 1, 'p', 'i', 'n', 'g'};
    const struct port_bed_frame *frame;
    struct raw_packet packet;

    start();
    raw_guest_send_arp(&guest, 1, raw_gateway_v4.bytes);
    frame = port_bed_next(&bed, TIMEOUT_MS);
    ck_assert_ptr_nonnull(frame);
    ck_assert_mem_eq(frame->bytes + RAW_ETHERNET_SIZE + 14,
                     raw_gateway_v4.bytes, 4);
    raw_guest_send_ip(&guest, &raw_guest_v4, &raw_gateway_v4, IPPROTO_ICMP,
                      ping, sizeof(ping));
    ck_assert(raw_guest_receive(&guest, &packet, IPPROTO_ICMP, TIMEOUT_MS));
    ck_assert_uint_eq(packet.payload[0], 0 /* echo reply */);
    ck_assert_mem_eq(packet.payload + 8, "ping", 4);
    port_bed_close(&bed);
}
END_TEST

START_TEST(router_advertises_the_prefix)
{
    static const uint8_t solicit[16] = {133, [8] = 1, [9] = 1};
    const struct raw_address all_routers = {.is_ipv6 = true,
                                            .bytes = {0xff, 0x02, [15] = 2}};
    static const uint8_t prefix[16] = {0xfe, 0xc0};
    struct raw_packet packet;
    bool has_prefix = false;

    start();
    raw_guest_send_ip(&guest, &raw_guest_v6, &all_routers, IPPROTO_ICMPV6,
                      solicit, sizeof(solicit));
    ck_assert(raw_guest_receive(&guest, &packet, IPPROTO_ICMPV6, TIMEOUT_MS));
    ck_assert_uint_eq(packet.payload[0], 134);
    for (size_t at = 16;
         at + 8 <= packet.payload_size && packet.payload[at + 1] != 0;
         at += (size_t)packet.payload[at + 1] * 8) {
        const uint8_t *option = packet.payload + at;

        has_prefix |= option[0] == 3 && option[2] == 64 &&
                      memcmp(option + 16, prefix, sizeof(prefix)) == 0;
    }
    ck_assert(has_prefix);
    port_bed_close(&bed);
}
END_TEST

/* ---- UDP ---- */

START_TEST(datagrams_reach_the_host_and_are_answered)
{
    struct sockaddr_in from;
    socklen_t size = sizeof(from);
    struct raw_packet packet;
    uint16_t port;
    int fd = host_socket(SOCK_DGRAM, &port);
    char text[16];

    start();
    for (unsigned i = 0; i < 2; i++) {
        /* Once complete, once with the checksum left to the device. */
        guest.leaves_checksums = i == 1;
        raw_guest_send_udp(&guest, &raw_gateway_v4, 5000, port, "question", 8);
        ck_assert_int_eq(recvfrom(fd, text, sizeof(text), 0,
                                  (struct sockaddr *)&from, &size),
                         8);
        ck_assert_mem_eq(text, "question", 8);
    }
    ck_assert_int_eq(sendto(fd, "answer", 6, 0, (struct sockaddr *)&from, size),
                     6);
    ck_assert(raw_guest_receive(&guest, &packet, IPPROTO_UDP, TIMEOUT_MS));
    ck_assert_uint_eq(packet.source_port, port);
    ck_assert_uint_eq(packet.destination_port, 5000);
    ck_assert_uint_eq(packet.payload_size, 6);
    ck_assert_mem_eq(packet.payload, "answer", 6);
    port_bed_close(&bed);
    close_fd(&fd);
}
END_TEST

START_TEST(idle_network_wakes_nobody)
{
    struct pollfd loop;

    start();
    raw_guest_send_arp(&guest, 1, raw_gateway_v4.bytes);
    port_bed_serve(&bed, QUIET_MS);
    loop = (struct pollfd){.fd = bed.loop.epoll_fd, .events = POLLIN};
    ck_assert_int_eq(poll(&loop, 1, 1500), 0);
    port_bed_close(&bed);
}
END_TEST

/* Stands in for the host's resolver: /etc/resolv.conf names 127.0.0.1. */
START_TEST(questions_for_the_resolver_reach_that_of_the_host)
{
    struct sockaddr_in address = loopback(53);
    char question[16], name[] = "/tmp/resolv.conf.XXXXXX";
    int fd, file;

    if (!own_network_enter())
        return;
    file = mkstemp(name);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, "nameserver 127.0.0.1\n", 21), 21);
    close_fd(&file);
    if (unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(name, "/etc/resolv.conf", NULL, MS_BIND, NULL) != 0) {
        skip_test("a resolv.conf of its own: %s", strerror(errno));
        (void)unlink(name);
        return;
    }
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    start();
    raw_guest_send_udp(&guest, &raw_resolver_v4, 5000, 53, "question", 8);
    ck_assert_int_eq(recv(fd, question, sizeof(question), 0), 8);
    port_bed_close(&bed);
    close_fd(&fd);
    (void)umount("/etc/resolv.conf");
    (void)unlink(name);
}
END_TEST

START_TEST(forwarded_datagram_reaches_the_guest)
{
    static const char *const forwards[] = {"udp:0:53"};
    struct sockaddr_in address;
    struct raw_packet packet;
    uint16_t port;
    int fd = host_socket(SOCK_DGRAM, &port);

    start_with(forwards, 1, false, 1500);
    address = loopback(forwarded(0));
    ck_assert_int_eq(
        sendto(fd, "hi", 2, 0, (struct sockaddr *)&address, sizeof(address)),
        2);
    ck_assert(raw_guest_receive(&guest, &packet, IPPROTO_UDP, TIMEOUT_MS));
    ck_assert_uint_eq(packet.destination_port, 53);
    ck_assert_mem_eq(packet.destination.bytes, raw_guest_v4.bytes, 4);
    port_bed_close(&bed);
    close_fd(&fd);
}
END_TEST

/* ---- TCP ---- */

/* What comes in goes back, `total` bytes of it. */
static void echo_in_guest(size_t total)
{
    size_t done = 0;

    while (done < total) {
        ssize_t size = raw_guest_read(&guest, echo + done, sizeof(echo) - done,
                                      TIMEOUT_MS);

        ck_assert_int_gt(size, 0);
        raw_guest_send_tcp(&guest, RAW_TCP_ACK | RAW_TCP_PSH, echo + done,
                           (size_t)size);
        done += (size_t)size;
    }
}

START_TEST(forwarded_connection_is_served_by_the_guest)
{
    static const char *const forwards[] = {"tcp:127.0.0.1:0:22", "tcp:0:80"};
    uint8_t back[20000];
    int fd;

    start_with(forwards, 2, false, 1500);
    ck_assert_uint_ne(forwarded(0), 0);
    ck_assert_uint_ne(forwarded(0), forwarded(1));
    guest.leaves_checksums = true;
    fd = connect_to(forwarded(0));
    raw_guest_accept(&guest);
    ck_assert_uint_eq(guest.port, 22);
    ck_assert_int_eq(send(fd, data, sizeof(back), 0), sizeof(back));
    echo_in_guest(sizeof(back));
    read_all(fd, back, sizeof(back));
    ck_assert_mem_eq(back, data, sizeof(back));
    close_fd(&fd);
    ck_assert_int_eq(raw_guest_read(&guest, echo, sizeof(echo), TIMEOUT_MS), 0);
    port_bed_close(&bed);
}
END_TEST

START_TEST(forward_of_ipv6_leads_to_the_guests_ipv6)
{
    static const char *const forwards[] = {"tcp:[::1]:0:22"};
    /* How libslirp learns the guest's address: from its own question. */
    uint8_t solicit[32] = {135, [8] = 0xfe, 0xc0, [23] = 2, 1, 1};
    struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct raw_packet packet;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        skip_test("this host has no IPv6");
        return;
    }
    start_with(forwards, 1, false, 1500);
    memcpy(solicit + 26, raw_guest_mac, 6);
    raw_guest_send_ip(&guest, &raw_guest_v6, &raw_gateway_v6, IPPROTO_ICMPV6,
                      solicit, sizeof(solicit));
    ck_assert(raw_guest_receive(&guest, &packet, IPPROTO_ICMPV6, TIMEOUT_MS));
    ck_assert_uint_eq(packet.payload[0], 136);
    address.sin6_port = htons(forwarded(0));
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    raw_guest_accept(&guest);
    ck_assert(guest.address.is_ipv6);
    ck_assert_mem_eq(guest.address.bytes, raw_guest_v6.bytes, 16);
    port_bed_close(&bed);
    close_fd(&fd);
}
END_TEST

START_TEST(unsegmented_frame_of_60_kilobytes_arrives_whole)
{
    uint8_t *back = malloc(240000);
    uint16_t port;
    int listener = host_socket(SOCK_STREAM, &port), fd;

    ck_assert_ptr_nonnull(back);
    start();
    ck_assert(bed.port->send_offloads & FRAME_OFFLOAD_TSO4);
    guest.leaves_checksums = true;
    raw_guest_connect(&guest, &raw_gateway_v4, port);
    fd = accept_from(listener);
    for (size_t at = 0; at < 240000; at += 60000) {
        raw_guest_send_tcp(&guest, RAW_TCP_ACK | RAW_TCP_PSH, data + at, 60000);
        read_all(fd, back + at, 60000);
    }
    ck_assert_mem_eq(back, data, 240000);
    port_bed_close(&bed);
    close_fd(&fd);
    close_fd(&listener);
    free(back);
}
END_TEST

START_TEST(large_mtu_brings_large_frames)
{
    size_t largest = 0;
    uint16_t port;
    int listener = host_socket(SOCK_STREAM, &port), fd;

    start_with(NULL, 0, false, SLIRP_PORT_MAX_MTU);
    guest.mss = SLIRP_PORT_MAX_MTU - 40;
    raw_guest_connect(&guest, &raw_gateway_v4, port);
    fd = accept_from(listener);
    ck_assert_int_ge(send(fd, data, 200000, 0), 65536);
    for (size_t done = 0; done < 65536;) {
        ssize_t size = raw_guest_read(&guest, echo, sizeof(echo), TIMEOUT_MS);

        ck_assert_int_gt(size, 0);
        ck_assert_mem_eq(echo, data + done, (size_t)size);
        done += (size_t)size;
        largest = (size_t)size > largest ? (size_t)size : largest;
    }
    ck_assert_uint_gt(largest, 9000);
    port_bed_close(&bed);
    close_fd(&fd);
    close_fd(&listener);
}
END_TEST

/* ---- A guest without room ---- */

/* Offers data[] from `sent` on; returns how much is sent now. */
static size_t offer(int fd, size_t sent)
{
    ssize_t size = 0;

    if (sent < sizeof(data))
        size = send(fd, data + sent, sizeof(data) - sent, 0);
    return sent + (size > 0 ? (size_t)size : 0);
}

/* Looks at what has been received, of data[] from `done` on: in order and
 * complete, as nothing was lost or sent again. Returns how much is done. */
static size_t take_in_order(size_t done)
{
    while (bed.next < bed.num_frames) {
        uint32_t expected = guest.expected;
        ssize_t size = raw_guest_read(&guest, echo, sizeof(echo), 0);

        if (size <= 0)
            break;
        ck_assert_uint_eq(guest.expected, expected + (uint32_t)size);
        ck_assert_mem_eq(echo, data + done, (size_t)size);
        done += (size_t)size;
    }
    return done;
}

START_TEST(download_waits_for_a_slow_guest_and_loses_nothing)
{
    size_t done = 0, sent = 0;
    uint16_t port;
    int listener = host_socket(SOCK_STREAM, &port), fd;

    start();
    raw_guest_connect(&guest, &raw_gateway_v4, port);
    fd = accept_from(listener);
    for (unsigned round = 0; done < sizeof(data); round++) {
        unsigned frames;

        ck_assert_uint_lt(round, 100000);
        sent = offer(fd, sent);
        /* Two frames at a time, and now and then a while none. */
        port_bed_make_room(&bed, 2);
        (void)loop_serve_ready(&bed.loop);
        bed.room = 0;
        frames = bed.num_frames;
        if (round % 64 == 0)
            port_bed_serve(&bed, 5);
        ck_assert_uint_eq(bed.num_frames, frames);
        done = take_in_order(done);
    }
    ck_assert_uint_gt(bed.refused, 100);
    port_bed_close(&bed);
    close_fd(&fd);
    close_fd(&listener);
}
END_TEST

START_TEST(loop_sleeps_while_the_guest_has_no_room)
{
    uint16_t port;
    int listener = host_socket(SOCK_STREAM, &port), fd;
    unsigned steps;

    start();
    raw_guest_connect(&guest, &raw_gateway_v4, port);
    fd = accept_from(listener);
    bed.room = 0;
    ck_assert_int_gt(send(fd, data, sizeof(data), 0), 0);
    port_bed_serve(&bed, QUIET_MS);
    ck_assert_uint_gt(bed.refused, 0);
    /* More data, and then the end of it. */
    (void)send(fd, data, sizeof(data), 0);
    close_fd(&fd);
    steps = loop_serve_ready(&bed.loop);
    ck_assert_uint_lt(steps, LOOP_STEPS_MAX);
    ck_assert_uint_le(loop_serve_ready(&bed.loop), 1);
    port_bed_close(&bed);
    close_fd(&listener);
}
END_TEST

/* ---- Offloads, limits and errors ---- */

START_TEST(checksums_are_vouched_for_where_the_guest_allows_it)
{
    const struct port_bed_frame *frame;

    start();
    raw_guest_send_arp(&guest, 1, raw_gateway_v4.bytes);
    frame = port_bed_next(&bed, TIMEOUT_MS);
    ck_assert_ptr_nonnull(frame);
    ck_assert_uint_eq(frame->header.flags, 0);
    bed.port->ops->set_offloads(bed.port, FRAME_OFFLOAD_CHECKSUM);
    raw_guest_send_arp(&guest, 1, raw_gateway_v4.bytes);
    frame = port_bed_next(&bed, TIMEOUT_MS);
    ck_assert_ptr_nonnull(frame);
    ck_assert_uint_eq(frame->header.flags, VIRTIO_NET_HDR_F_DATA_VALID);
    ck_assert_uint_ge(bed.bursts, 2);
    port_bed_close(&bed);
}
END_TEST

START_TEST(restricted_guest_reaches_no_socket_but_is_reached)
{
    static const char *const forwards[] = {"tcp:0:22"};
    uint16_t port;
    int fd = host_socket(SOCK_DGRAM, &port), client;
    char text[16];

    start_with(forwards, 1, true, 1500);
    raw_guest_send_udp(&guest, &raw_gateway_v4, 5000, port, "out", 3);
    port_bed_serve(&bed, QUIET_MS);
    ck_assert_int_lt(recv(fd, text, sizeof(text), 0), 0);
    client = connect_to(forwarded(0));
    raw_guest_accept(&guest);
    ck_assert_int_eq(send(client, "in", 2, 0), 2);
    ck_assert_int_eq(raw_guest_read(&guest, text, sizeof(text), TIMEOUT_MS), 2);
    port_bed_close(&bed);
    close_fd(&client);
    close_fd(&fd);
}
END_TEST

START_TEST(host_port_that_is_taken_is_named)
{
    struct log_capture capture;
    struct slirp_forward forward = {.host.v4.s_addr = htonl(INADDR_LOOPBACK),
                                    .guest_port = 22};
    struct slirp_port_options options = {
        .name = "net0", .forwards = &forward, .num_forwards = 1};
    struct frame_port *port;
    int fd = host_socket(SOCK_STREAM, &forward.host_port);

    ck_assert_int_eq(slirp_port_open(&options, &port), 0);
    log_capture_start(&capture);
    ck_assert_int_eq(port_bed_start(&bed, port, 1500), -EADDRINUSE);
    log_capture_stop();
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_ptr_nonnull(
        strstr(capture.last, "net0: forwarding tcp 127.0.0.1"));
    ck_assert_ptr_nonnull(strstr(capture.last, "-> :22"));
    port_bed_close(&bed);
    close_fd(&fd);
}
END_TEST

START_TEST(mtu_that_libslirp_cannot_carry_is_refused)
{
    struct slirp_port_options options = {.name = "net0"};
    struct log_capture capture;
    struct frame_port *port;

    ck_assert_int_eq(slirp_port_open(&options, &port), 0);
    ck_assert_uint_eq(port->max_mtu, SLIRP_PORT_MAX_MTU);
    log_capture_start(&capture);
    ck_assert_int_eq(port_bed_start(&bed, port, 65535), -EINVAL);
    log_capture_stop();
    ck_assert_uint_eq(capture.lines, 1);
    port_bed_close(&bed);
}
END_TEST

START_TEST(hostile_frames_are_dropped)
{
    static uint8_t frame[FRAME_PORT_MAX_SIZE + 1];
    struct virtio_net_hdr header = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                    .csum_start = 0xffff,
                                    .csum_offset = 0xffff};

    start();
    memset(frame, 0xff, sizeof(frame));
    port_bed_send(&bed, &header, frame, 60);
    port_bed_send(&bed, NULL, frame, sizeof(frame));
    port_bed_send(&bed, NULL, frame, 1);
    port_bed_send(&bed, NULL, frame, 0);
    for (size_t size = 14; size < 100; size++) {
        frame[12] = 0x08;
        frame[13] = 0x00;
        frame[14] = 0x45;
        port_bed_send(&bed, NULL, frame, size);
        frame[12] = 0x86;
        frame[13] = 0xdd;
        frame[14] = 0x60;
        port_bed_send(&bed, NULL, frame, size);
    }
    raw_guest_send_arp(&guest, 1, raw_gateway_v4.bytes);
    ck_assert_ptr_nonnull(port_bed_next(&bed, TIMEOUT_MS));
    port_bed_close(&bed);
}
END_TEST

START_TEST(closing_leaves_no_descriptor_behind)
{
    static const char *const forwards[] = {"tcp:0:22", "udp:0:53"};
    unsigned before;
    int client;

    /* Once for what libslirp and GLib keep. */
    start();
    port_bed_close(&bed);
    before = count_open_fds();
    start_with(forwards, 2, false, 1500);
    client = connect_to(forwarded(0));
    raw_guest_accept(&guest);
    raw_guest_send_udp(&guest, &raw_gateway_v4, 1, 9, "x", 1);
    port_bed_close(&bed);
    close_fd(&client);
    ck_assert_uint_eq(count_open_fds(), before);
}
END_TEST

START_TEST(absent_libslirp_is_refused_with_a_remedy)
{
    const struct slirp_port_options options = {.name = "net0"};
    struct log_capture capture;
    struct frame_port *port;

    log_capture_start(&capture);
    ck_assert_int_ne(slirp_port_open(&options, &port), 0);
    log_capture_stop();
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_ptr_nonnull(strstr(capture.last, "install libslirp"));
    skip_test("%s", capture.last);
}
END_TEST

static bool has_libslirp(void)
{
    const struct slirp_port_options options = {.name = "net0"};
    struct log_capture capture;
    struct frame_port *port;
    int error;

    log_capture_start(&capture);
    error = slirp_port_open(&options, &port);
    log_capture_stop();
    if (!error)
        port->ops->close(port);
    return error == 0;
}

static void add_tests(TCase *tcase)
{
    if (!has_libslirp()) {
        tcase_add_test(tcase, absent_libslirp_is_refused_with_a_remedy);
        return;
    }
    tcase_add_test(tcase, dhcp_gives_the_guest_its_address_router_and_resolver);
    tcase_add_test(tcase, gateway_answers_arp_and_ping);
    tcase_add_test(tcase, router_advertises_the_prefix);
    tcase_add_test(tcase, datagrams_reach_the_host_and_are_answered);
    tcase_add_test(tcase, idle_network_wakes_nobody);
    tcase_add_test(tcase, questions_for_the_resolver_reach_that_of_the_host);
    tcase_add_test(tcase, forwarded_datagram_reaches_the_guest);
    tcase_add_test(tcase, forwarded_connection_is_served_by_the_guest);
    tcase_add_test(tcase, forward_of_ipv6_leads_to_the_guests_ipv6);
    tcase_add_test(tcase, unsegmented_frame_of_60_kilobytes_arrives_whole);
    tcase_add_test(tcase, large_mtu_brings_large_frames);
    tcase_add_test(tcase, download_waits_for_a_slow_guest_and_loses_nothing);
    tcase_add_test(tcase, loop_sleeps_while_the_guest_has_no_room);
    tcase_add_test(tcase, checksums_are_vouched_for_where_the_guest_allows_it);
    tcase_add_test(tcase, restricted_guest_reaches_no_socket_but_is_reached);
    tcase_add_test(tcase, host_port_that_is_taken_is_named);
    tcase_add_test(tcase, mtu_that_libslirp_cannot_carry_is_refused);
    tcase_add_test(tcase, hostile_frames_are_dropped);
    tcase_add_test(tcase, closing_leaves_no_descriptor_behind);
}

int main(void)
{
    return check_main("slirp_port", add_tests);
}
