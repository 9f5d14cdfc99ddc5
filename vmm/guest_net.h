/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_net.h: what --net says of the guest's side of a network card, which
 * its first process (guest/init) then sets up: name, address, route, servers
 * of names.
 */
#ifndef VMM_GUEST_NET_H
#define VMM_GUEST_NET_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUEST_NET_MAX_SERVERS 3 /* resolv.conf(5) */
#define GUEST_NET_MAX_RECORD  160
#define GUEST_NET_MAX_NAME    16 /* bytes, with the final NUL: IFNAMSIZ */

enum guest_net_mode {
    GUEST_NET_DEFAULT, /* what the kind of network makes useful */
    GUEST_NET_NONE,    /* the link is up, and that is all */
    GUEST_NET_DHCP,
    GUEST_NET_STATIC,
};

/* Addresses are of IPv4, in host byte order. */
struct guest_net {
    enum guest_net_mode mode;
    uint32_t address; /* GUEST_NET_STATIC */
    unsigned prefix;  /* of the address, in bits */
    uint32_t gateway; /* 0: none */
    uint32_t servers[GUEST_NET_MAX_SERVERS];
    unsigned num_servers;
    char name[GUEST_NET_MAX_NAME]; /* "": the guest's kernel chooses */
};

/* Each takes a value as typed: -EINVAL with the reason, to be put after the
 * key, in `error`. */
int guest_net_set_ip(struct guest_net *net, const char *value, char *error,
                     size_t error_size) MUST_CHECK;
int guest_net_set_name(struct guest_net *net, const char *value, char *error,
                       size_t error_size) MUST_CHECK;
int guest_net_set_gateway(struct guest_net *net, const char *value, char *error,
                          size_t error_size) MUST_CHECK;
int guest_net_add_server(struct guest_net *net, const char *value, char *error,
                         size_t error_size) MUST_CHECK;

/* Once all are set: whether they go together. -EINVAL, likewise, with the key
 * that is wrong in front. */
int guest_net_check(const struct guest_net *net, char *error,
                    size_t error_size) MUST_CHECK;

/* A key that was given, as "ip"; NULL when none was. */
const char *guest_net_given_key(const struct guest_net *net);

/*
 * For the guest's first process: what to do with the card in a slot of PCI bus
 * 0, in words: SLOT NAME none|dhcp|ADDRESS/PREFIX GATEWAY SERVER,..., with "-"
 * for what is absent. `has_dhcp`: GUEST_NET_DEFAULT means dhcp, not none.
 */
void guest_net_print(const struct guest_net *net, bool has_dhcp, unsigned slot,
                     char record[GUEST_NET_MAX_RECORD]);

#endif
