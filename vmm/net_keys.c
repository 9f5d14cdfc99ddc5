/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_keys.c: the keys of --net, one function each.
 */
#include "vmm/net_keys.h"

#include "vmm/option_values.h"

#include <errno.h>
#include <limits.h>
#include <linux/virtio_ids.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static const struct {
    const char *key;
    /* Of its value; NULL when it has none. */
    const char *is_of, *noun, *example;
    size_t size; /* bytes, with the final NUL, at most */
} kinds[] = {
    [NET_VDPA] = {"vdpa", "device", "path", "/dev/vhost-vdpa-0",
                  NET_OPTIONS_MAX_NAME},
    [NET_VDPA_FD] = {"vdpa-fd", NULL, NULL, NULL, 0},
    [NET_USER] = {"user", NULL, NULL, NULL, 0},
    [NET_TAP] = {"tap", "interface", "name", "tap0", IFNAMSIZ},
    [NET_PEER] = {"peer", "socket", "path", "/run/net0.sock",
                  sizeof(((struct sockaddr_un *)0)->sun_path)},
};

/* The key that says what kind the network is. */
static int set_name(struct net_options *net, const char *value, char *error,
                    size_t error_size)
{
    const char *noun = kinds[net->kind].noun;
    size_t length = strlen(value);

    if (length == 0) {
        snprintf(error, error_size, "names no %s: give %s=%s or another %s",
                 kinds[net->kind].is_of, kinds[net->kind].key,
                 kinds[net->kind].example, noun);
        return -EINVAL;
    }
    if (length >= kinds[net->kind].size) {
        snprintf(error, error_size, "%s is longer than %zu bytes", noun,
                 kinds[net->kind].size - 1);
        return -EINVAL;
    }
    if (net->kind == NET_TAP && strchr(value, '/') != NULL) {
        snprintf(error, error_size,
                 "\"%s\" is a path: give an interface's name, such as tap0",
                 value);
        return -EINVAL;
    }
    memcpy(net->name, value, length + 1);
    return 0;
}

static int set_fd(struct net_options *net, const char *value, char *error,
                  size_t error_size)
{
    uint64_t fd;
    const char *rest = option_read_number(value, &fd);

    /* The first three have a use already. */
    if (rest == NULL || *rest != '\0' || fd < 3 || fd > INT_MAX) {
        snprintf(error, error_size,
                 "\"%s\" is not the number of a descriptor from 3 on", value);
        return -EINVAL;
    }
    net->fd = (int)fd;
    snprintf(net->name, sizeof(net->name), "%s=%d", kinds[NET_VDPA_FD].key,
             net->fd);
    return 0;
}

static int set_user(struct net_options *net, const char *value, char *error,
                    size_t error_size)
{
    if (value[0] != '\0') {
        snprintf(error, error_size, "takes no value, but got \"%s\"", value);
        return -EINVAL;
    }
    snprintf(net->name, sizeof(net->name), "%s", kinds[NET_USER].key);
    return 0;
}

int net_keys_set_mac(struct net_options *net, const char *value, char *error,
                     size_t error_size)
{
    static const uint8_t zero[6];

    if (net->has_mac) {
        snprintf(error, error_size, "\"%s\" is a second address: give one",
                 value);
        return -EINVAL;
    }
    if (!option_read_mac(value, net->mac)) {
        snprintf(error, error_size,
                 "\"%s\" is not six hexadecimal bytes "
                 "such as 52:54:00:12:34:56",
                 value);
        return -EINVAL;
    }
    if ((net->mac[0] & 1) != 0 || memcmp(net->mac, zero, sizeof(zero)) == 0) {
        snprintf(error, error_size,
                 "\"%s\" is a group's or nobody's; a "
                 "card's begins with an even byte",
                 value);
        return -EINVAL;
    }
    net->has_mac = true;
    return 0;
}

int net_keys_set_mtu(struct net_options *net, const char *value, char *error,
                     size_t error_size)
{
    uint64_t mtu;
    const char *rest = option_read_number(value, &mtu);

    if (net->mtu != 0) {
        snprintf(error, error_size, "\"%s\" is a second MTU: give one", value);
        return -EINVAL;
    }
    if (rest == NULL || *rest != '\0' || mtu < NET_OPTIONS_MIN_MTU ||
        mtu > NET_OPTIONS_MAX_MTU) {
        snprintf(error, error_size, "\"%s\" is not a number from %d to %d",
                 value, NET_OPTIONS_MIN_MTU, NET_OPTIONS_MAX_MTU);
        return -EINVAL;
    }
    net->mtu = (uint16_t)mtu;
    return 0;
}

