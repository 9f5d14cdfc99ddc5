/* SPDX-License-Identifier: BSD-2-Clause */
/* slirp_bed.c: a user-mode network, its guest and sockets of the host. */
#include "tests/support/slirp_bed.h"

#include "tests/support/log_capture.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <sys/socket.h>

bool slirp_bed_has_libslirp(void)
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

void slirp_bed_start_with(struct slirp_bed *bed, const char *const *forwards,
                          unsigned count, bool restricted, uint16_t mtu)
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
    ck_assert_int_eq(port_bed_start(&bed->port, port, mtu), 0);
    raw_guest_init(&bed->guest, &bed->port);
    for (size_t i = 0; i < sizeof(bed->data); i++)
        bed->data[i] = (uint8_t)(i * 7 + i / 251);
}

void slirp_bed_start(struct slirp_bed *bed)
{
    slirp_bed_start_with(bed, NULL, 0, false, 1500);
}

uint16_t slirp_bed_forwarded(struct slirp_bed *bed, unsigned index)
{
    unsigned count;
    const struct slirp_forward *forwards =
        slirp_port_forwards(bed->port.port, &count);

    ck_assert_uint_lt(index, count);
    return forwards[index].host_port;
}

/* ---- Sockets of the host ---- */

struct sockaddr_in slirp_bed_loopback(uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons(port)};
}

int slirp_bed_host_socket(int type, uint16_t *port)
{
    struct sockaddr_in address = slirp_bed_loopback(0);
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

int slirp_bed_connect_to(uint16_t port)
{
    struct sockaddr_in address = slirp_bed_loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

int slirp_bed_accept_from(struct slirp_bed *bed, int listener)
{
    int fd = -1;

    for (unsigned i = 0; i < 100 && fd < 0; i++) {
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            port_bed_serve(&bed->port, 10);
    }
    ck_assert_int_ge(fd, 0);
    return fd;
}

void slirp_bed_read_all(struct slirp_bed *bed, int fd, uint8_t *bytes,
                        size_t size)
{
    size_t done = 0;

    for (unsigned i = 0; i < 500 && done < size; i++) {
        ssize_t count = recv(fd, bytes + done, size - done, 0);

        if (count > 0)
            done += (size_t)count;
        else
            port_bed_serve(&bed->port, 5);
    }
    ck_assert_uint_eq(done, size);
}
