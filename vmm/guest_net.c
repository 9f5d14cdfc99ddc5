/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_net.c: what --net says of the guest's side of a network card.
 */
#include "vmm/guest_net.h"

#include "vmm/option_values.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

_Static_assert(GUEST_NET_MAX_NAME == IFNAMSIZ, "as long as Linux has them");

/* That a host can have: neither nobody's nor a group's. */
static bool read_address(const char *text, uint32_t *address)
{
    struct in_addr in;

    if (inet_pton(AF_INET, text, &in) != 1)
        return false;
    *address = ntohl(in.s_addr);
    return *address >> 24 != 0 && *address >> 28 < 0xe;
}

static bool read_static(struct guest_net *net, const char *value)
{
    char text[INET_ADDRSTRLEN];
    const char *slash = strchr(value, '/'), *rest;
    uint64_t prefix;

    if (slash == NULL || (size_t)(slash - value) >= sizeof(text))
        return false;
    snprintf(text, sizeof(text), "%.*s", (int)(slash - value), value);
    rest = option_read_number(slash + 1, &prefix);
    if (rest == NULL || *rest != '\0' || prefix < 1 || prefix > 32 ||
        !read_address(text, &net->address))
        return false;
    net->prefix = (unsigned)prefix;
    net->mode = GUEST_NET_STATIC;
    return true;
}

int guest_net_set_ip(struct guest_net *net, const char *value, char *error,
                     size_t error_size)
{
    if (strcmp(value, "dhcp") == 0) {
        net->mode = GUEST_NET_DHCP;
    } else if (strcmp(value, "none") == 0) {
        net->mode = GUEST_NET_NONE;
    } else if (!read_static(net, value)) {
        snprintf(error, error_size,
                 "\"%s\" is neither dhcp nor none nor an IPv4 address with "
                 "its network's bits such as 192.0.2.1/24",
                 value);
        return -EINVAL;
    }
    return 0;
}

/* As the kernel has it, and without what it would replace. */
static bool is_name(const char *value)
{
    for (const char *at = value; *at != '\0'; at++)
        if (!isgraph((unsigned char)*at) || strchr("/:%", *at) != NULL)
            return false;
    return value[0] != '\0' && value[0] != '-' && strcmp(value, ".") != 0 &&
           strcmp(value, "..") != 0 && strcmp(value, "lo") != 0;
}

int guest_net_set_name(struct guest_net *net, const char *value, char *error,
                       size_t error_size)
{
    if (!is_name(value) || strlen(value) >= sizeof(net->name)) {
        snprintf(error, error_size,
                 "\"%s\" is no name for the guest's interface: give one such "
                 "as eth0, of at most %zu bytes",
                 value, sizeof(net->name) - 1);
        return -EINVAL;
    }
    memcpy(net->name, value, strlen(value) + 1);
    return 0;
}

static int set_address(uint32_t *address, const char *value, char *error,
                       size_t error_size)
{
    if (read_address(value, address))
        return 0;
    snprintf(error, error_size,
             "\"%s\" is no host's IPv4 address such as 192.0.2.254", value);
    return -EINVAL;
}

int guest_net_set_gateway(struct guest_net *net, const char *value, char *error,
                          size_t error_size)
{
    return set_address(&net->gateway, value, error, error_size);
}

int guest_net_add_server(struct guest_net *net, const char *value, char *error,
                         size_t error_size)
{
    int result;

    if (net->num_servers == GUEST_NET_MAX_SERVERS) {
        snprintf(error, error_size, "stands more than %d times",
                 GUEST_NET_MAX_SERVERS);
        return -EINVAL;
    }
    result =
        set_address(&net->servers[net->num_servers], value, error, error_size);
    if (result == 0)
        net->num_servers++;
    return result;
}

int guest_net_check(const struct guest_net *net, char *error, size_t error_size)
{
    uint32_t mask;

    if (net->gateway == 0)
        return 0;
    if (net->mode != GUEST_NET_STATIC) {
        snprintf(error, error_size,
                 "gateway needs an address of the guest's own: give one, as "
                 "in ip=192.0.2.1/24");
        return -EINVAL;
    }
    mask = UINT32_MAX << (32 - net->prefix);
    if (((net->gateway ^ net->address) & mask) != 0) {
        snprintf(error, error_size,
                 "gateway is outside the /%u network of ip: give one that the "
                 "guest is a neighbour of",
                 net->prefix);
        return -EINVAL;
    }
    return 0;
}

const char *guest_net_given_key(const struct guest_net *net)
{
    if (net->mode != GUEST_NET_DEFAULT)
        return "ip";
    if (net->name[0] != '\0')
        return "name";
    return net->num_servers > 0 ? "dns" : NULL;
}

static void print_address(uint32_t address, char text[INET_ADDRSTRLEN])
{
    const struct in_addr in = {htonl(address)};

    (void)inet_ntop(AF_INET, &in, text, INET_ADDRSTRLEN);
}

#define MAX_MODE (INET_ADDRSTRLEN + 4) /* bytes, with the final NUL */

static void print_mode(const struct guest_net *net, bool has_dhcp,
                       char text[MAX_MODE])
{
    char address[INET_ADDRSTRLEN];

    if (net->mode == GUEST_NET_STATIC) {
        print_address(net->address, address);
        snprintf(text, MAX_MODE, "%s/%u", address, net->prefix);
        return;
    }
    if (net->mode == GUEST_NET_DEFAULT)
        snprintf(text, MAX_MODE, "%s", has_dhcp ? "dhcp" : "none");
    else
        snprintf(text, MAX_MODE, "%s",
                 net->mode == GUEST_NET_DHCP ? "dhcp" : "none");
}

void guest_net_print(const struct guest_net *net, bool has_dhcp, unsigned slot,
                     char record[GUEST_NET_MAX_RECORD])
{
    char mode[MAX_MODE], gateway[INET_ADDRSTRLEN] = "-";
    int used;

    print_mode(net, has_dhcp, mode);
    if (net->gateway != 0)
        print_address(net->gateway, gateway);
    used = snprintf(record, GUEST_NET_MAX_RECORD, "%u %s %s %s %s", slot,
                    net->name[0] != '\0' ? net->name : "-", mode, gateway,
                    net->num_servers > 0 ? "" : "-");
    for (unsigned i = 0; i < net->num_servers; i++) {
        char server[INET_ADDRSTRLEN];

        print_address(net->servers[i], server);
        used += snprintf(record + used, GUEST_NET_MAX_RECORD - (size_t)used,
                         "%s%s", i > 0 ? "," : "", server);
    }
}
