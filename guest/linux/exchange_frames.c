/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exchange_frames.c: sends frames to an interface's own address and checks
 * that each comes back once and unchanged. For devices that return them
 * (vdpa_sim_net, a looped cable).
 *
 * One thread. At most WINDOW frames are under way, fewer than any ring or
 * socket buffer holds, so a frame that does not return was lost by the device
 * or its driver.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    ETHERTYPE_TEST = 0x88b5, /* IEEE 802 local experimental ethertype 1 */
    SEQUENCE_OFFSET = ETH_HLEN,
    PATTERN_OFFSET = SEQUENCE_OFFSET + 4,
    WINDOW = 64,
    SILENCE_MS =
        3000, /* frames not back after this no longer hold the window */
    MAX_SILENCES = 3,
};

struct exchange {
    int fd;
    uint8_t address[ETH_ALEN];
    size_t size;     /* bytes of a frame without its check sequence */
    uint32_t count;  /* frames to send */
    bool *came_back; /* by sequence number */
    uint32_t sent;
    uint32_t received;
    uint32_t under_way;
    uint32_t duplicate;
    uint32_t corrupt;
};

static void fill_frame(const struct exchange *exchange, uint32_t sequence,
                       uint8_t *frame)
{
    uint16_t ethertype = htons(ETHERTYPE_TEST);
    uint32_t wire_sequence = htonl(sequence);

    memcpy(frame, exchange->address, ETH_ALEN);
    memcpy(frame + ETH_ALEN, exchange->address, ETH_ALEN);
    memcpy(frame + 2 * ETH_ALEN, &ethertype, sizeof(ethertype));
    memcpy(frame + SEQUENCE_OFFSET, &wire_sequence, sizeof(wire_sequence));
    for (size_t i = PATTERN_OFFSET; i < exchange->size; i++)
        frame[i] = (uint8_t)(sequence * 7 + i * 13);
}

static bool set_interface_up(int fd, const char *name, struct ifreq *request)
{
    memset(request, 0, sizeof(*request));
    strncpy(request->ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(fd, SIOCGIFFLAGS, request) < 0) {
        fprintf(stderr, "%s: SIOCGIFFLAGS: %s\n", name, strerror(errno));
        return false;
    }
    request->ifr_flags = (short)(request->ifr_flags | IFF_UP | IFF_PROMISC);
    if (ioctl(fd, SIOCSIFFLAGS, request) < 0) {
        fprintf(stderr, "%s: SIOCSIFFLAGS: %s\n", name, strerror(errno));
        return false;
    }
    return true;
}

static bool open_interface(struct exchange *exchange, const char *name)
{
    struct ifreq request;
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(ETHERTYPE_TEST)};
    int buffer_bytes = 4 << 20;

    exchange->fd =
        socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETHERTYPE_TEST));
    if (exchange->fd < 0) {
        fprintf(stderr, "%s: AF_PACKET socket: %s\n", name, strerror(errno));
        return false;
    }
    if (!set_interface_up(exchange->fd, name, &request))
        return false;
    if (ioctl(exchange->fd, SIOCGIFHWADDR, &request) < 0) {
        fprintf(stderr, "%s: SIOCGIFHWADDR: %s\n", name, strerror(errno));
        return false;
    }
    memcpy(exchange->address, request.ifr_hwaddr.sa_data, ETH_ALEN);
    address.sll_ifindex = (int)if_nametoindex(name);
    if (bind(exchange->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        fprintf(stderr, "%s: bind: %s\n", name, strerror(errno));
        return false;
    }
    /* The default would hold the window too; more of it costs nothing. */
    setsockopt(exchange->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes,
               sizeof(buffer_bytes));
    return true;
}

static bool send_window(struct exchange *exchange)
{
    uint8_t frame[ETH_FRAME_LEN];

    while (exchange->sent < exchange->count && exchange->under_way < WINDOW) {
        fill_frame(exchange, exchange->sent, frame);
        if (send(exchange->fd, frame, exchange->size, 0) !=
            (ssize_t)exchange->size) {
            fprintf(stderr, "frame %" PRIu32 ": send: %s\n", exchange->sent,
                    strerror(errno));
            return false;
        }
        exchange->sent++;
        exchange->under_way++;
    }
    return true;
}

