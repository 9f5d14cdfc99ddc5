/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_backend.c: from a --net of the command line to the device behind it.
 */
#include "vmm/net_backend.h"

#include "vdpa/vhost_syscalls.h"
#include "vdpa/vhost_vdpa.h"
#include "vmm/log.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stddef.h>
#include <string.h>

static int set_mac(struct vdpa_backend *backend, const uint8_t mac[6])
{
    const uint32_t offset = offsetof(struct virtio_net_config, mac);
    uint8_t kept[6] = {0};
    int error = backend->ops->set_config(backend, offset, mac, sizeof(kept));

    /* A device may take a MAC and forget it at its next reset, with which a
     * driver begins: what counts is what it has then. */
    if (!error)
        error = backend->ops->set_status(backend, 0);
    if (!error)
        error = backend->ops->get_config(backend, offset, kept, sizeof(kept));
    if (error)
        return error;
    if (memcmp(kept, mac, sizeof(kept)) == 0)
        return 0;
    log_error("%s: the device keeps its MAC %02x:%02x:%02x:%02x:%02x:%02x: "
              "leave mac= out, or set it from the host with 'vdpa dev set'",
              backend->name, kept[0], kept[1], kept[2], kept[3], kept[4],
              kept[5]);
    return -ENOTSUP;
}

static int check_net(struct vdpa_backend *backend)
{
    struct vdpa_identity identity;
    int error = backend->ops->identify(backend, &identity);

    if (error)
        return error;
    if (identity.device_id != VIRTIO_ID_NET) {
        log_error("%s: a device of virtio type %u, not a network device (%u): "
                  "--net takes network devices only",
                  backend->name, identity.device_id, VIRTIO_ID_NET);
        return -ENODEV;
    }
    return 0;
}

int net_backend_open(const struct net_options *options, uint64_t memory_size,
                     struct vdpa_backend **backend)
{
    int error;

    if (options->kind != NET_VDPA) {
        log_error("--net %s: this kind of network is not built in yet: give "
                  "vdpa=/dev/vhost-vdpa-0",
                  options->name);
        return -ENOTSUP;
    }
    error = vhost_vdpa_open(options->name, &vhost_host_syscalls, backend);
    if (error)
        return error;
    error = check_net(*backend);
    if (!error && options->has_mac)
        error = set_mac(*backend, options->mac);
    if (!error)
        error = vhost_vdpa_reserve_memlock(*backend, memory_size);
    if (error)
        (*backend)->ops->close(*backend);
    return error;
}
