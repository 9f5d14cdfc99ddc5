/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_options.h: what --net says about a network card.
 */
#ifndef VMM_NET_OPTIONS_H
#define VMM_NET_OPTIONS_H

#include "vmm/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_OPTIONS_MAX_PATH 256 /* bytes, with the final NUL */

struct net_options {
    char vdpa[NET_OPTIONS_MAX_PATH]; /* such as /dev/vhost-vdpa-0 */
    bool has_mac;                    /* else the device's own is used */
    uint8_t mac[6];
};

/* Reads "vdpa=/dev/vhost-vdpa-0[,mac=52:54:00:12:34:56]", or the path alone.
 * -EINVAL with the reason, without a newline, in `error`. */
int net_options_parse(struct net_options *net, const char *text, char *error,
                      size_t error_size) MUST_CHECK;

#endif
