/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dhcp.c: asks for an address (RFC 2131, 3.1), once: the guest is gone before
 * a lease ends, or does without renewing it.
 */
#include "guest/init/init.h"
#include "guest/init/network.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLIENT_PORT 68
#define SERVER_PORT 67

/* A server may look for 3 s whether anybody has the address. */
#define PATIENCE_MS   15000
#define FIRST_WAIT_MS 500 /* until a query is repeated; twice that then */
#define MAX_WAIT_MS   4000

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* An ordinary socket will do: the kernel sends to everybody without an address
 * of its own, from a named interface. */
static int open_socket(const char *interface)
{
    const struct sockaddr_in any = {.sin_family = AF_INET,
                                    .sin_port = htons(CLIENT_PORT)};
    const int one = 1;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
                   (socklen_t)strlen(interface)) != 0 ||
        bind(fd, (const struct sockaddr *)&any, sizeof(any)) != 0)
        give_up("%s: a socket for DHCP: %s", interface, strerror(errno));
    return fd;
}

/* What cannot be sent is repeated as what was lost. */
static void send_query(int fd, const struct dhcp_query *query)
{
    const struct sockaddr_in all = {.sin_family = AF_INET,
                                    .sin_port = htons(SERVER_PORT),
                                    .sin_addr.s_addr = INADDR_BROADCAST};
    uint8_t bytes[DHCP_QUERY_SIZE];

    dhcp_packet_write(query, bytes);
    (void)sendto(fd, bytes, sizeof(bytes), 0, (const struct sockaddr *)&all,
                 sizeof(all));
}

/* False when none came until `end`. */
static bool wait_for_answer(int fd, const struct dhcp_query *query, int64_t end,
                            struct dhcp_answer *answer)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    uint8_t bytes[DHCP_MAX_ANSWER];

    for (;;) {
        int64_t left = end - now_ms();
        ssize_t size;

        if (left <= 0 || poll(&ready, 1, (int)left) == 0)
            return false;
        size = recv(fd, bytes, sizeof(bytes), 0);
        if (size > 0 && dhcp_packet_read(query, bytes, (size_t)size, answer) &&
            (answer->type == DHCP_OFFER) == (query->type == DHCP_DISCOVER))
            return true;
    }
}

/* Asks until `end`, again and again. */
static bool ask(int fd, struct dhcp_query *query, int64_t begin, int64_t end,
                struct dhcp_answer *answer)
{
    int64_t wait = FIRST_WAIT_MS;

    while (now_ms() < end) {
        int64_t until = now_ms() + wait;

        query->seconds = (uint16_t)((now_ms() - begin) / 1000);
        send_query(fd, query);
        if (wait_for_answer(fd, query, until < end ? until : end, answer))
            return true;
        wait = wait * 2 < MAX_WAIT_MS ? wait * 2 : MAX_WAIT_MS;
    }
    return false;
}

bool dhcp_get_lease(const char *interface, const uint8_t mac[6],
                    struct dhcp_answer *lease)
{
    const int64_t begin = now_ms(), end = begin + PATIENCE_MS;
    struct dhcp_query query;
    struct timespec now;
    int fd;

    /* Not random: that may wait for the kernel to have gathered enough. The
     * MAC tells clients apart. */
    clock_gettime(CLOCK_MONOTONIC, &now);
    query = (struct dhcp_query){.id = (uint32_t)now.tv_nsec};
    memcpy(query.mac, mac, sizeof(query.mac));
    while (!network_link_is_up(interface) && now_ms() < end)
        usleep(10000);
    fd = open_socket(interface);
    do {
        query.type = DHCP_DISCOVER;
        query.id++;
        if (!ask(fd, &query, begin, end, lease))
            break;
        query.type = DHCP_REQUEST;
        query.address = lease->address;
        query.server = lease->server;
        if (ask(fd, &query, begin, end, lease) && lease->type == DHCP_ACK) {
            close(fd);
            return true;
        }
    } while (now_ms() < end);
    close(fd);
    return false;
}
