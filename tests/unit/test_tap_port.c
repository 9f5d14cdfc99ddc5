/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_tap_port.c: a tap interface in a network of its own, with the kernel at
 * the other end. Needs root; skipped without.
 */
#include "vdpa/tap_port.h"

#include "tests/support/check_main.h"
#include "tests/support/log_capture.h"
#include "tests/support/open_fds.h"
#include "tests/support/own_network.h"
#include "tests/support/port_bed.h"
#include "vmm/fd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define TIMEOUT_MS 5000
#define ETHERTYPE  0x88b5 /* for experiments (IEEE 802) */
#define HOST       0x0a090001U
#define GUEST      0x0a090002U

static struct port_bed bed;
static struct log_capture capture;
static const uint8_t guest_mac[6] = {0x52, 0x54, 0, 1, 2, 3};

/* ---- The host's end ---- */

static int query_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    return fd;
}

static struct ifreq ask(unsigned long call, struct ifreq request)
{
    int fd = query_socket();

    ck_assert_int_eq(ioctl(fd, call, &request), 0);
    close_fd(&fd);
    return request;
}

static struct ifreq named(const char *name)
{
    struct ifreq request = {.ifr_flags = 0};

    (void)snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
    return request;
}

static void set_up(const char *name, bool up)
{
    struct ifreq request = ask(SIOCGIFFLAGS, named(name));

    request.ifr_flags =
        (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    (void)ask(SIOCSIFFLAGS, request);
}

/* An interface as "ip tuntap add" makes it; returns a descriptor of it. */
static int make_interface(const char *name, int flags, bool persist)
{
    struct ifreq request = named(name);
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

    ck_assert_int_ge(fd, 0);
    request.ifr_flags = (short)flags;
    ck_assert_int_eq(ioctl(fd, TUNSETIFF, &request), 0);
    ck_assert_int_eq(ioctl(fd, TUNSETPERSIST, persist), 0);
    return fd;
}

static void make_persistent(const char *name, int flags)
{
    int fd = make_interface(name, flags, true);

    close_fd(&fd);
}

/* As "ip link del". */
static void remove_interface(const char *name)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg info;
    } request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = RTM_DELLINK,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
        .info = {.ifi_index = (int)if_nametoindex(name)},
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(send(fd, &request, sizeof(request), 0), sizeof(request));
    close_fd(&fd);
    ck_assert_uint_eq(if_nametoindex(name), 0);
}

static int packet_socket(const char *name)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(ETHERTYPE),
                                  .sll_ifindex = (int)if_nametoindex(name)};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    htons(ETHERTYPE));

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static size_t put_frame(uint8_t *frame, size_t size)
{
    memset(frame, 0xff, 6);
    memcpy(frame + 6, guest_mac, 6);
    frame[12] = ETHERTYPE >> 8;
    frame[13] = ETHERTYPE & 0xff;
    for (size_t i = 14; i < size; i++)
        frame[i] = (uint8_t)(i * 3);
    return size;
}

/* The next frame of ours: not one that the kernel sends by itself. */
static const struct port_bed_frame *next_frame(unsigned ethertype)
{
    const struct port_bed_frame *frame;

    do
        frame = port_bed_next(&bed, TIMEOUT_MS);
    while (frame &&
           (frame->bytes[12] << 8 | frame->bytes[13]) != (int)ethertype);
    return frame;
}

/* Sends a datagram to the guest through the kernel's IP stack. */
static void send_datagram(const char *name, const char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(HOST)};
    struct arpreq neighbour = {.arp_flags = ATF_PERM | ATF_COM};
    struct ifreq request = named(name);
    int fd = query_socket();

    memcpy(&request.ifr_addr, &address, sizeof(address));
    (void)ask(SIOCSIFADDR, request);
    address.sin_addr.s_addr = htonl(GUEST);
    memcpy(&neighbour.arp_pa, &address, sizeof(address));
    neighbour.arp_ha.sa_family = ARPHRD_ETHER;
    memcpy(neighbour.arp_ha.sa_data, guest_mac, 6);
    (void)snprintf(neighbour.arp_dev, sizeof(neighbour.arp_dev), "%s", name);
    ck_assert_int_eq(ioctl(fd, SIOCSARP, &neighbour), 0);
    address.sin_port = htons(9);
    ck_assert_int_eq(sendto(fd, text, strlen(text), 0,
                            (struct sockaddr *)&address, sizeof(address)),
                     (ssize_t)strlen(text));
    close_fd(&fd);
}