int net_keys_set_polling(struct net_options *net, const char *value,
                         char *error, size_t error_size)
{
    static const char *const words[] = {
        [NET_POLLING_AUTO] = "auto",
        [NET_POLLING_ON] = "on",
        [NET_POLLING_OFF] = "off",
    };
    int choice;

    if (net->has_polling) {
        snprintf(error, error_size, "\"%s\" is a second choice: give one",
                 value);
        return -EINVAL;
    }
    choice =
        option_read_choice(value, words, ARRAY_SIZE(words), error, error_size);
    if (choice < 0)
        return choice;
    net->polling = (enum net_polling)choice;
    net->has_polling = true;
    return 0;
}

static int set_queues(struct net_options *net, const char *value, char *error,
                      size_t error_size)
{
    uint64_t pairs;
    const char *rest = option_read_number(value, &pairs);

    if (rest == NULL || *rest != '\0' || pairs < 1 ||
        pairs > NET_OPTIONS_MAX_PAIRS) {
        snprintf(error, error_size,
                 "\"%s\" is not a number of queue pairs from 1 to %d", value,
                 NET_OPTIONS_MAX_PAIRS);
        return -EINVAL;
    }
    net->queue_pairs = (unsigned)pairs;
    return 0;
}

static int set_doorbell(struct net_options *net, const char *value, char *error,
                        size_t error_size)
{
    static const char *const words[] = {
        [NET_DOORBELL_AUTO] = "auto",
        [NET_DOORBELL_REQUIRE] = "require",
        [NET_DOORBELL_OFF] = "off",
    };
    int choice =
        option_read_choice(value, words, ARRAY_SIZE(words), error, error_size);

    if (choice < 0)
        return choice;
    net->doorbell = (enum net_doorbell)choice;
    return 0;
}

static int set_restrict(struct net_options *net, const char *value, char *error,
                        size_t error_size)
{
    static const char *const words[] = {"off", "on"};
    int choice =
        option_read_choice(value, words, ARRAY_SIZE(words), error, error_size);

    if (choice < 0)
        return choice;
    net->is_restricted = choice == 1;
    return 0;
}

static int add_forward(struct net_options *net, const char *value, char *error,
                       size_t error_size)
{
    if (value[0] == '\0') {
        snprintf(error, error_size,
                 "names no port: give one such as tcp:127.0.0.1:2222:22");
        return -EINVAL;
    }
    if (strlen(value) >= NET_OPTIONS_MAX_FORWARD) {
        snprintf(error, error_size,
                 "is longer than %d bytes: give it as "
                 "tcp:127.0.0.1:2222:22",
                 NET_OPTIONS_MAX_FORWARD - 1);
        return -EINVAL;
    }
    if (net->num_forwards == NET_OPTIONS_MAX_FORWARDS) {
        snprintf(error, error_size, "stands more than %d times",
                 NET_OPTIONS_MAX_FORWARDS);
        return -EINVAL;
    }
    memcpy(net->forwards[net->num_forwards++], value, strlen(value) + 1);
    return 0;
}

/* As typed, for net_options_resolve(). */
static int keep_wish(struct net_options *net, const char *value, char *error,
                     size_t error_size)
{
    if (strlen(value) >= NET_OPTIONS_MAX_WISH) {
        snprintf(error, error_size, "\"%.64s\" is longer than %d bytes", value,
                 NET_OPTIONS_MAX_WISH - 1);
        return -EINVAL;
    }
    if (net->num_wishes == NET_OPTIONS_MAX_WISHES) {
        snprintf(error, error_size, "stands more than %d times",
                 NET_OPTIONS_MAX_WISHES);
        return -EINVAL;
    }
    memcpy(net->wishes[net->num_wishes++], value, strlen(value) + 1);
    return 0;
}

