/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * soft_net.c: the software network device as a vdpa_backend: status,
 * configuration, memory. What it offers is soft_net_features.c, the data path
 * soft_net_queues.c and soft_net_receive.c.
 */
#include "vdpa/soft_net.h"

#include "vdpa/soft_net_private.h"
#include "vmm/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

static struct soft_net *to_net(struct soft_device *device)
{
    return container_of(device, struct soft_net, device);
}

/* On the device's thread, lock held, as all of the port's callbacks. */
void soft_net_link_changed(void *owner, bool up)
{
    struct soft_net *net = owner;
    uint16_t status = up ? VIRTIO_NET_S_LINK_UP : 0;

    store_le16(&net->config.status, status);
    soft_device_signal_config(&net->device);
}

static int start(struct soft_device *device)
{
    struct soft_net *net = to_net(device);

    net->port->ops->set_offloads(net->port,
                                 soft_net_receive_offloads(device->features));
    return soft_net_start_queues(net);
}

static void stop(struct soft_device *device)
{
    soft_net_stop_queues(to_net(device));
}

static void resumed(struct soft_device *device)
{
    soft_net_resume_queues(to_net(device));
}

static void kicked(struct soft_device *device, unsigned index)
{
    soft_net_kicked(to_net(device), index);
}

static void destroy(struct soft_device *device)
{
    struct soft_net *net = to_net(device);

    soft_net_destroy_queues(net);
    net->port->ops->close(net->port);
    soft_device_destroy(device);
    free(net);
}

static const struct soft_device_ops soft_net_ops = {
    .start = start,
    .stop = stop,
    .resumed = resumed,
    .kicked = kicked,
    .destroy = destroy,
};

/* ---- Opening ---- */

static void init_config(struct soft_net *net)
{
    struct virtio_net_config *config = &net->config;

    memcpy(config->mac, net->options.mac, sizeof(config->mac));
    store_le16(&config->mtu, net->options.mtu);
    store_le16(&config->max_virtqueue_pairs, 1);
    store_le16(&config->status,
               net->port->link_is_up ? VIRTIO_NET_S_LINK_UP : 0);
}

static void close_net(struct soft_net *net)
{
    net->device.backend.ops->close(&net->device.backend);
}

int soft_net_prepare(const struct soft_net_options *options,
                     struct frame_port *port, struct soft_net **prepared)
{
    const struct vdpa_identity identity = {
        .device_id = VIRTIO_ID_NET,
        .config_size = sizeof(struct virtio_net_config),
        .num_queues = SOFT_NET_NUM_QUEUES,
        .max_queue_size = SOFT_NET_QUEUE_SIZE,
        .first_iova = 0,
        .last_iova = UINT64_MAX,
    };
    struct soft_net *net = calloc(1, sizeof(*net));
    int error;

    if (!net) {
        port->ops->close(port);
        return -ENOMEM;
    }
    net->options = *options;
    net->port = port;
    net->poll_timer.fd = -1;
    error = soft_device_init(&net->device, &soft_net_ops, options->name,
                             &identity, (const uint8_t *)&net->config);
    if (!error)
        error = soft_net_init_queues(net);
    if (!error)
        error = soft_net_init_features(net);
    if (!error && options->mtu > port->max_mtu) {
        log_error("%s: an MTU of %u is more than %s can carry (%u)",
                  options->name, options->mtu, port->name, port->max_mtu);
        error = -EINVAL;
    }
    if (!error)
        error = port->ops->start(port, &net->device.loop, &soft_net_client, net,
                                 options->mtu);
    init_config(net);
    if (error) {
        close_net(net);
        return error;
    }
    *prepared = net;
    return 0;
}

int soft_net_open(const struct soft_net_options *options,
                  struct frame_port *port, struct vdpa_backend **backend)
{
    struct soft_net *net;
    int error = soft_net_prepare(options, port, &net);

    if (error)
        return error;
    error = soft_device_start_thread(&net->device, "net");
    if (error) {
        close_net(net);
        return error;
    }
    *backend = &net->device.backend;
    return 0;
}

void soft_net_get_counters(struct vdpa_backend *backend,
                           struct soft_net_counters *counters)
{
    struct soft_device *device =
        container_of(backend, struct soft_device, backend);

    pthread_mutex_lock(&device->lock);
    *counters = to_net(device)->counters;
    pthread_mutex_unlock(&device->lock);
}
