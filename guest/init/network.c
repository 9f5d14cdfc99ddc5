/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * network.c: names, links and addresses of the guest's network cards.
 *
 * All have their names and links before one asks for an address, and none has
 * one before all were asked for: the kernel would send from another card's.
 */
#include "guest/init/network.h"

#include "guest/init/init.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define INTERFACES "/sys/class/net"
#define RESOLVER   "/etc/resolv.conf"

struct card {
    unsigned slot;       /* on PCI bus 0 */
    char wish[IFNAMSIZ]; /* its name; "-": as it is */
    char mode[24];       /* none, dhcp or ADDRESS/PREFIX */
    char name[IFNAMSIZ]; /* "": the kernel has no interface for it */
    struct dhcp_answer address;
    char servers[64]; /* of names, with commas; "-": as DHCP says */
};

/* Of any family: that is all the same to interfaces. */
static int control = -1;
static bool has_ipv4;

static void open_control(void)
{
    control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    has_ipv4 = control >= 0;
    if (!has_ipv4)
        control = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static struct ifreq request_for(const char *name)
{
    struct ifreq request;

    memset(&request, 0, sizeof(request));
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    return request;
}

/* ---- Links ---- */

static int raise_link(const char *name)
{
    struct ifreq request = request_for(name);

    if (ioctl(control, SIOCGIFFLAGS, &request) != 0)
        return -1;
    request.ifr_flags |= IFF_UP;
    return ioctl(control, SIOCSIFFLAGS, &request);
}

bool network_link_is_up(const char *interface)
{
    struct ifreq request = request_for(interface);

    return ioctl(control, SIOCGIFFLAGS, &request) == 0 &&
           request.ifr_flags & IFF_RUNNING;
}

/* Each interface links to a folder that is named after its devices. */
static bool find_interface(unsigned slot, char name[IFNAMSIZ])
{
    DIR *folder = opendir(INTERFACES);
    const struct dirent *entry;
    char wanted[32];
    bool is_found = false;

    snprintf(wanted, sizeof(wanted), "/0000:00:%02x.0/", slot);
    while (folder && !is_found && (entry = readdir(folder))) {
        char path[512], target[512];
        ssize_t length;

        snprintf(path, sizeof(path), "%s/%s", INTERFACES, entry->d_name);
        length = readlink(path, target, sizeof(target) - 1);
        if (length < 0)
            continue;
        target[length] = '\0';
        is_found = strstr(target, wanted) != NULL;
        snprintf(name, IFNAMSIZ, "%.*s", IFNAMSIZ - 1, entry->d_name);
    }
    if (folder)
        closedir(folder);
    return is_found;
}

/* A card that nothing is wanted of may be the command's to find a driver
 * for. */
static void find_card(struct card *card)
{
    if (find_interface(card->slot, card->name))
        return;
    card->name[0] = '\0';
    if (card->wish[0] != '-' || strcmp(card->mode, "none") != 0)
        give_up("the network card in PCI slot %u has no interface: the kernel "
                "needs its driver (CONFIG_VIRTIO_NET, CONFIG_VIRTIO_PCI); or "
                "leave it alone with ip=none",
                card->slot);
}

static void rename_card(struct card *card, const char *name)
{
    struct ifreq request = request_for(card->name);

    snprintf(request.ifr_newname, sizeof(request.ifr_newname), "%s", name);
    if (ioctl(control, SIOCSIFNAME, &request) != 0)
        give_up("naming %s %s: %s", card->name, name, strerror(errno));
    snprintf(card->name, sizeof(card->name), "%s", name);
}

/* Two cards may want each other's names. */
static void rename_cards(struct card *cards, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char name[IFNAMSIZ];

        snprintf(name, sizeof(name), "vmm%u", i);
        if (cards[i].wish[0] != '-' && strcmp(cards[i].wish, cards[i].name))
            rename_card(&cards[i], name);
    }
    for (unsigned i = 0; i < count; i++)
        if (cards[i].wish[0] != '-' && strcmp(cards[i].wish, cards[i].name))
            rename_card(&cards[i], cards[i].wish);
}

/* ---- Addresses ---- */

static void lease_address(struct card *card)
{
    struct ifreq request = request_for(card->name);

    if (ioctl(control, SIOCGIFHWADDR, &request) != 0 ||
        request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
        give_up("%s: DHCP needs an Ethernet address: %s", card->name,
                strerror(errno));
    if (!dhcp_get_lease(card->name, (const uint8_t *)request.ifr_hwaddr.sa_data,
                        &card->address))
        give_up("%s: no DHCP server answered%s: give ip=ADDRESS/PREFIX or "
                "ip=none",
                card->name,
                network_link_is_up(card->name) ? "" : ", as its link is down");
}

/* With a prefix, as the host checked. */
static void read_address(struct card *card)
{
    char text[sizeof(card->mode)];
    unsigned prefix;

    if (sscanf(card->mode, "%23[0-9.]/%u", text, &prefix) != 2 || prefix < 1 ||
        prefix > 32 || inet_pton(AF_INET, text, &card->address.address) != 1)
        give_up("%s: no address: \"%s\"", card->name, card->mode);
    card->address.mask.s_addr = htonl(UINT32_MAX << (32 - prefix));
}

static void get_address(struct card *card)
{
    if (strcmp(card->mode, "none") == 0)
        return;
    if (!has_ipv4)
        give_up("%s: the kernel has no IPv4 (CONFIG_INET): give ip=none",
                card->name);
    if (strcmp(card->mode, "dhcp") == 0)
        lease_address(card);
    else
        read_address(card);
}

static int set_address(const struct card *card, unsigned long what,
                       struct in_addr address)
{
    struct ifreq request = request_for(card->name);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = address};

    memcpy(&request.ifr_addr, &in, sizeof(in));
    return ioctl(control, what, &request);
}

