/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_measure.c: measures a TCP path, between two programs of this kind.
 *
 * usage: net_measure serve PORT
 *        net_measure round-trips ADDRESS PORT COUNT
 *        net_measure send|receive ADDRESS PORT BYTES
 *
 * The client prints one line: the median of a byte's round trip in us, or
 * MB/s. A request is a struct request; both ends are of one byte order. The
 * server takes one client after the other, and swallows datagrams to UDP
 * port 9, so that nobody answers them with an error.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    DISCARD_PORT = 9,
    BUFFER_SIZE = 1 << 16,
    MAX_ROUND_TRIPS = 100000
};

enum task {
    TASK_ROUND_TRIPS,
    TASK_SEND,
    TASK_RECEIVE
};

struct request {
    uint64_t task;  /* of the client */
    uint64_t count; /* round trips or bytes */
};

static uint8_t buffer[BUFFER_SIZE];

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void write_all(int fd, const void *data, size_t size)
{
    const uint8_t *next = data;

    while (size > 0) {
        ssize_t written = write(fd, next, size);

        if (written <= 0)
            die("write");
        next += written;
        size -= (size_t)written;
    }
}

static void read_all(int fd, void *data, size_t size)
{
    uint8_t *next = data;

    while (size > 0) {
        ssize_t got = read(fd, next, size);

        if (got <= 0)
            die("read");
        next += got;
        size -= (size_t)got;
    }
}

static void write_bytes(int fd, uint64_t count)
{
    while (count > 0) {
        size_t size = count < BUFFER_SIZE ? (size_t)count : BUFFER_SIZE;

        write_all(fd, buffer, size);
        count -= size;
    }
}

static void read_bytes(int fd, uint64_t count)
{
    while (count > 0) {
        size_t size = count < BUFFER_SIZE ? (size_t)count : BUFFER_SIZE;
        ssize_t got = read(fd, buffer, size);

        if (got <= 0)
            die("read");
        count -= (uint64_t)got;
    }
}

static struct sockaddr_in make_address(const char *address, const char *port)
{
    struct sockaddr_in result = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)atoi(port))};

    if (inet_pton(AF_INET, address, &result.sin_addr) != 1)
        die(address);
    return result;
}

/* ---- Server ---- */

static void answer(int fd)
{
    struct request request;

    read_all(fd, &request, sizeof(request));
    switch (request.task) {
    case TASK_ROUND_TRIPS:
        for (; request.count > 0; request.count--) {
            read_all(fd, buffer, 1);
            write_all(fd, buffer, 1);
        }
        break;
    case TASK_SEND:
        read_bytes(fd, request.count);
        /* The client's clock stops when the last byte is here. */
        write_all(fd, buffer, 1);
        break;
    default:
        write_bytes(fd, request.count);
        break;
    }
}

static void swallow_datagrams(void)
{
    struct sockaddr_in address = make_address("0.0.0.0", "0");
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    address.sin_port = htons(DISCARD_PORT);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        die("bind");
}

static void serve(const char *port)
{
    const struct sockaddr_in address = make_address("0.0.0.0", port);
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) !=
            0 ||
        listen(listener, 1) != 0)
        die("listen");
    swallow_datagrams();
    signal(SIGCHLD, SIG_IGN); /* nobody waits for the children */
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        pid_t child;

        if (fd < 0)
            die("accept");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        /* A child may die of a client that went away. */
        child = fork();
        if (child == 0) {
            answer(fd);
            exit(0);
        }
        close(fd);
    }
}

/* ---- Client ---- */

static int compare(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void measure_round_trips(int fd, uint64_t count)
{
    static int64_t ns[MAX_ROUND_TRIPS];

    for (uint64_t i = 0; i < count; i++) {
        int64_t start = now_ns();

        write_all(fd, buffer, 1);
        read_all(fd, buffer, 1);
        ns[i] = now_ns() - start;
    }
    qsort(ns, count, sizeof(ns[0]), compare);
    printf("%" PRId64 "\n", ns[count / 2] / 1000);
}

static void measure_stream(int fd, enum task task, uint64_t count)
{
    int64_t start = now_ns();

    if (task == TASK_SEND) {
        write_bytes(fd, count);
        read_all(fd, buffer, 1);
    } else {
        read_bytes(fd, count);
    }
    printf("%.2f\n", (double)count * 1e3 / (double)(now_ns() - start));
}

static void measure(enum task task, char **arguments)
{
    const struct sockaddr_in address = make_address(arguments[0], arguments[1]);
    struct request request = {.task = task,
                              .count = strtoull(arguments[2], NULL, 10)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    if (task == TASK_ROUND_TRIPS &&
        (request.count == 0 || request.count > MAX_ROUND_TRIPS)) {
        fprintf(stderr, "net_measure: 1 to %d round trips, please\n",
                MAX_ROUND_TRIPS);
        exit(2);
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    write_all(fd, &request, sizeof(request));
    if (task == TASK_ROUND_TRIPS)
        measure_round_trips(fd, request.count);
    else
        measure_stream(fd, task, request.count);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {[TASK_ROUND_TRIPS] = "round-trips",
                                        [TASK_SEND] = "send",
                                        [TASK_RECEIVE] = "receive"};

    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        serve(argv[2]);
    for (unsigned i = 0; argc == 5 && i < 3; i++) {
        if (strcmp(argv[1], names[i]) == 0) {
            measure((enum task)i, argv + 2);
            return 0;
        }
    }
    fprintf(stderr, "usage: net_measure serve PORT\n"
                    "       net_measure round-trips ADDRESS PORT COUNT\n"
                    "       net_measure send|receive ADDRESS PORT BYTES\n");
    return 2;
}