static void take_frame(struct exchange *exchange, const uint8_t *frame,
                       size_t size)
{
    uint8_t expected[ETH_FRAME_LEN];
    uint32_t sequence;

    memcpy(&sequence, frame + SEQUENCE_OFFSET, sizeof(sequence));
    sequence = ntohl(sequence);
    if (size != exchange->size || sequence >= exchange->sent) {
        exchange->corrupt++;
        return;
    }
    fill_frame(exchange, sequence, expected);
    if (memcmp(frame, expected, size) != 0) {
        exchange->corrupt++;
        return;
    }
    if (exchange->came_back[sequence]) {
        exchange->duplicate++;
        return;
    }
    exchange->came_back[sequence] = true;
    exchange->received++;
    if (exchange->under_way > 0)
        exchange->under_way--;
}

/* Takes every frame that waits in the socket. */
static void receive_waiting(struct exchange *exchange)
{
    uint8_t frame[2048];
    struct sockaddr_ll from;
    socklen_t from_size = sizeof(from);
    ssize_t size;

    while ((size = recvfrom(exchange->fd, frame, sizeof(frame), MSG_DONTWAIT,
                            (struct sockaddr *)&from, &from_size)) >= 0) {
        /* The kernel shows a sender its own frames on their way out. */
        if (from.sll_pkttype == PACKET_OUTGOING)
            continue;
        if (size < PATTERN_OFFSET)
            exchange->corrupt++;
        else
            take_frame(exchange, frame, (size_t)size);
    }
}

static bool run(struct exchange *exchange)
{
    struct pollfd readable = {.fd = exchange->fd, .events = POLLIN};
    int silences = 0;

    while (exchange->sent < exchange->count || exchange->under_way > 0) {
        if (!send_window(exchange))
            return false;
        if (poll(&readable, 1, SILENCE_MS) > 0) {
            receive_waiting(exchange);
            continue;
        }
        if (++silences == MAX_SILENCES) {
            fprintf(stderr, "nothing comes back: giving up\n");
            return false;
        }
        /* Go on, to count; a late frame still counts as received. */
        exchange->under_way = 0;
    }
    return exchange->received == exchange->count && exchange->duplicate == 0 &&
           exchange->corrupt == 0;
}

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print_summary(const struct exchange *exchange, double seconds)
{
    printf("%zu-byte frames: %" PRIu32 " sent, %" PRIu32 " received, %" PRIu32
           " lost, %" PRIu32 " duplicate, %" PRIu32 " corrupt, %.0f frames/s\n",
           exchange->size, exchange->sent, exchange->received,
           exchange->sent - exchange->received, exchange->duplicate,
           exchange->corrupt, exchange->received / (seconds > 0 ? seconds : 1));
}

/* Returns false unless text is a whole number in min..max. */
static bool parse_number(const char *text, unsigned long min, unsigned long max,
                         unsigned long *number)
{
    char *end;

    errno = 0;
    *number = strtoul(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *number >= min &&
           *number <= max;
}

int main(int argc, char **argv)
{
    struct exchange exchange = {.fd = -1};
    unsigned long count;
    unsigned long size;
    double start;
    bool all_came_back;

    if (argc != 4 || !parse_number(argv[2], 1, 100000000, &count) ||
        !parse_number(argv[3], ETH_ZLEN, ETH_FRAME_LEN, &size)) {
        fprintf(stderr,
                "usage: exchange_frames INTERFACE COUNT SIZE\n"
                "SIZE: %d to %d bytes\n",
                ETH_ZLEN, ETH_FRAME_LEN);
        return 2;
    }
    exchange.count = (uint32_t)count;
    exchange.size = size;
    exchange.came_back = calloc(exchange.count, sizeof(bool));
    if (exchange.came_back == NULL || !open_interface(&exchange, argv[1])) {
        free(exchange.came_back);
        return 2;
    }
    start = seconds_now();
    all_came_back = run(&exchange);
    print_summary(&exchange, seconds_now() - start);
    free(exchange.came_back);
    close(exchange.fd);
    return all_came_back ? 0 : 1;
}