/* ---- The port ---- */

static int open_port(const char *interface, bool create, int fd,
                     struct frame_port **port)
{
    const struct tap_port_options options = {
        .name = "net0", .interface = interface, .create = create, .fd = fd};
    int error;

    log_capture_start(&capture);
    error = tap_port_open(&options, port);
    log_capture_stop();
    return error;
}

static void start(const char *interface, bool create)
{
    struct frame_port *port;

    ck_assert_int_eq(open_port(interface, create, -1, &port), 0);
    ck_assert_int_eq(port_bed_start(&bed, port, 1500), 0);
}

/* Every test needs the device and a network of its own. */
static bool can_run(void)
{
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        skip_test("/dev/net/tun: %s", strerror(errno));
        return false;
    }
    close_fd(&fd);
    return own_network_enter();
}

START_TEST(created_interface_is_up_with_the_guests_mtu_and_goes_away)
{
    struct frame_port *port;

    if (!can_run())
        return;
    ck_assert_int_eq(open_port("tap7", true, -1, &port), 0);
    ck_assert_int_eq(port_bed_start(&bed, port, 1400), 0);
    ck_assert(port->link_is_up);
    ck_assert_int_eq(ask(SIOCGIFMTU, named("tap7")).ifr_mtu, 1400);
    ck_assert(ask(SIOCGIFFLAGS, named("tap7")).ifr_flags & IFF_UP);
    port_bed_close(&bed);
    ck_assert_uint_eq(if_nametoindex("tap7"), 0);
}
END_TEST

START_TEST(frames_go_both_ways)
{
    uint8_t frame[200], back[200];
    const struct port_bed_frame *received;
    int fd;

    if (!can_run())
        return;
    start("tap0", true);
    fd = packet_socket("tap0");
    port_bed_send(&bed, NULL, frame, put_frame(frame, sizeof(frame)));
    ck_assert_int_eq(recv(fd, back, sizeof(back), 0), sizeof(frame));
    ck_assert_mem_eq(back, frame, sizeof(frame));

    ck_assert_int_eq(send(fd, frame, sizeof(frame), 0), sizeof(frame));
    received = next_frame(ETHERTYPE);
    ck_assert_ptr_nonnull(received);
    ck_assert_uint_eq(received->size, sizeof(frame));
    ck_assert_mem_eq(received->bytes, frame, sizeof(frame));
    ck_assert_uint_ge(bed.bursts, 1);
    close_fd(&fd);
    port_bed_close(&bed);
}
END_TEST

