/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_backend.c: from a --net of the command line to the device behind it.
 */
#include "vmm/net_backend.h"

#include "vdpa/pcap_port.h"
#include "vdpa/peer_port.h"
#include "vdpa/slirp_port.h"
#include "vdpa/soft_net.h"
#include "vdpa/tap_port.h"
#include "vdpa/vhost_handover.h"
#include "vdpa/vhost_memlock.h"
#include "vdpa/vhost_parent.h"
#include "vdpa/vhost_syscalls.h"
#include "vdpa/vhost_vdpa.h"
#include "vmm/bytes.h"
#include "vmm/log.h"
#include "vmm/options.h"
#include "vmm/trace.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* ---- Devices of the kernel ---- */

/* Writes `size` bytes at `offset` of the configuration; `kept` is what the
 * device then has. It may take a value and forget it at its next reset, with
 * which a driver begins: what counts is what it has then. */
static int set_field(struct vdpa_backend *backend, size_t offset,
                     const uint8_t *value, uint8_t *kept, uint32_t size)
{
    const uint32_t at = (uint32_t)offset;
    int error = backend->ops->set_config(backend, at, value, size);

    if (!error)
        error = backend->ops->set_status(backend, 0);
    if (!error)
        error = backend->ops->get_config(backend, at, kept, size);
    return error;
}

static int set_mac(struct vdpa_backend *backend, const uint8_t mac[6])
{
    uint8_t kept[6] = {0};
    int error = set_field(backend, offsetof(struct virtio_net_config, mac), mac,
                          kept, 6);

    if (error || memcmp(kept, mac, sizeof(kept)) == 0)
        return error;
    log_error("%s: the device keeps its MAC %02x:%02x:%02x:%02x:%02x:%02x: "
              "leave mac= out, or set it from the host with 'vdpa dev set'",
              backend->name, kept[0], kept[1], kept[2], kept[3], kept[4],
              kept[5]);
    return -ENOTSUP;
}

static int set_mtu(struct vdpa_backend *backend, uint16_t mtu)
{
    uint8_t value[2], kept[2] = {0};
    uint64_t features;
    int error = backend->ops->get_features(backend, &features);

    if (error)
        return error;
    if (!(features & 1ULL << VIRTIO_NET_F_MTU)) {
        log_error("%s: the device has no MTU to set: leave mtu= out, or make "
                  "it with 'vdpa dev add ... mtu %u'",
                  backend->name, mtu);
        return -ENOTSUP;
    }
    store_le16(value, mtu);
    error = set_field(backend, offsetof(struct virtio_net_config, mtu), value,
                      kept, 2);
    if (error || load_le16(kept) == mtu)
        return error;
    log_error("%s: the device keeps its MTU %u: leave mtu= out, or make it "
              "with 'vdpa dev add ... mtu %u'",
              backend->name, load_le16(kept), mtu);
    return -ENOTSUP;
}

static int check_net(struct vdpa_backend *backend)
{
    struct vdpa_identity identity;
    int error = backend->ops->identify(backend, &identity);

    if (error)
        return error;
    if (identity.device_id != VIRTIO_ID_NET) {
        log_error("%s: a device of virtio type %u, not a network device (%u), "
                  "which --net takes: give it as --vdpa %s",
                  backend->name, identity.device_id, VIRTIO_ID_NET,
                  backend->name);
        return -ENODEV;
    }
    return 0;
}

static int open_vdpa(const struct net_options *options, uint64_t memory_size,
                     struct vdpa_backend **backend)
{
    const struct vhost_syscalls *syscalls = &vhost_host_syscalls;
    int error = options->kind == NET_VDPA_FD
                    ? vhost_vdpa_adopt(options->fd, syscalls, backend)
                    : vhost_vdpa_open(options->name, syscalls, backend);

