/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_slirp_port_tcp.c: connections through a user-mode network, spoken to
 * in hand-made frames.
 */
#include "tests/support/check_main.h"
#include "tests/support/loop_steps.h"
#include "tests/support/slirp_bed.h"
#include "vmm/fd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct slirp_bed bed;

/* ---- TCP ---- */

/* What comes in goes back, `total` bytes of it. */
static void echo_in_guest(size_t total)
{
    size_t done = 0;

    while (done < total) {
        ssize_t size =
            raw_guest_read(&bed.guest, bed.echo + done, sizeof(bed.echo) - done,
                           SLIRP_BED_TIMEOUT_MS);

        ck_assert_int_gt(size, 0);
        raw_guest_send_tcp(&bed.guest, RAW_TCP_ACK | RAW_TCP_PSH,
                           bed.echo + done, (size_t)size);
        done += (size_t)size;
    }
}

START_TEST(forwarded_connection_is_served_by_the_guest)
{
    static const char *const forwards[] = {"tcp:127.0.0.1:0:22", "tcp:0:80"};
    uint8_t back[20000];
    int fd;

    slirp_bed_start_with(&bed, forwards, 2, false, 1500);
    ck_assert_uint_ne(slirp_bed_forwarded(&bed, 0), 0);
    ck_assert_uint_ne(slirp_bed_forwarded(&bed, 0),
                      slirp_bed_forwarded(&bed, 1));
    bed.guest.leaves_checksums = true;
    fd = slirp_bed_connect_to(slirp_bed_forwarded(&bed, 0));
    raw_guest_accept(&bed.guest);
    ck_assert_uint_eq(bed.guest.port, 22);
    ck_assert_int_eq(send(fd, bed.data, sizeof(back), 0), sizeof(back));
    echo_in_guest(sizeof(back));
    slirp_bed_read_all(&bed, fd, back, sizeof(back));
    ck_assert_mem_eq(back, bed.data, sizeof(back));
    close_fd(&fd);
    ck_assert_int_eq(raw_guest_read(&bed.guest, bed.echo, sizeof(bed.echo),
                                    SLIRP_BED_TIMEOUT_MS),
                     0);
    port_bed_close(&bed.port);
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
    slirp_bed_start_with(&bed, forwards, 1, false, 1500);
    memcpy(solicit + 26, raw_guest_mac, 6);
    raw_guest_send_ip(&bed.guest, &raw_guest_v6, &raw_gateway_v6,
                      IPPROTO_ICMPV6, solicit, sizeof(solicit));
    ck_assert(raw_guest_receive(&bed.guest, &packet, IPPROTO_ICMPV6,
                                SLIRP_BED_TIMEOUT_MS));
    ck_assert_uint_eq(packet.payload[0], 136);
    address.sin6_port = htons(slirp_bed_forwarded(&bed, 0));
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    raw_guest_accept(&bed.guest);
    ck_assert(bed.guest.address.is_ipv6);
    ck_assert_mem_eq(bed.guest.address.bytes, raw_guest_v6.bytes, 16);
    port_bed_close(&bed.port);
    close_fd(&fd);
}
END_TEST

START_TEST(unsegmented_frame_of_60_kilobytes_arrives_whole)
{
    uint8_t *back = malloc(240000);
    uint16_t port;
    int listener = slirp_bed_host_socket(SOCK_STREAM, &port), fd;

    ck_assert_ptr_nonnull(back);
    slirp_bed_start(&bed);
    ck_assert(bed.port.port->send_offloads & FRAME_OFFLOAD_TSO4);
    bed.guest.leaves_checksums = true;
    raw_guest_connect(&bed.guest, &raw_gateway_v4, port);
    fd = slirp_bed_accept_from(&bed, listener);
    for (size_t at = 0; at < 240000; at += 60000) {
        raw_guest_send_tcp(&bed.guest, RAW_TCP_ACK | RAW_TCP_PSH, bed.data + at,
                           60000);
        slirp_bed_read_all(&bed, fd, back + at, 60000);
    }
    ck_assert_mem_eq(back, bed.data, 240000);
    port_bed_close(&bed.port);
    close_fd(&fd);
    close_fd(&listener);
    free(back);
}
END_TEST