START_TEST(checksum_is_left_open_only_for_a_guest_that_takes_it)
{
    const struct port_bed_frame *frame;

    if (!can_run())
        return;
    start("tap0", true);
    send_datagram("tap0", "complete");
    frame = next_frame(ETH_P_IP);
    ck_assert_ptr_nonnull(frame);
    ck_assert_uint_eq(frame->header.flags, 0);
    bed.port->ops->set_offloads(bed.port, FRAME_OFFLOAD_CHECKSUM);
    send_datagram("tap0", "partial");
    frame = next_frame(ETH_P_IP);
    ck_assert_ptr_nonnull(frame);
    ck_assert_uint_eq(frame->header.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
    ck_assert_uint_eq(frame->header.csum_start, 34);
    ck_assert_uint_eq(frame->header.csum_offset, 6);
    port_bed_close(&bed);
}
END_TEST

START_TEST(frame_queued_for_an_earlier_driver_fits_the_next)
{
    const struct port_bed_frame *frame;

    if (!can_run())
        return;
    start("tap0", true);
    bed.port->ops->set_offloads(bed.port, FRAME_OFFLOAD_CHECKSUM);
    send_datagram("tap0", "partial");
    /* The next driver takes none. */
    bed.port->ops->set_offloads(bed.port, 0);
    frame = next_frame(ETH_P_IP);
    ck_assert_ptr_nonnull(frame);
    ck_assert_uint_eq(frame->header.flags, 0);
    ck_assert_uint_eq(frame->header.csum_start, 0);
    port_bed_close(&bed);
}
END_TEST

START_TEST(offloads_without_what_they_depend_on_are_no_error)
{
    if (!can_run())
        return;
    start("tap0", true);
    log_capture_start(&capture);
    for (unsigned offloads = 0; offloads < 32; offloads++)
        bed.port->ops->set_offloads(bed.port, offloads);
    log_capture_stop();
    ck_assert_uint_eq(capture.lines, 0);
    port_bed_close(&bed);
}
END_TEST

START_TEST(frames_wait_for_a_guest_without_room)
{
    uint8_t frame[60];
    const struct port_bed_frame *received;
    unsigned seen = 0;
    int fd;

    if (!can_run())
        return;
    start("tap0", true);
    port_bed_serve(&bed, 50);
    fd = packet_socket("tap0");
    bed.room = 0;
    for (unsigned i = 0; i < 20; i++) {
        (void)put_frame(frame, sizeof(frame));
        frame[14] = (uint8_t)i;
        ck_assert_int_eq(send(fd, frame, sizeof(frame), 0), sizeof(frame));
    }
    port_bed_serve(&bed, 50);
    ck_assert_uint_eq(bed.refused, 1);
    port_bed_make_room(&bed, 100);
    while (seen < 20) {
        received = next_frame(ETHERTYPE);
        ck_assert_ptr_nonnull(received);
        ck_assert_uint_eq(received->bytes[14], seen);
        seen++;
    }
    close_fd(&fd);
    port_bed_close(&bed);
}
END_TEST

START_TEST(link_follows_the_interface)
{
    if (!can_run())
        return;
    make_persistent("tap0", IFF_TAP | IFF_NO_PI);
    start("tap0", false);
    ck_assert(!bed.port->link_is_up);
    set_up("tap0", true);
    port_bed_serve(&bed, 50);
    ck_assert_uint_eq(bed.link_changes, 1);
    ck_assert(bed.is_up);
    set_up("tap0", false);
    port_bed_serve(&bed, 50);
    ck_assert_uint_eq(bed.link_changes, 2);
    ck_assert(!bed.is_up);
    port_bed_close(&bed);
    ck_assert_uint_ne(if_nametoindex("tap0"), 0);
}
END_TEST

START_TEST(interface_that_is_removed_takes_the_link_down)
{
    uint8_t frame[60];

    if (!can_run())
        return;
    start("tap0", true);
    ck_assert(bed.port->link_is_up);
    log_capture_start(&capture);
    remove_interface("tap0");
    port_bed_serve(&bed, 100);
    ck_assert(!bed.is_up);
    ck_assert_uint_eq(bed.link_changes, 1);
    ck_assert_uint_eq(capture.lines, 1);
    port_bed_send(&bed, NULL, frame, put_frame(frame, sizeof(frame)));
    log_capture_stop();
    port_bed_close(&bed);
}
END_TEST

START_TEST(interface_with_several_queues_serves)
{
    if (!can_run())
        return;
    make_persistent("tap0", IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE);
    start("tap0", false);
    port_bed_close(&bed);
}
END_TEST

START_TEST(frames_to_be_segmented_pass_whole)
{
    static uint8_t frame[30000], back[30000];
    const struct virtio_net_hdr header = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                          .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
                                          .gso_size = 1448,
                                          .hdr_len = 54,
                                          .csum_start = 34,
                                          .csum_offset = 16};
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(ETH_P_IP)};
    int fd;

    if (!can_run())
        return;
    start("tap0", true);
    fd = packet_socket("tap0");
    address.sll_ifindex = (int)if_nametoindex("tap0");
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    (void)put_frame(frame, sizeof(frame));
    frame[12] = 0x08;
    frame[13] = 0x00;
    frame[14] = 0x45;
    frame[16] = (sizeof(frame) - 14) >> 8;
    frame[17] = (sizeof(frame) - 14) & 0xff;
    frame[23] = 6;
    frame[46] = 0x50;
    port_bed_send(&bed, &header, frame, sizeof(frame));
    ck_assert_int_eq(recv(fd, back, sizeof(back), 0), sizeof(frame));
    close_fd(&fd);
    port_bed_close(&bed);
}
END_TEST

START_TEST(open_descriptor_is_taken_over)
{
    uint8_t frame[60], back[60];
    struct frame_port *port;
    int fd, packet;

    if (!can_run())
        return;
    fd = make_interface("tap0", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, false);
    set_up("tap0", true);
    ck_assert_int_eq(open_port(NULL, false, fd, &port), 0);
    ck_assert(port->link_is_up);
    ck_assert_int_eq(port_bed_start(&bed, port, 1500), 0);
    packet = packet_socket("tap0");
    port_bed_send(&bed, NULL, frame, put_frame(frame, sizeof(frame)));
    ck_assert_int_eq(recv(packet, back, sizeof(back), 0), sizeof(frame));
    close_fd(&packet);
    port_bed_close(&bed);
    ck_assert_uint_eq(if_nametoindex("tap0"), 0);
}
END_TEST