static int add_feature(struct net_options *net, const char *value, char *error,
                       size_t error_size)
{
    if (net->is_any_type)
        return keep_wish(net, value, error, error_size);
    return feature_wishes_add(&net->features, VIRTIO_ID_NET, value, error,
                              error_size);
}

static int set_ip(struct net_options *net, const char *value, char *error,
                  size_t error_size)
{
    return guest_net_set_ip(&net->guest, value, error, error_size);
}

static int set_guest_name(struct net_options *net, const char *value,
                          char *error, size_t error_size)
{
    return guest_net_set_name(&net->guest, value, error, error_size);
}

static int set_gateway(struct net_options *net, const char *value, char *error,
                       size_t error_size)
{
    return guest_net_set_gateway(&net->guest, value, error, error_size);
}

static int add_server(struct net_options *net, const char *value, char *error,
                      size_t error_size)
{
    return guest_net_add_server(&net->guest, value, error, error_size);
}

static int set_pcap(struct net_options *net, const char *value, char *error,
                    size_t error_size)
{
    if (value[0] == '\0' || strlen(value) >= sizeof(net->pcap)) {
        snprintf(error, error_size,
                 "names no file: give one of at most %zu bytes, such as "
                 "frames.pcap",
                 sizeof(net->pcap) - 1);
        return -EINVAL;
    }
    memcpy(net->pcap, value, strlen(value) + 1);
    return 0;
}

#define FOR(kind) NET_KEY_FOR(kind)
#define FOR_ANY   NET_KEY_FOR_ANY_TYPE
#define FOR_VDPA  (FOR(NET_VDPA) | FOR(NET_VDPA_FD))
#define FOR_SOFT  (FOR(NET_USER) | FOR(NET_TAP) | FOR(NET_PEER))

static const struct net_key keys[] = {
    {{"vdpa", false}, FOR(NET_VDPA) | FOR_ANY, set_name, NULL},
    {{"vdpa-fd", false}, FOR(NET_VDPA_FD) | FOR_ANY, set_fd, NULL},
    {{"user", false}, FOR(NET_USER), set_user, NULL},
    {{"tap", false}, FOR(NET_TAP), set_name, NULL},
    {{"peer", false}, FOR(NET_PEER), set_name, NULL},
    {{"mac", false}, FOR_VDPA | FOR_SOFT, net_keys_set_mac, NULL},
    {{"features", true}, FOR_VDPA | FOR_SOFT | FOR_ANY, add_feature, NULL},
    {{"queues", false}, FOR_VDPA, set_queues, NULL},
    {{"doorbell", false}, FOR_VDPA | FOR_ANY, set_doorbell, NULL},
    {{"mtu", false}, FOR_VDPA | FOR_SOFT, net_keys_set_mtu, NULL},
    {{"poll", false}, FOR_SOFT, net_keys_set_polling, NULL},
    {{"forward", true}, FOR(NET_USER), add_forward, NULL},
    {{"hostfwd", true}, FOR(NET_USER), add_forward, NULL}, /* QEMU's word */
    {{"restrict", false}, FOR(NET_USER), set_restrict, NULL},
    {{"ip", false}, FOR_VDPA | FOR_SOFT, set_ip, NULL},
    {{"name", false}, FOR_VDPA | FOR_SOFT, set_guest_name, NULL},
    {{"gateway", false}, FOR_VDPA | FOR_SOFT, set_gateway, NULL},
    {{"dns", true}, FOR_VDPA | FOR_SOFT, add_server, NULL},
    {{"pcap", false},
     FOR_SOFT,
     set_pcap,
     "its frames do not pass through vmm: capture them in the guest, or on the "
     "host's side of the device, with tcpdump"},
};

bool net_keys_fit(const struct net_key *key, const struct net_options *net)
{
    return key->kinds & NET_KEY_FOR(net->kind) &&
           (!net->is_any_type || key->kinds & FOR_ANY);
}

const char *net_kind_key(enum net_kind kind)
{
    return kinds[kind].key;
}

const struct net_key *net_keys_all(unsigned *count)
{
    *count = ARRAY_SIZE(keys);
    return keys;
}

const struct net_key *net_keys_find(const char *name, size_t length)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (strlen(keys[i].rule.key) == length &&
            strncmp(keys[i].rule.key, name, length) == 0)
            return &keys[i];
    }
    return NULL;
}