START_TEST(large_mtu_brings_large_frames)
{
    size_t largest = 0;
    uint16_t port;
    int listener = slirp_bed_host_socket(SOCK_STREAM, &port), fd;

    slirp_bed_start_with(&bed, NULL, 0, false, SLIRP_PORT_MAX_MTU);
    bed.guest.mss = SLIRP_PORT_MAX_MTU - 40;
    raw_guest_connect(&bed.guest, &raw_gateway_v4, port);
    fd = slirp_bed_accept_from(&bed, listener);
    ck_assert_int_ge(send(fd, bed.data, 200000, 0), 65536);
    for (size_t done = 0; done < 65536;) {
        ssize_t size = raw_guest_read(&bed.guest, bed.echo, sizeof(bed.echo),
                                      SLIRP_BED_TIMEOUT_MS);

        ck_assert_int_gt(size, 0);
        ck_assert_mem_eq(bed.echo, bed.data + done, (size_t)size);
        done += (size_t)size;
        largest = (size_t)size > largest ? (size_t)size : largest;
    }
    ck_assert_uint_gt(largest, 9000);
    port_bed_close(&bed.port);
    close_fd(&fd);
    close_fd(&listener);
}
END_TEST

/* ---- A guest without room ---- */

/* Offers data[] from `sent` on; returns how much is sent now. */
static size_t offer(int fd, size_t sent)
{
    ssize_t size = 0;

    if (sent < sizeof(bed.data))
        size = send(fd, bed.data + sent, sizeof(bed.data) - sent, 0);
    return sent + (size > 0 ? (size_t)size : 0);
}

/* Looks at what has been received, of data[] from `done` on: in order and
 * complete, as nothing was lost or sent again. Returns how much is done. */
static size_t take_in_order(size_t done)
{
    while (bed.port.next < bed.port.num_frames) {
        uint32_t expected = bed.guest.expected;
        ssize_t size =
            raw_guest_read(&bed.guest, bed.echo, sizeof(bed.echo), 0);

        if (size <= 0)
            break;
        ck_assert_uint_eq(bed.guest.expected, expected + (uint32_t)size);
        ck_assert_mem_eq(bed.echo, bed.data + done, (size_t)size);
        done += (size_t)size;
    }
    return done;
}

START_TEST(download_waits_for_a_slow_guest_and_loses_nothing)
{
    size_t done = 0, sent = 0;
    uint16_t port;
    int listener = slirp_bed_host_socket(SOCK_STREAM, &port), fd;

    slirp_bed_start(&bed);
    raw_guest_connect(&bed.guest, &raw_gateway_v4, port);
    fd = slirp_bed_accept_from(&bed, listener);
    for (unsigned round = 0; done < sizeof(bed.data); round++) {
        unsigned frames;

        ck_assert_uint_lt(round, 100000);
        sent = offer(fd, sent);
        /* Two frames at a time, and now and then a while none. */
        port_bed_make_room(&bed.port, 2);
        (void)loop_serve_ready(&bed.port.loop);
        bed.port.room = 0;
        frames = bed.port.num_frames;
        if (round % 64 == 0)
            port_bed_serve(&bed.port, 5);
        ck_assert_uint_eq(bed.port.num_frames, frames);
        done = take_in_order(done);
    }
    ck_assert_uint_gt(bed.port.refused, 100);
    port_bed_close(&bed.port);
    close_fd(&fd);
    close_fd(&listener);
}
END_TEST

START_TEST(loop_sleeps_while_the_guest_has_no_room)
{
    uint16_t port;
    int listener = slirp_bed_host_socket(SOCK_STREAM, &port), fd;
    unsigned steps;

    slirp_bed_start(&bed);
    raw_guest_connect(&bed.guest, &raw_gateway_v4, port);
    fd = slirp_bed_accept_from(&bed, listener);
    bed.port.room = 0;
    ck_assert_int_gt(send(fd, bed.data, sizeof(bed.data), 0), 0);
    port_bed_serve(&bed.port, SLIRP_BED_QUIET_MS);
    ck_assert_uint_gt(bed.port.refused, 0);
    /* More data, and then the end of it. */
    (void)send(fd, bed.data, sizeof(bed.data), 0);
    close_fd(&fd);
    steps = loop_serve_ready(&bed.port.loop);
    ck_assert_uint_lt(steps, LOOP_STEPS_MAX);
    ck_assert_uint_le(loop_serve_ready(&bed.port.loop), 1);
    port_bed_close(&bed.port);
    close_fd(&listener);
}
END_TEST

/* What then is said, test_slirp_port claims. */
START_TEST(network_needs_libslirp)
{
    skip_test("network_needs_libslirp: libslirp cannot be loaded");
}
END_TEST

static void add_tests(TCase *tcase)
{
    const TTest *const claims[] = {
        forwarded_connection_is_served_by_the_guest,
        forward_of_ipv6_leads_to_the_guests_ipv6,
        unsegmented_frame_of_60_kilobytes_arrives_whole,
        large_mtu_brings_large_frames,
        download_waits_for_a_slow_guest_and_loses_nothing,
        loop_sleeps_while_the_guest_has_no_room,
    };

    if (!slirp_bed_has_libslirp()) {
        tcase_add_test(tcase, network_needs_libslirp);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
        tcase_add_test(tcase, claims[i]);
}

int main(void)
{
    return check_main("slirp_port_tcp", add_tests);
}