/* ---- Errors ---- */

static void assert_refused(const char *interface, bool create, int fd,
                           int error, const char *text)
{
    struct frame_port *port = NULL;
    unsigned before = count_open_fds();

    ck_assert_int_eq(open_port(interface, create, fd, &port), error);
    ck_assert_uint_eq(capture.lines, 1);
    ck_assert_msg(strstr(capture.last, text) != NULL, "%s", capture.last);
    ck_assert_ptr_null(port);
    ck_assert_uint_eq(count_open_fds(), before - (fd >= 0));
}

START_TEST(absent_interface_is_refused_with_a_remedy)
{
    if (!can_run())
        return;
    assert_refused("tap0", false, -1, -ENODEV,
                   "ip tuntap add dev tap0 mode tap user $USER");
}
END_TEST

START_TEST(interface_in_use_is_refused)
{
    int fd;

    if (!can_run())
        return;
    fd = make_interface("tap0", IFF_TAP | IFF_NO_PI, false);
    assert_refused("tap0", false, -1, -EBUSY, "in use");
    close_fd(&fd);
}
END_TEST

START_TEST(interface_of_another_kind_is_refused)
{
    if (!can_run())
        return;
    make_persistent("tun0", IFF_TUN | IFF_NO_PI);
    assert_refused("tun0", false, -1, -EINVAL, "no tap");
    assert_refused("lo", true, -1, -EINVAL, "no tap");
}
END_TEST

START_TEST(interface_without_permission_is_refused)
{
    int fd;

    if (!can_run())
        return;
    fd = make_interface("tap0", IFF_TAP | IFF_NO_PI, true);
    ck_assert_int_eq(ioctl(fd, TUNSETOWNER, 0), 0);
    close_fd(&fd);
    ck_assert_int_eq(seteuid(65534), 0);
    fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        assert_refused("tap0", false, -1, -EACCES, "/dev/net/tun");
    } else {
        close_fd(&fd);
        assert_refused("tap0", false, -1, -EPERM, "ip tuntap add dev tap0");
        assert_refused("tap1", true, -1, -EPERM, "ip tuntap add dev tap1");
    }
    ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(wrong_names_and_descriptors_are_refused)
{
    int fd;

    if (!can_run())
        return;
    assert_refused("", false, -1, -EINVAL, "no name");
    assert_refused("a/b", true, -1, -EINVAL, "no name");
    assert_refused("sixteen-or-more-x", true, -1, -EINVAL, "no name");
    fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert_refused(NULL, false, fd, -EINVAL, "no tap");
    fd = make_interface("tap0", IFF_TAP | IFF_NO_PI, false);
    assert_refused(NULL, false, fd, -EINVAL, "IFF_VNET_HDR");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase,
                   created_interface_is_up_with_the_guests_mtu_and_goes_away);
    tcase_add_test(tcase, frames_go_both_ways);
    tcase_add_test(tcase, checksum_is_left_open_only_for_a_guest_that_takes_it);
    tcase_add_test(tcase, frame_queued_for_an_earlier_driver_fits_the_next);
    tcase_add_test(tcase, offloads_without_what_they_depend_on_are_no_error);
    tcase_add_test(tcase, frames_wait_for_a_guest_without_room);
    tcase_add_test(tcase, link_follows_the_interface);
    tcase_add_test(tcase, interface_that_is_removed_takes_the_link_down);
    tcase_add_test(tcase, interface_with_several_queues_serves);
    tcase_add_test(tcase, frames_to_be_segmented_pass_whole);
    tcase_add_test(tcase, open_descriptor_is_taken_over);
    tcase_add_test(tcase, absent_interface_is_refused_with_a_remedy);
    tcase_add_test(tcase, interface_in_use_is_refused);
    tcase_add_test(tcase, interface_of_another_kind_is_refused);
    tcase_add_test(tcase, interface_without_permission_is_refused);
    tcase_add_test(tcase, wrong_names_and_descriptors_are_refused);
}

int main(void)
{
    return check_main("tap_port", add_tests);
}