    if (error)
        return error;
    error = options->is_any_type ? 0 : check_net(*backend);
    if (!error && options->has_mac)
        error = set_mac(*backend, options->mac);
    if (!error && options->mtu)
        error = set_mtu(*backend, options->mtu);
    if (!error)
        error = vhost_vdpa_reserve_memlock(*backend, memory_size);
    if (error)
        (*backend)->ops->close(*backend);
    return error;
}

/* The device's node, in `path`. -errno, logged, when a descriptor is none. */
static int find_node(const struct net_options *options, char path[PATH_MAX])
{
    if (options->kind == NET_VDPA_FD)
        return vhost_handover_find(options->fd, &vhost_host_syscalls, path);
    (void)snprintf(path, PATH_MAX, "%s", options->name);
    return 0;
}

int net_backend_find_shared_memory_need(const struct net_options *nets,
                                        unsigned count, bool *is_needed)
{
    char path[PATH_MAX];

    *is_needed = false;
    for (unsigned i = 0; i < count; i++) {
        int error;

        if (!net_kind_is_vdpa(nets[i].kind))
            continue;
        error = find_node(&nets[i], path);
        if (error)
            return error;
        *is_needed |=
            vhost_parent_needs_shared_memory(&vhost_host_syscalls, path);
    }
    return 0;
}

int net_backend_reserve_memory(const struct net_options *nets, unsigned count,
                               uint64_t memory_size)
{
    char nodes[OPTIONS_MAX_NETS][PATH_MAX];
    const char *paths[OPTIONS_MAX_NETS];
    unsigned num_paths = 0;

    assert(count <= ARRAY_SIZE(paths));
    for (unsigned i = 0; i < count; i++) {
        int error;

        if (!net_kind_is_vdpa(nets[i].kind))
            continue;
        error = find_node(&nets[i], nodes[num_paths]);
        if (error)
            return error;
        paths[num_paths] = nodes[num_paths];
        num_paths++;
    }
    return vhost_memlock_reserve_all(&vhost_host_syscalls, paths, num_paths,
                                     memory_size);
}

/* ---- Devices of this process ---- */

_Static_assert((int)NET_POLLING_AUTO == (int)SOFT_NET_POLLING_AUTO &&
                   (int)NET_POLLING_ON == (int)SOFT_NET_POLLING_ON &&
                   (int)NET_POLLING_OFF == (int)SOFT_NET_POLLING_OFF,
               "the option and the device count alike");

static int open_user(const struct net_options *options, const char *name,
                     struct frame_port **port)
{
    struct slirp_forward forwards[NET_OPTIONS_MAX_FORWARDS];
    const struct slirp_port_options slirp = {
        .name = name,
        .restricted = options->is_restricted,
        .forwards = forwards,
        .num_forwards = options->num_forwards,
    };

    for (unsigned i = 0; i < options->num_forwards; i++) {
        char reason[256];

        if (slirp_forward_parse(&forwards[i], options->forwards[i], reason,
                                sizeof(reason)) != 0) {
            log_error("--net: %s", reason);
            return -EINVAL;
        }
    }
    return slirp_port_open(&slirp, port);
}

static int open_port(const struct net_options *options, const char *name,
                     struct frame_port **port)
{
    const struct tap_port_options tap = {
        .name = name, .interface = options->name, .fd = -1};
    const struct peer_port_options peer = {.name = name, .path = options->name};

    switch (options->kind) {
    case NET_USER:
        return open_user(options, name, port);
    case NET_TAP:
        return tap_port_open(&tap, port);
    case NET_PEER:
        return peer_port_open(&peer, port);
    case NET_VDPA:
    case NET_VDPA_FD:
    default:
        return -EINVAL;
    }
}

/* A locally administered address: the same for the same name (FNV-1a), so
 * that a process that takes a device over gives the same one; without a name
 * any, so that two guests on one link differ. */
