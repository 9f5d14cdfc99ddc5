/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slirp_forward.h: a port of the host that leads to one of the guest.
 */
#ifndef VDPA_SLIRP_FORWARD_H
#define VDPA_SLIRP_FORWARD_H

#include "vmm/compiler.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slirp_forward {
    bool is_udp;
    bool is_ipv6; /* on the host, and then in the guest as well */
    union {
        struct in_addr v4;
        struct in6_addr v6;
    } host;
    uint16_t host_port; /* 0: a free one */
    uint16_t guest_port;
};

/* The longest text that slirp_forward_print() writes, with the final NUL. */
#define SLIRP_FORWARD_MAX_TEXT 80

/*
 * Reads "tcp:127.0.0.1:2222:22", "tcp:2222:22", "udp:[::1]:5353:53", and as
 * QEMU spells it, "tcp:127.0.0.1:2222-:22" or "tcp::2222-:22". Without a host
 * address it is 127.0.0.1 in both, so that no guest is open to the network by
 * accident (QEMU's would be). -EINVAL with the reason, without a newline, in
 * `error`.
 */
int slirp_forward_parse(struct slirp_forward *forward, const char *text,
                        char *error, size_t error_size) MUST_CHECK;

/* As "tcp 127.0.0.1:2222 -> :22". */
void slirp_forward_print(const struct slirp_forward *forward,
                         char text[static SLIRP_FORWARD_MAX_TEXT]);
/* As slirp_forward_parse() reads it: "tcp:127.0.0.1:2222:22". */
void slirp_forward_spell(const struct slirp_forward *forward,
                         char text[static SLIRP_FORWARD_MAX_TEXT]);

#endif
