/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slirp_forward.c: a port of the host that leads to one of the guest.
 */
#include "vdpa/slirp_forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Longer than any valid text: an IPv6 address with all that may surround it. */
#define MAX_TEXT 128

/* QEMU lets one name the guest; ours is the one that DHCP gives. */
#define GUEST_ADDRESS "10.0.2.15"

struct parser {
    const char *text; /* as the user wrote it */
    char *error;
    size_t error_size;
};

static int fail(const struct parser *parser, const char *format, ...)
    PRINTF_FORMAT(2, 3);

static int fail(const struct parser *parser, const char *format, ...)
{
    char reason[192];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    (void)snprintf(parser->error, parser->error_size,
                   "forward \"%.*s\": %s; write it as "
                   "tcp:[HOST-ADDRESS:]HOST-PORT:GUEST-PORT, or udp:...",
                   MAX_TEXT, parser->text, reason);
    return -EINVAL;
}

/* Digits alone: no sign, no blank, nothing behind. */
static bool read_port(const char *text, uint16_t *port)
{
    unsigned value = 0;

    if (*text == '\0' || strlen(text) > 5)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (unsigned)(*text - '0');
    }
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

static int read_host_port(const struct parser *parser, const char *text,
                          struct slirp_forward *forward)
{
    if (read_port(text, &forward->host_port))
        return 0;
    return fail(parser, "\"%s\" is no host port (0 to 65535, 0: a free one)",
                text);
}

static int read_guest_port(const struct parser *parser, const char *text,
                           struct slirp_forward *forward)
{
    if (read_port(text, &forward->guest_port) && forward->guest_port != 0)
        return 0;
    return fail(parser, "\"%s\" is no guest port (1 to 65535)", text);
}

/* `text`: "[::1]:2222", "127.0.0.1:2222", ":2222" or "2222"; cut in place. */
static int read_host(const struct parser *parser, char *text,
                     struct slirp_forward *forward)
{
    char *port = strrchr(text, ':'), *address = text;
    size_t length;

    forward->host.v4.s_addr = htonl(INADDR_LOOPBACK);
    if (!port)
        return read_host_port(parser, text, forward);
    *port++ = '\0';
    length = strlen(address);
    if (length >= 2 && address[0] == '[' && address[length - 1] == ']') {
        address[length - 1] = '\0';
        forward->is_ipv6 = true;
        if (inet_pton(AF_INET6, address + 1, &forward->host.v6) != 1)
            return fail(parser, "\"%s\" is no IPv6 address", address + 1);
    } else if (strchr(address, ':')) {
        return fail(parser, "an IPv6 address goes into brackets: [%s]",
                    address);
    } else if (length > 0 &&
               inet_pton(AF_INET, address, &forward->host.v4) != 1) {
        return fail(parser, "\"%s\" is no IPv4 address", address);
    }
    return read_host_port(parser, port, forward);
}

/* `text`: ":22" or "10.0.2.15:22"; cut in place. */
static int read_guest(const struct parser *parser, char *text,
                      struct slirp_forward *forward)
{
    char *port = strchr(text, ':');

    if (!port)
        return fail(parser, "\":\" is missing before the guest port");
    *port++ = '\0';
    if (*text != '\0' && strcmp(text, GUEST_ADDRESS) != 0)
        return fail(parser, "the guest is " GUEST_ADDRESS ", not \"%s\"", text);
    return read_guest_port(parser, port, forward);
}

/* What follows "tcp:"; cut in place. */
static int read_ends(const struct parser *parser, char *text,
                     struct slirp_forward *forward)
{
    char *dash = strchr(text, '-'), *colon = strrchr(text, ':');
    int error;

    if (dash) {
        *dash = '\0';
        error = read_host(parser, text, forward);
        return error ? error : read_guest(parser, dash + 1, forward);
    }
    if (!colon)
        return fail(parser, "the guest port is missing");
    *colon = '\0';
    error = read_host(parser, text, forward);
    return error ? error : read_guest_port(parser, colon + 1, forward);
}

int slirp_forward_parse(struct slirp_forward *forward, const char *text,
                        char *error, size_t error_size)
{
    struct parser parser = {.text = text, .error_size = error_size};
    char copy[MAX_TEXT];

    parser.error = error;

    *forward = (struct slirp_forward){.is_udp = false};
    if (strlen(text) >= sizeof(copy))
        return fail(&parser, "it is too long");
    (void)snprintf(copy, sizeof(copy), "%s", text);
    if (strncmp(copy, "udp:", 4) == 0)
        forward->is_udp = true;
    else if (strncmp(copy, "tcp:", 4) != 0)
        return fail(&parser, "it begins with neither \"tcp:\" nor \"udp:\"");
    return read_ends(&parser, copy + 4, forward);
}

#define MAX_HOST (INET6_ADDRSTRLEN + 2)

static void print_host(const struct slirp_forward *forward,
                       char host[static MAX_HOST])
{
    char address[INET6_ADDRSTRLEN] = "";

    (void)inet_ntop(forward->is_ipv6 ? AF_INET6 : AF_INET, &forward->host,
                    address, sizeof(address));
    (void)snprintf(host, MAX_HOST, forward->is_ipv6 ? "[%s]" : "%s", address);
}

void slirp_forward_print(const struct slirp_forward *forward,
                         char text[static SLIRP_FORWARD_MAX_TEXT])
{
    char host[MAX_HOST];

    print_host(forward, host);
    (void)snprintf(text, SLIRP_FORWARD_MAX_TEXT, "%s %s:%u -> :%u",
                   forward->is_udp ? "udp" : "tcp", host, forward->host_port,
                   forward->guest_port);
}

void slirp_forward_spell(const struct slirp_forward *forward,
                         char text[static SLIRP_FORWARD_MAX_TEXT])
{
    char host[MAX_HOST];

    print_host(forward, host);
    (void)snprintf(text, SLIRP_FORWARD_MAX_TEXT, "%s:%s:%u:%u",
                   forward->is_udp ? "udp" : "tcp", host, forward->host_port,
                   forward->guest_port);
}