static int make_mac(uint8_t mac[6], const char *name)
{
    uint64_t hash = 0xcbf29ce484222325U;

    if (!name && getrandom(&hash, sizeof(hash), 0) != (ssize_t)sizeof(hash))
        return -errno;
    for (; name && *name; name++)
        hash = (hash ^ (uint8_t)*name) * 0x100000001b3U;
    for (unsigned i = 0; i < 6; i++)
        mac[i] = (uint8_t)(hash >> (8 * i));
    mac[0] = (uint8_t)((mac[0] & 0xfc) | 0x02);
    return 0;
}

/* Forwards whose port the kernel chose are of no use to who does not know
 * it. */
static void log_forwards(const struct frame_port *port)
{
    unsigned count;
    const struct slirp_forward *forwards = slirp_port_forwards(port, &count);

    for (unsigned i = 0; i < count; i++) {
        char text[SLIRP_FORWARD_MAX_TEXT];

        slirp_forward_print(&forwards[i], text);
        log_info("forward %s", text);
    }
}

/* `*port` is the one that the options name, whatever is in front of it;
 * `port_name` is for its messages, which name what it is connected to. */
static int open_soft(const struct net_options *options,
                     const struct soft_net_options *soft, const char *port_name,
                     struct frame_port **port, struct vdpa_backend **backend)
{
    struct frame_port *outer;
    int error = open_port(options, port_name, port);

    if (error)
        return error;
    outer = *port;
    if (options->pcap[0] != '\0')
        error = pcap_port_open(options->pcap, *port, &outer);
    if (!error)
        error = soft_net_open(soft, outer, backend);
    if (!error && options->kind == NET_USER)
        log_forwards(*port);
    return error;
}

/* As they are now, in place of those that were asked for. */
static void note_forwards(struct net_options *options,
                          const struct frame_port *port)
{
    const struct slirp_forward *forwards =
        slirp_port_forwards(port, &options->num_forwards);

    for (unsigned i = 0; i < options->num_forwards; i++)
        slirp_forward_spell(&forwards[i], options->forwards[i]);
}

int net_backend_open_served(const struct net_options *options, const char *name,
                            void (*call)(void *owner, uint16_t index),
                            void *owner, struct queue_record *records,
                            struct vdpa_backend **backend)
{
    struct soft_net_options soft = {
        .name = name,
        .mtu = options->mtu ? options->mtu : SOFT_NET_DEFAULT_MTU,
        .polling = (enum soft_net_polling)options->polling,
        .features = options->features,
        .call = call,
        .owner = owner,
        .records = records,
    };
    struct frame_port *port;

    if (options->has_mac)
        memcpy(soft.mac, options->mac, sizeof(soft.mac));
    else
        (void)make_mac(soft.mac, name); /* cannot fail with a name */
    return open_soft(options, &soft, name, &port, backend);
}

int net_backend_open(struct net_options *options, uint64_t memory_size,
                     struct vdpa_backend **backend)
{
    struct soft_net_options soft = {
        .name = options->name,
        .mtu = options->mtu ? options->mtu : SOFT_NET_DEFAULT_MTU,
        .polling = (enum soft_net_polling)options->polling,
    };
    struct frame_port *port;
    int error;

    if (net_kind_is_vdpa(options->kind))
        return open_vdpa(options, memory_size, backend);
    if (options->has_mac) {
        memcpy(soft.mac, options->mac, sizeof(soft.mac));
    } else {
        error = make_mac(soft.mac, NULL);
        if (error) {
            log_error("--net: making up a MAC: %s", strerror(-error));
            return error;
        }
    }
    error = open_soft(options, &soft,
                      options->kind == NET_USER ? soft.name : "--net", &port,
                      backend);
    if (!error && options->kind == NET_USER)
        note_forwards(options, port);
    return error;
}

int net_backend_claim(const struct net_options *options)
{
    return options->kind == NET_VDPA_FD ? vhost_handover_claim(options->fd) : 0;
}
