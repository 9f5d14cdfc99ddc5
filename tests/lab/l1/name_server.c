/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * name_server.c: answers every question for an address with the same one.
 *
 * usage: name_server IPV4-ADDRESS
 * Listens on 127.0.0.1, UDP port 53 (RFC 1035, 4.1).
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER_SIZE 12
#define TYPE_A      1

/* Turns the query of `size` bytes into its answer; returns the new size, 0
 * for what is no query. */
static size_t answer(uint8_t *message, size_t size, size_t room,
                     const struct in_addr *address)
{
    /* A pointer to the name in the question, type A, class IN, one minute,
     * four bytes. */
    static const uint8_t record[] = {0xc0, HEADER_SIZE, 0, TYPE_A, 0, 1,
                                     0,    0,           0, 60,     0, 4};
    size_t end = HEADER_SIZE;

    while (end < size && message[end] != 0)
        end += message[end] + 1U;
    end += 5; /* the last label, type and class */
    if (end > size || end + sizeof(record) + 4 > room)
        return 0;
    message[2] = 0x81; /* an answer */
    message[3] = 0x80;
    memset(message + 6, 0, 6);
    if (message[end - 3] != TYPE_A)
        return end;
    message[7] = 1;
    memcpy(message + end, record, sizeof(record));
    memcpy(message + end + sizeof(record), address, 4);
    return end + sizeof(record) + 4;
}

int main(int argc, char **argv)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(53)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct in_addr address;

    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (argc != 2 || inet_pton(AF_INET, argv[1], &address) != 1 || fd < 0 ||
        bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0) {
        perror("name_server");
        return 1;
    }
    for (;;) {
        struct sockaddr_in from;
        socklen_t from_size = sizeof(from);
        uint8_t message[512];
        ssize_t size = recvfrom(fd, message, sizeof(message), 0,
                                (struct sockaddr *)&from, &from_size);
        size_t reply =
            size < 0 ? 0
                     : answer(message, (size_t)size, sizeof(message), &address);

        if (reply > 0)
            (void)sendto(fd, message, reply, 0, (struct sockaddr *)&from,
                         from_size);
    }
}
