/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_slirp_port.c: user-mode network, spoken to in hand-made frames.
 */
#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/open_fds.h"
#include "tests/support/own_network.h"
#include "tests/support/slirp_bed.h"
#include "vmm/fd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

static struct slirp_bed bed;

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

    slirp_bed_start(&bed);
    raw_guest_send_udp(&bed.guest, &all, 68, 67, message, size);
    ck_assert(raw_guest_receive(&bed.guest, &packet, IPPROTO_UDP,
                                SLIRP_BED_TIMEOUT_MS));
    ck_assert_uint_eq(packet.source_port, 67);
    ck_assert_mem_eq(packet.payload + 16, raw_guest_v4.bytes, 4);
    ck_assert_uint_eq(*find_option(packet.payload, packet.payload_size, 53),
                      2 /* DHCPOFFER */);
    ck_assert_mem_eq(find_option(packet.payload, packet.payload_size, 3),
                     raw_gateway_v4.bytes, 4);
    ck_assert_mem_eq(find_option(packet.payload, packet.payload_size, 6),
                     raw_resolver_v4.bytes, 4);
    port_bed_close(&bed.port);
}
END_TEST

START_TEST(gateway_answers_arp_and_ping)
{
    static const uint8_t ping[] = {8, 0, 0, 0, 1, 2, 0, 1, 'p', 'i', 'n', 'g'};
    const struct port_bed_frame *frame;
    struct raw_packet packet;

    slirp_bed_start(&bed);
    raw_guest_send_arp(&bed.guest, 1, raw_gateway_v4.bytes);
    frame = port_bed_next(&bed.port, SLIRP_BED_TIMEOUT_MS);
    ck_assert_ptr_nonnull(frame);
    ck_assert_mem_eq(frame->bytes + RAW_ETHERNET_SIZE + 14,
                     raw_gateway_v4.bytes, 4);
    raw_guest_send_ip(&bed.guest, &raw_guest_v4, &raw_gateway_v4, IPPROTO_ICMP,
                      ping, sizeof(ping));
    ck_assert(raw_guest_receive(&bed.guest, &packet, IPPROTO_ICMP,
                                SLIRP_BED_TIMEOUT_MS));
    ck_assert_uint_eq(packet.payload[0], 0 /* echo reply */);
    ck_assert_mem_eq(packet.payload + 8, "ping", 4);
    port_bed_close(&bed.port);
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

    slirp_bed_start(&bed);
    raw_guest_send_ip(&bed.guest, &raw_guest_v6, &all_routers, IPPROTO_ICMPV6,
                      solicit, sizeof(solicit));
    ck_assert(raw_guest_receive(&bed.guest, &packet, IPPROTO_ICMPV6,
                                SLIRP_BED_TIMEOUT_MS));
    ck_assert_uint_eq(packet.payload[0], 134);
    for (size_t at = 16;
         at + 8 <= packet.payload_size && packet.payload[at + 1] != 0;
         at += (size_t)packet.payload[at + 1] * 8) {
        const uint8_t *option = packet.payload + at;

        has_prefix |= option[0] == 3 && option[2] == 64 &&
                      memcmp(option + 16, prefix, sizeof(prefix)) == 0;
    }
    ck_assert(has_prefix);
    port_bed_close(&bed.port);
}
END_TEST

/* ---- UDP ---- */

START_TEST(datagrams_reach_the_host_and_are_answered)
{
    struct sockaddr_in from;
    socklen_t size = sizeof(from);
    struct raw_packet packet;
    uint16_t port;
    int fd = slirp_bed_host_socket(SOCK_DGRAM, &port);
    char text[16];

    slirp_bed_start(&bed);
    for (unsigned i = 0; i < 2; i++) {
        /* Once complete, once with the checksum left to the device. */
        bed.guest.leaves_checksums = i == 1;
        raw_guest_send_udp(&bed.guest, &raw_gateway_v4, 5000, port, "question",
                           8);
        ck_assert_int_eq(recvfrom(fd, text, sizeof(text), 0,
                                  (struct sockaddr *)&from, &size),
                         8);
        ck_assert_mem_eq(text, "question", 8);
    }
    ck_assert_int_eq(sendto(fd, "answer", 6, 0, (struct sockaddr *)&from, size),
                     6);
    ck_assert(raw_guest_receive(&bed.guest, &packet, IPPROTO_UDP,
                                SLIRP_BED_TIMEOUT_MS));
    ck_assert_uint_eq(packet.source_port, port);
    ck_assert_uint_eq(packet.destination_port, 5000);
    ck_assert_uint_eq(packet.payload_size, 6);
    ck_assert_mem_eq(packet.payload, "answer", 6);
    port_bed_close(&bed.port);
    close_fd(&fd);
}
END_TEST