static int add_default_route(struct card *card)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    struct sockaddr_in gateway = {.sin_family = AF_INET,
                                  .sin_addr = card->address.gateway};
    struct rtentry route;

    memset(&route, 0, sizeof(route));
    memcpy(&route.rt_dst, &any, sizeof(any));
    memcpy(&route.rt_genmask, &any, sizeof(any));
    memcpy(&route.rt_gateway, &gateway, sizeof(gateway));
    route.rt_flags = RTF_UP | RTF_GATEWAY;
    route.rt_dev = card->name;
    return ioctl(control, SIOCADDRT, &route);
}

static void use_address(struct card *card)
{
    const struct dhcp_answer *address = &card->address;
    char text[INET_ADDRSTRLEN];
    struct ifreq request;
    struct sockaddr_in mask;

    if (address->address.s_addr == 0) {
        if (card->name[0])
            tell("net %s none", card->name);
        return;
    }
    inet_ntop(AF_INET, &address->address, text, sizeof(text));
    /* The first also chooses a mask, for when none was said. */
    if (set_address(card, SIOCSIFADDR, address->address) != 0 ||
        (address->mask.s_addr != 0 &&
         set_address(card, SIOCSIFNETMASK, address->mask) != 0))
        give_up("%s: address %s: %s", card->name, text, strerror(errno));
    /* A second one is of no use. */
    if (address->gateway.s_addr != 0 && add_default_route(card) != 0 &&
        errno != EEXIST)
        give_up("%s: the route to the gateway of %s: %s", card->name, text,
                strerror(errno));
    request = request_for(card->name);
    (void)ioctl(control, SIOCGIFNETMASK, &request);
    memcpy(&mask, &request.ifr_netmask, sizeof(mask));
    tell("net %s %s/%d", card->name, text,
         __builtin_popcount(mask.sin_addr.s_addr));
}

/* ---- Names of hosts ---- */

struct servers {
    char names[DHCP_MAX_SERVERS][INET_ADDRSTRLEN];
    unsigned count;
};

static void add_server(struct servers *servers, const char *name)
{
    if (servers->count < DHCP_MAX_SERVERS)
        snprintf(servers->names[servers->count++], INET_ADDRSTRLEN, "%.15s",
                 name);
}

/* Those of the host, or else those that DHCP said. */
static void add_servers(struct servers *servers, const struct card *card)
{
    const struct dhcp_answer *answer = &card->address;
    char text[sizeof(card->servers)], *rest = text, *name;

    snprintf(text, sizeof(text), "%s", card->servers);
    if (text[0] != '-') {
        while ((name = strsep(&rest, ",")))
            add_server(servers, name);
        return;
    }
    for (unsigned i = 0; i < answer->num_name_servers; i++) {
        inet_ntop(AF_INET, &answer->name_servers[i], text, sizeof(text));
        add_server(servers, text);
    }
}

/* In the order of the cards, as many as resolv.conf(5) says are used. */
static void write_resolver(const struct card *cards, unsigned count)
{
    struct servers servers = {.count = 0};
    FILE *file;

    for (unsigned i = 0; i < count; i++)
        add_servers(&servers, &cards[i]);
    if (servers.count == 0)
        return;
    file = fopen(RESOLVER, "we");
    if (!file) {
        tell("warning %s: %s: names of hosts are not resolved", RESOLVER,
             strerror(errno));
        return;
    }
    for (unsigned i = 0; i < servers.count; i++)
        fprintf(file, "nameserver %s\n", servers.names[i]);
    fclose(file);
}

/* ---- All of it ---- */

static void read_card(struct card *card, const char *record)
{
    char gateway[INET_ADDRSTRLEN];

    memset(card, 0, sizeof(*card));
    if (sscanf(record, "%u %15s %23s %15s %63s", &card->slot, card->wish,
               card->mode, gateway, card->servers) != 5)
        give_up("%s: net: \"%s\"", CONFIG_PATH, record);
    (void)inet_pton(AF_INET, gateway, &card->address.gateway);
}

void network_set_up(const struct config *config)
{
    static struct card cards[MAX_CARDS];
    unsigned count = 0;

    open_control();
    (void)raise_link("lo");
    for (; count < MAX_CARDS && config->cards[count]; count++) {
        read_card(&cards[count], config->cards[count]);
        find_card(&cards[count]);
    }
    rename_cards(cards, count);
    for (unsigned i = 0; i < count; i++)
        if (cards[i].name[0] && raise_link(cards[i].name) != 0)
            give_up("%s: raising its link: %s", cards[i].name, strerror(errno));
    for (unsigned i = 0; i < count; i++)
        get_address(&cards[i]);
    for (unsigned i = 0; i < count; i++)
        use_address(&cards[i]);
    write_resolver(cards, count);
    close(control);
}
