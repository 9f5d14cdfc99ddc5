/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_options.h: what --net says about a network card.
 */
#ifndef VMM_NET_OPTIONS_H
#define VMM_NET_OPTIONS_H

#include "vmm/compiler.h"
#include "vmm/feature_wishes.h"
#include "vmm/guest_net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_OPTIONS_MAX_NAME     256 /* bytes, with the final NUL */
#define NET_OPTIONS_MAX_FORWARDS 16
#define NET_OPTIONS_MAX_FORWARD  80 /* bytes, with the final NUL */
#define NET_OPTIONS_MIN_MTU      68 /* virtio 1.2, 5.1.3 */
#define NET_OPTIONS_MAX_MTU      65520
#define NET_OPTIONS_MAX_WISHES   16
#define NET_OPTIONS_MAX_WISH     48     /* bytes, with the final NUL */
#define NET_OPTIONS_MAX_PAIRS    0x8000 /* virtio 1.2, 5.1.4.1 */

enum net_kind {
    NET_VDPA,    /* a vDPA device of the host */
    NET_USER,    /* connections of this process, by libslirp */
    NET_TAP,     /* a tap interface of the host */
    NET_PEER,    /* one other such card, by a UNIX socket */
    NET_VDPA_FD, /* as NET_VDPA, opened by the program that started us */
};
#define NET_KINDS (NET_VDPA_FD + 1)

static inline bool net_kind_is_vdpa(enum net_kind kind)
{
    return kind == NET_VDPA || kind == NET_VDPA_FD;
}

/* As enum soft_net_polling, which the layers above know. */
enum net_polling {
    NET_POLLING_AUTO,
    NET_POLLING_ON,
    NET_POLLING_OFF,
};

/* Pages of the device's own for the guest to notify it by. */
enum net_doorbell {
    NET_DOORBELL_AUTO,    /* as far as there are any */
    NET_DOORBELL_REQUIRE, /* for each queue that carries data */
    NET_DOORBELL_OFF,
};

struct net_options {
    enum net_kind kind;
    /* The path of the device or socket, or the interface; "user". */
    char name[NET_OPTIONS_MAX_NAME];
    int fd;       /* NET_VDPA_FD: 3 or more */
    bool has_mac; /* else the device's own, or a made-up one */
    uint8_t mac[6];
    struct feature_wishes features;
    /* Of --vdpa: a vDPA device of any type. What "-mq" means depends on that,
     * so the wishes stand here as typed, until the device has told. */
    bool is_any_type;
    char wishes[NET_OPTIONS_MAX_WISHES][NET_OPTIONS_MAX_WISH];
    unsigned num_wishes;
    enum net_doorbell doorbell; /* vDPA */
    unsigned queue_pairs;       /* vDPA: the guest's at most; 0: the device's */
    uint16_t mtu; /* bytes of payload; 0: the default, or the device's */
    struct guest_net guest; /* for a guest that runs a command */
    /* What follows is for software devices: all but the NET_VDPA ones. */
    bool has_polling; /* else it is NET_POLLING_AUTO */
    enum net_polling polling;
    char pcap[NET_OPTIONS_MAX_NAME]; /* a file for its frames; "": none */
    bool is_restricted;              /* NET_USER: to forwarded ports */
    /* NET_USER: such as "tcp:127.0.0.1:2222:22", not looked at. */
    char forwards[NET_OPTIONS_MAX_FORWARDS][NET_OPTIONS_MAX_FORWARD];
    unsigned num_forwards;
};

/*
 * Reads "user,mac=52:54:00:12:34:56" and the like, or the path of a vDPA
 * device alone. `net` is zeroed, or holds what options outside of the text
 * set by the functions of net_keys.h. -EINVAL with the reason in `error`; as of
 * these functions, it may hold control characters that were typed.
 */
int net_options_parse(struct net_options *net, const char *text, char *error,
                      size_t error_size) MUST_CHECK;

/* The same for --vdpa: a vDPA device of any type, with the keys that all types
 * have. */
int net_options_parse_vdpa(struct net_options *net, const char *text,
                           char *error, size_t error_size) MUST_CHECK;

/* Takes the wishes of --vdpa for those of a device of type `device_id`
 * (VIRTIO_ID_*). -EINVAL with the reason in `error`. */
int net_options_resolve(struct net_options *net, uint32_t device_id,
                        char *error, size_t error_size) MUST_CHECK;

#endif