START_TEST(idle_network_wakes_nobody)
{
    struct pollfd loop;

    slirp_bed_start(&bed);
    raw_guest_send_arp(&bed.guest, 1, raw_gateway_v4.bytes);
    port_bed_serve(&bed.port, SLIRP_BED_QUIET_MS);
    loop = (struct pollfd){.fd = bed.port.loop.epoll_fd, .events = POLLIN};
    ck_assert_int_eq(poll(&loop, 1, 1500), 0);
    port_bed_close(&bed.port);
}
END_TEST

/* Stands in for the host's resolver: /etc/resolv.conf names 127.0.0.1. */
START_TEST(questions_for_the_resolver_reach_that_of_the_host)
{
    struct sockaddr_in address = slirp_bed_loopback(53);
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
    slirp_bed_start(&bed);
    raw_guest_send_udp(&bed.guest, &raw_resolver_v4, 5000, 53, "question", 8);
    ck_assert_int_eq(recv(fd, question, sizeof(question), 0), 8);
    port_bed_close(&bed.port);
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
    int fd = slirp_bed_host_socket(SOCK_DGRAM, &port);

    slirp_bed_start_with(&bed, forwards, 1, false, 1500);
    address = slirp_bed_loopback(slirp_bed_forwarded(&bed, 0));
    ck_assert_int_eq(
        sendto(fd, "hi", 2, 0, (struct sockaddr *)&address, sizeof(address)),
        2);
    ck_assert(raw_guest_receive(&bed.guest, &packet, IPPROTO_UDP,
                                SLIRP_BED_TIMEOUT_MS));
    ck_assert_uint_eq(packet.destination_port, 53);
    ck_assert_mem_eq(packet.destination.bytes, raw_guest_v4.bytes, 4);
    port_bed_close(&bed.port);
    close_fd(&fd);
}
END_TEST

/* ---- Offloads, limits and errors ---- */

START_TEST(checksums_are_vouched_for_where_the_guest_allows_it)
{
    const struct port_bed_frame *frame;

    slirp_bed_start(&bed);
    raw_guest_send_arp(&bed.guest, 1, raw_gateway_v4.bytes);
    frame = port_bed_next(&bed.port, SLIRP_BED_TIMEOUT_MS);
    ck_assert_ptr_nonnull(frame);
    ck_assert_uint_eq(frame->header.flags, 0);
    bed.port.port->ops->set_offloads(bed.port.port, FRAME_OFFLOAD_CHECKSUM);
    raw_guest_send_arp(&bed.guest, 1, raw_gateway_v4.bytes);
    frame = port_bed_next(&bed.port, SLIRP_BED_TIMEOUT_MS);
    ck_assert_ptr_nonnull(frame);
    ck_assert_uint_eq(frame->header.flags, VIRTIO_NET_HDR_F_DATA_VALID);
    ck_assert_uint_ge(bed.port.bursts, 2);
    port_bed_close(&bed.port);
}
END_TEST

START_TEST(restricted_guest_reaches_no_socket_but_is_reached)
{
    static const char *const forwards[] = {"tcp:0:22"};
    uint16_t port;
    int fd = slirp_bed_host_socket(SOCK_DGRAM, &port), client;
    char text[16];

    slirp_bed_start_with(&bed, forwards, 1, true, 1500);
    raw_guest_send_udp(&bed.guest, &raw_gateway_v4, 5000, port, "out", 3);
    port_bed_serve(&bed.port, SLIRP_BED_QUIET_MS);
    ck_assert_int_lt(recv(fd, text, sizeof(text), 0), 0);
    client = slirp_bed_connect_to(slirp_bed_forwarded(&bed, 0));
    raw_guest_accept(&bed.guest);
    ck_assert_int_eq(send(client, "in", 2, 0), 2);
    ck_assert_int_eq(
        raw_guest_read(&bed.guest, text, sizeof(text), SLIRP_BED_TIMEOUT_MS),
        2);
    port_bed_close(&bed.port);
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
    int fd = slirp_bed_host_socket(SOCK_STREAM, &forward.host_port);

    ck_assert_int_eq(slirp_port_open(&options, &port), 0);
    log_capture_start(&capture);
    ck_assert_int_eq(port_bed_start(&bed.port, port, 1500), -EADDRINUSE);
    log_capture_stop();
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_ptr_nonnull(
        strstr(capture.last, "net0: forwarding tcp 127.0.0.1"));
    ck_assert_ptr_nonnull(strstr(capture.last, "-> :22"));
    port_bed_close(&bed.port);
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
    ck_assert_int_eq(port_bed_start(&bed.port, port, 65535), -EINVAL);
    log_capture_stop();
    ck_assert_uint_eq(capture.lines, 1);
    port_bed_close(&bed.port);
}
END_TEST

START_TEST(hostile_frames_are_dropped)
{
    static uint8_t frame[FRAME_PORT_MAX_SIZE + 1];
    struct virtio_net_hdr header = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                    .csum_start = 0xffff,
                                    .csum_offset = 0xffff};

    slirp_bed_start(&bed);
    memset(frame, 0xff, sizeof(frame));
    port_bed_send(&bed.port, &header, frame, 60);
    port_bed_send(&bed.port, NULL, frame, sizeof(frame));
    port_bed_send(&bed.port, NULL, frame, 1);
    port_bed_send(&bed.port, NULL, frame, 0);
    for (size_t size = 14; size < 100; size++) {
        frame[12] = 0x08;
        frame[13] = 0x00;
        frame[14] = 0x45;
        port_bed_send(&bed.port, NULL, frame, size);
        frame[12] = 0x86;
        frame[13] = 0xdd;
        frame[14] = 0x60;
        port_bed_send(&bed.port, NULL, frame, size);
    }
    raw_guest_send_arp(&bed.guest, 1, raw_gateway_v4.bytes);
    ck_assert_ptr_nonnull(port_bed_next(&bed.port, SLIRP_BED_TIMEOUT_MS));
    port_bed_close(&bed.port);
}
END_TEST

START_TEST(closing_leaves_no_descriptor_behind)
{
    static const char *const forwards[] = {"tcp:0:22", "udp:0:53"};
    unsigned before;
    int client;

    /* Once for what libslirp and GLib keep. */
    slirp_bed_start(&bed);
    port_bed_close(&bed.port);
    before = count_open_fds();
    slirp_bed_start_with(&bed, forwards, 2, false, 1500);
    client = slirp_bed_connect_to(slirp_bed_forwarded(&bed, 0));
    raw_guest_accept(&bed.guest);
    raw_guest_send_udp(&bed.guest, &raw_gateway_v4, 1, 9, "x", 1);
    port_bed_close(&bed.port);
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

static void add_tests(TCase *tcase)
{
    const TTest *const claims[] = {
        dhcp_gives_the_guest_its_address_router_and_resolver,
        gateway_answers_arp_and_ping,
        router_advertises_the_prefix,
        datagrams_reach_the_host_and_are_answered,
        idle_network_wakes_nobody,
        questions_for_the_resolver_reach_that_of_the_host,
        forwarded_datagram_reaches_the_guest,
        checksums_are_vouched_for_where_the_guest_allows_it,
        restricted_guest_reaches_no_socket_but_is_reached,
        host_port_that_is_taken_is_named,
        mtu_that_libslirp_cannot_carry_is_refused,
        hostile_frames_are_dropped,
        closing_leaves_no_descriptor_behind,
    };

    if (!slirp_bed_has_libslirp()) {
        tcase_add_test(tcase, absent_libslirp_is_refused_with_a_remedy);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        tcase_add_test(tcase, claims[i]);
}

int main(void)
{
    return check_main("slirp_port", add_tests);
}
